"""Settings of an engine: from the command line, or from the environment as ``INTEROP_…``."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from interop.policy.tables import tables


class Settings(BaseSettings):
    """How an engine runs. ``mappers`` None means one for each core but the owner's, at least one. ``hold``: take messages in and
    apply none, for maintenance of the record and to measure the taking in alone; a start without it applies what waits.
    ``database``: where the journal and the record are, ``postgresql://…``; None = in ``data``. ``package`` and ``release``: FHIR
    packages and compiled releases of SNOMED CT and dm+d that the API knows beside R4. ``update_creates``: an update through the
    API may make a resource under an id of the client's (FHIR R4 http, 3.1.0.7.1). ``open``: nobody signs on, everyone is the tester
    and sees all; on loopback alone, for conformance suites and without data of real people. ``consent``: the model of consent, a
    row of ``interop/policy/tables/consent.csv``."""

    model_config = SettingsConfigDict(env_prefix="INTEROP_")

    data: Path = Path("data")
    database: str | None = Field(default=None, repr=False)
    http: str = "127.0.0.1:8080"
    mllp: str = "127.0.0.1:2575"
    mllp_feed: str = "hl7v2"
    mappers: int | None = Field(default=None, ge=0, le=64)
    feeds: Path | None = None
    test_numbers: bool = False
    package: Annotated[tuple[Path, ...], NoDecode] = ()
    release: Annotated[tuple[Path, ...], NoDecode] = ()
    backlog: int = Field(default=1_000_000, ge=1)
    hold: bool = False
    update_creates: bool = True
    open: bool = False
    checkpoints: Path | None = None
    """Where the audit's signed checkpoints are kept; None = beside it, which proves little."""
    audit_key: Path | None = None
    """The file of the key that signs them; None = in ``data``."""
    consent: str = "explicit"

    @field_validator("package", "release", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        """In the environment: blanks between."""
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("consent")
    @classmethod
    def _model(cls, value: str) -> str:
        known = tables().models
        if value not in known:
            raise ValueError(f"there is no model of consent {value!r}: choose one of {', '.join(sorted(known))}")
        return value

    @field_validator("database")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        return None if value is None else database_address(value)

    @field_validator("http", "mllp")
    @classmethod
    def _loopback(cls, value: str) -> str:
        """Until sign-on is there, nothing listens beyond this machine."""
        host, _ = address(value)
        if not loopback(host):
            raise ValueError(
                f"{host} is not this machine alone: until sign-on is there the engine listens on loopback only (127.0.0.1)"
            )
        return value

    @property
    def mapper_count(self) -> int:
        """How many mapper processes."""
        return self.mappers if self.mappers is not None else max(1, (os.cpu_count() or 1) - 1)


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
