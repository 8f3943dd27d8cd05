"""The commands ``serve`` and ``check-config``, which have the same options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from interop.cli import completing
from interop.cli.completing import words
from interop.cli.options import AuditKey, Checkpoints, Data, Database, Feeds, Issuer, Json, Mappers, Mappings, TestNumbers

Http = Annotated[str, typer.Option(help="HOST:PORT of the FHIR API, ingest and pages.", envvar="INTEROP_HTTP")]
Mllp = Annotated[str, typer.Option(help="HOST:PORT of the MLLP port.", envvar="INTEROP_MLLP")]


Config = Annotated[
    Path | None,
    typer.Option(
        help="A TOML file of settings by their names; environment and command line come before it.", envvar="INTEROP_CONFIG"
    ),
]


def with_options_of(other: Callable[..., None]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command takes all options of another beside its own, in ``**options``."""

    def taking(command: Callable[..., None]) -> Callable[..., None]:
        own = [each for each in signature(command, eval_str=True).parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
        names = {each.name for each in own}
        theirs = [each for each in signature(other, eval_str=True).parameters.values() if each.name not in names]
        command.__signature__ = Signature([*own, *theirs])  # type: ignore[attr-defined]
        return command

    return taking


def add(app: typer.Typer) -> None:
    """Add the command to the console script."""
    app.command()(serve)
    app.command("check-config")(with_options_of(serve)(check_config))


def given(context: typer.Context, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that stand on the command line; what the environment says the settings read themselves."""
    sources = {name: context.get_parameter_source(name) for name in options}
    return {name: value for name, value in options.items() if (source := sources[name]) and source.name == "COMMANDLINE"}


def serve(
    context: typer.Context,
    config: Config = None,
    data: Data = Path("data"),
    database: Database = None,
    roles: Annotated[
        str,
        typer.Option(
            help="What this process is for among those that share a PostgreSQL database, with commas between: ingest takes "
            "messages in, worker applies them, api answers.",
            envvar="INTEROP_ROLES",
            autocompletion=words(*completing.WORK),
        ),
    ] = "ingest,worker,api",
    name: Annotated[
        str, typer.Option(help="What this process is called among those that share a database.", envvar="INTEROP_NAME")
    ] = "engine",
    redis: Annotated[
        str | None,
        typer.Option(
            help="The Redis by which they tell each other that there is something to look at, redis://HOST:PORT/DATABASE, or "
            "rediss://… for TLS.",
            envvar="INTEROP_REDIS",
        ),
    ] = None,
    redis_password_file: Annotated[
        Path | None, typer.Option(help="The file of its password.", envvar="INTEROP_REDIS_PASSWORD_FILE")
    ] = None,
    redis_ca: Annotated[
        Path | None, typer.Option(help="The authorities that its certificate is of.", envvar="INTEROP_REDIS_CA")
    ] = None,
    redis_cert: Annotated[Path | None, typer.Option(help="The certificate that it is shown.", envvar="INTEROP_REDIS_CERT")] = None,
    redis_key: Annotated[Path | None, typer.Option(help="Its key.", envvar="INTEROP_REDIS_KEY")] = None,
    http: Http = "127.0.0.1:8080",
    mllp: Mllp = "127.0.0.1:2575",
    mappers: Mappers = None,
    feeds: Feeds = None,
    mappings: Mappings = None,
    destinations: Annotated[
        Path | None,
        typer.Option(
            help="A TOML file of destinations to which routes lead; without it nothing goes out.", envvar="INTEROP_DESTINATIONS"
        ),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            help="Act by the rules of the mappings: ours for those as they are, or a folder of a site's rows that are laid over "
            "them by id; without it the record acts by none.",
            envvar="INTEROP_RULES",
        ),
    ] = None,
    mllp_feed: Annotated[
        str,
        typer.Option(help="The feed that the MLLP port belongs to.", envvar="INTEROP_MLLP_FEED", autocompletion=completing.feeds),
    ] = "hl7v2",
    test_numbers: TestNumbers = False,
    package: Annotated[
        list[Path] | None,
        typer.Option(
            help="A FHIR package (folder, .tgz, .zip) that the API knows beside R4; may be repeated.", envvar="INTEROP_PACKAGE"
        ),
    ] = None,
    release: Annotated[
        list[Path] | None,
        typer.Option(help="A compiled release of SNOMED CT or dm+d; may be repeated.", envvar="INTEROP_RELEASE"),
    ] = None,
    update_creates: Annotated[
        bool, typer.Option(help="An update makes a resource where there is none under its id.", envvar="INTEROP_UPDATE_CREATES")
    ] = True,
    consent: Annotated[
        str,
        typer.Option(
            help="The model of consent: explicit, or implied with opt-out.",
            envvar="INTEROP_CONSENT",
            autocompletion=words(*completing.CONSENT),
        ),
    ] = "explicit",
    tls_cert: Annotated[Path | None, typer.Option(help="HTTPS: the certificate.", envvar="INTEROP_TLS_CERT")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key.", envvar="INTEROP_TLS_KEY")] = None,
    mllp_tls_cert: Annotated[
        Path | None, typer.Option(help="MLLP over TLS: the certificate.", envvar="INTEROP_MLLP_TLS_CERT")
    ] = None,
    mllp_tls_key: Annotated[Path | None, typer.Option(help="Its key.", envvar="INTEROP_MLLP_TLS_KEY")] = None,
    mllp_tls_ca: Annotated[
        Path | None, typer.Option(help="The authorities that senders' certificates are of.", envvar="INTEROP_MLLP_TLS_CA")
    ] = None,
    issuer: Issuer = None,
    audience: Annotated[
        str | None, typer.Option(help="The FHIR base for which they are, https://NAME/fhir.", envvar="INTEROP_AUDIENCE")
    ] = None,
    clients: Annotated[
        Path | None,
        typer.Option(help="A JSON file of backend services; clients.json in --data unless given.", envvar="INTEROP_CLIENTS"),
    ] = None,
    claims: Annotated[Path | None, typer.Option(help="A CSV of which claims mean which role.", envvar="INTEROP_CLAIMS")] = None,
    apps: Annotated[
        Path | None,
        typer.Option(help="A JSON file of applications for people; apps.json in --data unless given.", envvar="INTEROP_APPS"),
    ] = None,
    pages_client: Annotated[
        str, typer.Option(help="The client id of the engine's pages at the issuer.", envvar="INTEROP_PAGES_CLIENT")
    ] = "interop-pages",
    pages_secret: Annotated[
        Path | None, typer.Option(help="The file of their secret there.", envvar="INTEROP_PAGES_SECRET")
    ] = None,
    pages_scope: Annotated[str, typer.Option(help="What they ask for there.", envvar="INTEROP_PAGES_SCOPE")] = "openid profile",
    rate: Annotated[
        int, typer.Option(min=0, help="Requests a second of one person; of a program 20 times as many.", envvar="INTEROP_RATE")
    ] = 1_000,
    proxy: Annotated[
        bool, typer.Option("--proxy", help="A proxy speaks TLS before the HTTP port.", envvar="INTEROP_PROXY")
    ] = False,
    pds: Annotated[
        str | None,
        typer.Option(
            help="The Personal Demographics Service, its address before /Patient; off unless given.", envvar="INTEROP_PDS"
        ),
    ] = None,
    pds_api_key: Annotated[
        Path | None, typer.Option(help="The file of the application's API key there.", envvar="INTEROP_PDS_API_KEY")
    ] = None,
    pds_key: Annotated[Path | None, typer.Option(help="The file of its private key (PEM).", envvar="INTEROP_PDS_KEY")] = None,
    pds_kid: Annotated[str, typer.Option(help="What the service calls that key.", envvar="INTEROP_PDS_KID")] = "",
    pds_token_url: Annotated[
        str, typer.Option(help="Where it gives tokens, if not beside it.", envvar="INTEROP_PDS_TOKEN_URL")
    ] = "",
    pds_rate: Annotated[float, typer.Option(help="Requests a second to it at most.", envvar="INTEROP_PDS_RATE")] = 5.0,
    pds_ask: Annotated[
        str,
        typer.Option(
            help="Ask about numbers that are unverified, or about all.",
            envvar="INTEROP_PDS_ASK",
            autocompletion=words(*completing.ASKED),
        ),
    ] = "unverified",
    proxy_address: Annotated[
        list[str] | None,
        typer.Option(help="From where it comes; this machine unless given; may be repeated.", envvar="INTEROP_PROXY_ADDRESS"),
    ] = None,
    open: Annotated[
        bool,
        typer.Option("--open", help="Nobody signs on, everyone sees all: for test suites, on loopback.", envvar="INTEROP_OPEN"),
    ] = False,
    otlp: Annotated[
        str | None,
        typer.Option(help="An OpenTelemetry collector, http://HOST:4318; no spans unless given.", envvar="INTEROP_OTLP"),
    ] = None,
    otlp_share: Annotated[
        float, typer.Option(min=0, max=1, help="Which share of messages and requests has spans.", envvar="INTEROP_OTLP_SHARE")
    ] = 0.1,
    notice: Annotated[
        float,
        typer.Option(min=0, help="Seconds between saying at /health/ready that it stops and stopping.", envvar="INTEROP_NOTICE"),
    ] = 0.0,
    drain: Annotated[
        float, typer.Option(min=0, help="Seconds that requests and senders are given then.", envvar="INTEROP_DRAIN")
    ] = 5.0,
    checkpoints: Checkpoints = None,
    audit_key: AuditKey = None,
) -> None:
    """Run the engine until it is interrupted."""
    from interop.cli.serve import serve as run

    options = {
        "data": data,
        "database": database,
        "roles": roles,
        "name": name,
        "redis": redis,
        "redis_password_file": redis_password_file,
        "redis_ca": redis_ca,
        "redis_cert": redis_cert,
        "redis_key": redis_key,
        "http": http,
        "mllp": mllp,
        "mappers": mappers,
        "feeds": feeds,
        "mappings": mappings,
        "destinations": destinations,
        "rules": rules,
        "mllp_feed": mllp_feed,
        "test_numbers": test_numbers,
        "package": package,
        "release": release,
        "update_creates": update_creates,
        "open": open,
        "checkpoints": checkpoints,
        "audit_key": audit_key,
        "issuer": issuer,
        "audience": audience,
        "clients": clients,
        "claims": claims,
        "apps": apps,
        "pages_client": pages_client,
        "pages_secret": pages_secret,
        "pages_scope": pages_scope,
        "rate": rate,
        "proxy": proxy,
        "proxy_address": proxy_address,
        "consent": consent,
        "tls_cert": tls_cert,
        "tls_key": tls_key,
        "mllp_tls_cert": mllp_tls_cert,
        "mllp_tls_key": mllp_tls_key,
        "mllp_tls_ca": mllp_tls_ca,
        "pds": pds,
        "pds_api_key": pds_api_key,
        "pds_key": pds_key,
        "pds_kid": pds_kid,
        "pds_token_url": pds_token_url,
        "pds_rate": pds_rate,
        "pds_ask": pds_ask,
        "otlp": otlp,
        "otlp_share": otlp_share,
        "notice": notice,
        "drain": drain,
    }
    raise typer.Exit(run(given(context, options), config))


def check_config(
    context: typer.Context,
    config: Config = None,
    reach: Annotated[bool, typer.Option("--reach", help="Ask the issuer too whether it is there.")] = False,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Say every setting of an engine, where it comes from, and what is wrong or dangerous about it; nothing is started."""
    from interop.cli.check_config import check_config as run

    raise typer.Exit(run(given(context, options), config, reach=reach, as_json=as_json))
