"""The settings that an engine has; ``interop.app.settings`` says what each may be and which go together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from interop.api.proxied import HERE
from interop.api.roles import ALL
from interop.signon.apps import PAGES, SCOPE


class Options(BaseSettings):
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
