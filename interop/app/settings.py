"""Settings of an engine: from the command line, or from the environment as ``INTEROP_…``."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, field_serializer, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from interop.api.proxied import HERE, networks
from interop.api.roles import ALL, ROLES
from interop.mapping.places import holding
from interop.policy.tables import tables
from interop.signals.place import Place
from interop.signon.apps import PAGES, SCOPE

SECRET: Final = 16
"""Characters of a token at least."""
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
OURS: Final = "ours"
"""What ``rules`` says for the tables as they are."""
KEPT: Final = 8
"""Days for which the content of messages is kept at least."""


class Settings(BaseSettings):
    """How an engine runs. ``mappers`` None means one for each core but the owner's, at least one. ``hold``: take messages in and
    apply none, for maintenance of the record and to measure the taking in alone; a start without it applies what waits.
    ``database``: where the journal and the record are, ``postgresql://…``; None = in ``data``. ``package`` and ``release``: FHIR
    packages and compiled releases of SNOMED CT and dm+d that the API knows beside R4. ``update_creates``: an update through the
    API may make a resource under an id of the client's (FHIR R4 http, 3.1.0.7.1). ``open``: nobody signs on, everyone is the tester
    and sees all; on loopback alone, for conformance suites and without data of real people. ``consent``: the model of consent, a
    row of ``interop/policy/tables/consent.csv``."""

    model_config = SettingsConfigDict(env_prefix="INTEROP_", env_ignore_empty=True)

    data: Path = Path("data")
    database: str | None = Field(default=None, repr=False)
    roles: Annotated[frozenset[str], NoDecode] = ALL
    """What this process is for among those that share a database: ingest, worker, api; with SQLite all three."""
    name: str = "engine"
    """What it is called among them."""
    redis: str | None = None
    """The Redis by which they tell each other that there is something to look at, ``redis://…``; None = each looks."""
    redis_password_file: Path | None = None
    redis_ca: Path | None = None
    """The authorities that its certificate is of (``rediss://``); None = those that this machine knows."""
    redis_cert: Path | None = None
    """The certificate that it is shown; with ``redis_key``."""
    redis_key: Path | None = None
    http: str = "127.0.0.1:8080"
    mllp: str = "127.0.0.1:2575"
    mllp_feed: str = "hl7v2"
    mappers: int | None = Field(default=None, ge=0, le=64)
    feeds: Path | None = None
    mappings: Path | None = None
    """A directory of mapping tables in place of the packaged ones; None = those."""
    destinations: Path | None = None
    """The file of the destinations to which routes and alerts lead; None = nothing goes out."""
    rules: Path | None = None
    """By which rules the record acts: ``ours``, those of the mappings; a folder, those with a site's rows laid over them; None = by
    none."""
    test_numbers: bool = False
    package: Annotated[tuple[Path, ...], NoDecode] = ()
    release: Annotated[tuple[Path, ...], NoDecode] = ()
    backlog: int = Field(default=1_000_000, ge=1)
    hold: bool = False
    update_creates: bool = True
    stale_after: int = Field(default=86_400, ge=0)
    """Seconds for which a feed may be silent before its source is said to be stale; 0 = for ever."""
    keep_journal: int = Field(default=0, ge=0)
    """Days for which the content of messages is kept, at least 8; 0 = for ever."""
    keep_versions: int = Field(default=0, ge=0)
    """Days for which replaced versions are kept; 0 = for ever."""
    keep_audit: int = Field(default=0, ge=0)
    """Days for which the audit is kept; 0 = for ever."""
    purge_after: int | None = Field(default=None, ge=0)
    """Days after which what a source alone has said is purged, once it has withdrawn its agreements; None = never."""
    open: bool = False
    checkpoints: Path | None = None
    """Where the audit's signed checkpoints are kept; None = beside it, which proves little."""
    audit_key: Path | None = None
    """The file of the key that signs them; None = in ``data``."""
    consent: str = "explicit"
    tls_cert: Path | None = None
    """The certificate by which the engine is known over HTTPS; with ``tls_key``."""
    tls_key: Path | None = None
    mllp_tls_cert: Path | None = None
    """Of the MLLP port: with its key, and the authorities that have signed the certificates of those who may send."""
    mllp_tls_key: Path | None = None
    mllp_tls_ca: Path | None = None
    issuer: str | None = None
    """Whose tokens are taken, found by OpenID Connect Discovery; None = the embedded issuer's, for demonstrations."""
    audience: str | None = None
    """The FHIR base by which clients know this server, for which the issuer's tokens are."""
    clients: Path | None = None
    """The file of backend services that may sign on; None = ``clients.json`` in ``data``."""
    claims: Path | None = None
    """A table of which claims of the issuer mean which role; None = ``interop/signon/tables/claims.csv``."""
    apps: Path | None = None
    """The file of applications through which people sign on at the embedded issuer; None = ``apps.json`` in ``data``."""
    pages_client: str = PAGES
    """The client id of the engine's own pages at the configured issuer."""
    pages_secret: Path | None = None
    """The file of their secret there; None = they prove by signature, or are a public client."""
    pages_scope: str = SCOPE
    """What they ask for there: ``openid`` and whatever has the roles of a person told."""
    rate: int = Field(default=1_000, ge=0)
    """Requests a second of one person, twenty times as many of a program; 0 = any number."""
    metrics_token: Path | None = None
    """The file of the token with which ``/metrics`` is given to a scraper that does not sign on; None = to nobody."""
    pds: str | None = None
    """The address of the Personal Demographics Service before ``/Patient``; None = it is never asked."""
    pds_api_key: Path | None = None
    """The file of the key by which the service knows this application; with ``pds_key`` and ``pds_kid``. None = it asks for no
    sign-on, as its sandbox."""
    pds_key: Path | None = None
    """The file of the private key (RSA, PEM) that signs it on."""
    pds_kid: str = ""
    """What the service calls that key."""
    pds_token_url: str = ""
    """Where it gives tokens; '' = ``/oauth2/token`` of its address."""
    pds_rate: float = Field(default=5.0, gt=0, le=100)
    """Requests a second that it is asked at most in the background."""
    pds_ask: Literal["unverified", "all"] = "unverified"
    """Whose numbers are asked about: those that no source has verified, or all."""
    otlp: str | None = None
    """Where spans go: an OpenTelemetry collector by OTLP over HTTP, its address before ``/v1/traces``; None = there are none."""
    otlp_share: float = Field(default=0.1, ge=0, le=1)
    """Which share of messages and requests has spans."""
    notice: float = Field(default=0.0, ge=0, le=600)
    """Seconds for which an engine that is to stop says so at ``/health/ready`` and takes everything still."""
    drain: float = Field(default=5.0, ge=0, le=600)
    """Seconds that requests and senders are given then."""
    proxy: bool = False
    """A proxy of the operator's speaks TLS before the HTTP port, which nobody else reaches."""
    proxy_address: Annotated[tuple[str, ...], NoDecode] = HERE
    """Addresses and networks from which it comes: of it alone ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed."""

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
        if value is not None and not _safe(urlsplit(value)):
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
        if value is not None and (urlsplit(value.rstrip("/")).path != "/fhir" or not _safe(urlsplit(value))):
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


def _safe(url: SplitResult) -> bool:
    """Whether tokens and keys may come from there: by TLS, or from this machine."""
    host = url.hostname or ""
    return not (url.query or url.fragment) and ((url.scheme == "https" and bool(host)) or (url.scheme == "http" and loopback(host)))


def database_address(text: str) -> str:
    """``postgresql://…``; raises ValueError."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("a database is named as postgresql://USER@HOST:PORT/NAME")
    return text


def address(text: str) -> tuple[str, int]:
    """``HOST:PORT`` or ``[V6]:PORT``; raises ValueError."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
