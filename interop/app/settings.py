"""Settings of an engine: from the command line, or from the environment as ``INTEROP_…``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from pydantic import field_serializer, field_validator, model_validator

from interop.api.proxied import networks
from interop.api.roles import ALL, ROLES
from interop.app.addresses import address, database_address, loopback, safe
from interop.app.options import Options
from interop.mapping.places import holding
from interop.policy.tables import tables
from interop.signals.place import Place

SECRET: Final = 16
"""Characters of a token at least."""
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
OURS: Final = "ours"
"""What ``rules`` says for the tables as they are."""
KEPT: Final = 8
"""Days for which the content of messages is kept at least."""


class Settings(Options):
    """How an engine runs: its options, held to what they may be."""

    @field_validator("package", "release", "proxy_address", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        """In the environment: blanks between."""
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("roles", mode="before")
    @classmethod
    def _roles(cls, value: Any) -> Any:
        """Commas between."""
        found = frozenset(each.strip() for each in value.split(",")) if isinstance(value, str) else frozenset(value)
        if strange := sorted(found - ALL):
            raise ValueError(f"there is no role {strange[0]!r}: name some of {', '.join(ROLES)}, with commas between")
        if not found:
            raise ValueError(f"a process has a role at least: name some of {', '.join(ROLES)}")
        return found

    @field_serializer("roles")
    def _said(self, value: frozenset[str]) -> str:
        return ",".join(each for each in ROLES if each in value)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not NAME.fullmatch(value):
            raise ValueError("a process is called by at most 32 small letters, digits and hyphens, not a hyphen first")
        return value

    @field_validator("proxy_address")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        networks(value)
        return value

    @field_validator("mappings")
    @classmethod
    def _tables(cls, value: Path | None) -> Path | None:
        return value if value is None else holding(value)

    @field_validator("keep_journal")
    @classmethod
    def _days(cls, value: int) -> int:
        if 0 < value < KEPT:
            raise ValueError(f"{KEPT} days at least, or 0 for ever")
        return value

    @field_validator("consent")
    @classmethod
    def _model(cls, value: str) -> str:
        known = tables().models
        if value not in known:
            raise ValueError(f"there is no model of consent {value!r}: choose one of {', '.join(sorted(known))}")
        return value

    def scraping(self) -> bytes:
        """The token for ``/metrics``, empty for none; raises ValueError where it is no secret."""
        if self.metrics_token is None:
            return b""
        token = self.metrics_token.read_bytes().strip()
        if len(token) < SECRET or not token.isascii() or b" " in token:
            raise ValueError(f"{self.metrics_token.name} holds no token of at least {SECRET} characters without blanks")
        return token

    def secret(self) -> str:
        """The secret of the pages at the issuer, '' for none; raises ValueError where the file has none."""
        if self.pages_secret is None:
            return ""
        try:
            text = self.pages_secret.read_text("ascii").strip()
        except UnicodeDecodeError:
            text = ""
        if len(text) < SECRET or " " in text:
            raise ValueError(f"{self.pages_secret.name} holds no secret of at least {SECRET} characters without blanks")
        return text

    @field_validator("pages_scope")
    @classmethod
    def _scope(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("the scope of the pages has openid in it: without it nobody is told who has signed on")
        return value

    @field_validator("database")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return None if value is None else database_address(value)

    @model_validator(mode="after")
    def _transport(self) -> Self:
        """TLS is whole or not at all; MLLP goes beyond this machine over mutual TLS alone."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("--tls-cert and --tls-key go together")
        mutual = (self.mllp_tls_cert, self.mllp_tls_key, self.mllp_tls_ca)
        if any(mutual) and not all(mutual):
            raise ValueError("--mllp-tls-cert, --mllp-tls-key and --mllp-tls-ca go together")
        host, _ = address(self.mllp)
        if not loopback(host) and not all(mutual):
            raise ValueError(
                f"--mllp: {host} is not this machine alone; without mutual TLS it listens on loopback only (127.0.0.1)"
            )
        return self

    @model_validator(mode="after")
    def _shared(self) -> Self:
        """Processes share PostgreSQL; SQLite is one process's."""
        if self.database is None and self.roles != ALL:
            raise ValueError("--roles: without --database there is one process, which has all roles; share them out on PostgreSQL")
        return self

    @model_validator(mode="after")
    def _signalled(self) -> Self:
        """Redis is for several processes; what belongs to it goes with it."""
        named = {name: getattr(self, name) for name in ("redis_password_file", "redis_ca", "redis_cert", "redis_key")}
        if self.redis is None:
            if alone := [option for option, value in named.items() if value is not None]:
                raise ValueError(f"--{alone[0].replace('_', '-')} goes with --redis")
            return self
        if self.database is None:
            raise ValueError("--redis: without --database there is one process, and nobody to tell")
        place = Place.of(self.redis)
        if (self.redis_cert is None) != (self.redis_key is None):
            raise ValueError("--redis-cert and --redis-key go together")
        if not place.tls and (self.redis_ca or self.redis_cert):
            raise ValueError("--redis: redis://… is without TLS; with certificates it is rediss://…")
        return self

    @property
    def mutual(self) -> bool:
        """Whether MLLP is spoken over mutual TLS."""
        return self.mllp_tls_ca is not None

    @field_validator("issuer")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        """A URL by TLS, or of this machine."""
        if value is not None and not safe(urlsplit(value)):
            raise ValueError("an issuer is named by its URL, https://NAME, as its tokens name it")
        return value

    @field_validator("otlp")
    @classmethod
    def _collector(cls, value: str | None) -> str | None:
        """An address without credentials: it is logged."""
        url = urlsplit(value or "")
        if value is not None and (url.scheme not in ("http", "https") or not url.hostname or url.query or url.username):
            raise ValueError("a collector is named as http://HOST:PORT or https://HOST:PORT, without /v1/traces and without a user")
        return value

    @field_validator("audience")
    @classmethod
    def _audience(cls, value: str | None) -> str | None:
        """The FHIR base, which ends in /fhir."""
        if value is not None and (urlsplit(value.rstrip("/")).path != "/fhir" or not safe(urlsplit(value))):
            raise ValueError("the audience is the FHIR base by which clients know this server, https://NAME/fhir")
        return value and value.rstrip("/")

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        """HTTP goes beyond this machine with an issuer and over TLS alone, and is never open there."""
        host, _ = address(self.http)
        if (self.issuer is None) != (self.audience is None):
            raise ValueError("--issuer and --audience go together: tokens of the one are for the other")
        if self.open and self.issuer:
            raise ValueError("--open lets everyone in: leave it or --issuer out")
        if loopback(host):
            if self.proxy and self.issuer is None:
                raise ValueError("--proxy: what comes by it is not from this machine alone; without an issuer there is none")
            return self
        if self.open or self.issuer is None:
            raise ValueError(f"--http: {host} is not this machine alone; without an issuer it listens on loopback only (127.0.0.1)")
        if self.tls_cert is None and not self.proxy:
            raise ValueError(f"--http: {host} is not this machine alone; that takes TLS (--tls-cert and --tls-key, or --proxy)")
        return self

    @field_validator("http", "mllp")
    @classmethod
    def _whole(cls, value: str) -> str:
        address(value)
        return value

    @property
    def mapper_count(self) -> int:
        """How many mapper processes."""
        return self.mappers if self.mappers is not None else max(1, (os.cpu_count() or 1) - 1)
