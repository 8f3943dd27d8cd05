"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interop.cli import governing, identifying, removing
from interop.cli.options import Data, Json, Token, Whereabouts

app = typer.Typer(
    name="interop",
    help="Integration engine and shared care record on FHIR R4: takes source messages in, keeps one record, serves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Database = Annotated[
    str | None,
    typer.Option(
        help="postgresql://USER@HOST:PORT/NAME: journal and record are there; without it, in the data directory.",
        envvar="INTEROP_DATABASE",
    ),
]
Http = Annotated[str, typer.Option(help="HOST:PORT of the FHIR API, ingest and pages.", envvar="INTEROP_HTTP")]
Mllp = Annotated[str, typer.Option(help="HOST:PORT of the MLLP port.", envvar="INTEROP_MLLP")]
Mappers = Annotated[
    int | None, typer.Option(help="Mapper processes; 0 maps in the owner; default cores - 1.", envvar="INTEROP_MAPPERS")
]
Feeds = Annotated[
    Path | None,
    typer.Option(help="A CSV of feeds; without it a feed opens with its first message.", envvar="INTEROP_FEEDS"),
]
TestNumbers = Annotated[
    bool, typer.Option(help="999 NHS numbers may link records (never in production).", envvar="INTEROP_TEST_NUMBERS")
]
Issuer = Annotated[
    str | None, typer.Option(help="Whose tokens are taken, https://…; without it the embedded issuer's.", envvar="INTEROP_ISSUER")
]
Checkpoints = Annotated[
    Path | None,
    typer.Option(help="Where the audit's signed checkpoints are kept: on another disk or host.", envvar="INTEROP_CHECKPOINTS"),
]
AuditKey = Annotated[
    Path | None,
    typer.Option("--audit-key", help="The file of the audit's key; default DATA/audit.key.", envvar="INTEROP_AUDIT_KEY"),
]
identifying.add(app)
removing.add(app)
audit = typer.Typer(help="The audit: whether it is as it was written, what waits for the privacy officer.", no_args_is_help=True)
app.add_typer(audit, name="audit")


@app.command()
def serve(
    data: Data = Path("data"),
    database: Database = None,
    http: Http = "127.0.0.1:8080",
    mllp: Mllp = "127.0.0.1:2575",
    mappers: Mappers = None,
    feeds: Feeds = None,
    mllp_feed: Annotated[str, typer.Option(help="The feed that the MLLP port belongs to.", envvar="INTEROP_MLLP_FEED")] = "hl7v2",
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
        typer.Option(help="The model of consent: explicit, or implied with opt-out.", envvar="INTEROP_CONSENT"),
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
        str, typer.Option(help="Ask about numbers that are unverified, or about all.", envvar="INTEROP_PDS_ASK")
    ] = "unverified",
    proxy_address: Annotated[
        list[str] | None,
        typer.Option(help="From where it comes; this machine unless given; may be repeated.", envvar="INTEROP_PROXY_ADDRESS"),
    ] = None,
    open: Annotated[
        bool,
        typer.Option("--open", help="Nobody signs on, everyone sees all: for test suites, on loopback.", envvar="INTEROP_OPEN"),
    ] = False,
    checkpoints: Checkpoints = None,
    audit_key: AuditKey = None,
) -> None:
    """Run the engine until it is interrupted."""
    from interop.cli.serve import serve as run

    raise typer.Exit(
        run(
            data=data,
            database=database,
            http=http,
            mllp=mllp,
            mappers=mappers,
            feeds=feeds,
            mllp_feed=mllp_feed,
            test_numbers=test_numbers,
            package=tuple(package or ()),
            release=tuple(release or ()),
            update_creates=update_creates,
            open=open,
            checkpoints=checkpoints,
            audit_key=audit_key,
            issuer=issuer,
            audience=audience,
            clients=clients,
            claims=claims,
            apps=apps,
            pages_client=pages_client,
            pages_secret=pages_secret,
            pages_scope=pages_scope,
            rate=rate,
            proxy=proxy,
            proxy_address=tuple(proxy_address) if proxy_address else None,
            consent=consent,
            tls_cert=tls_cert,
            tls_key=tls_key,
            mllp_tls_cert=mllp_tls_cert,
            mllp_tls_key=mllp_tls_key,
            mllp_tls_ca=mllp_tls_ca,
            pds=pds,
            pds_api_key=pds_api_key,
            pds_key=pds_key,
            pds_kid=pds_kid,
            pds_token_url=pds_token_url,
            pds_rate=pds_rate,
            pds_ask=pds_ask,
        )
    )


@app.command()
def convert(
    files: Annotated[list[Path], typer.Argument(help="Files of any known format; - is standard input.")],
    report: Annotated[
        bool, typer.Option("--report", help="Instead of Bundles: which source fields are not carried, and why.")
    ] = False,
    lineage: Annotated[
        bool, typer.Option("--lineage", help="Instead of Bundles: source field and table row of each element.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Convert messages offline: a FHIR transaction Bundle a line; failures a JSON line each on standard error."""
    from interop.cli.convert import convert as run

    raise typer.Exit(run(files, report=report, lineage=lineage, as_json=as_json))


@app.command()
def send(
    files: Annotated[list[Path], typer.Argument(help="Files of messages; - is standard input.")],
    to: Annotated[str, typer.Option("--to", help="mllp://HOST:PORT, http://HOST:PORT/ingest/FEED; over TLS mllps://, https://.")],
    connections: Annotated[int, typer.Option(min=1, max=256, help="Connections side by side.")] = 1,
    wait: Annotated[str, typer.Option(help="Over HTTP: journalled or applied.")] = "journalled",
    token: Token = "",
    data: Data = Path("data"),
    tls_cert: Annotated[Path | None, typer.Option(help="Over TLS: our certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key.")] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="The authorities that the other side is of.")] = None,
    as_json: Json = False,
) -> None:
    """Send messages to a port and show what it answers."""
    from interop.cli.send import Files
    from interop.cli.send import send as run

    tls = Files(tls_cert, tls_key, tls_ca)
    raise typer.Exit(run(files, to, connections=connections, wait=wait, as_json=as_json, token=token, data=data, tls=tls))


@app.command()
def pull(
    feed: Annotated[str, typer.Argument(help="The feed: a table of the sources file.")],
    sources: Annotated[
        Path, typer.Option(help="A TOML file, a table for each feed that is pulled.", envvar="INTEROP_SOURCES")
    ] = Path("sources.toml"),
    to: Annotated[str, typer.Option("--to", help="The running engine.")] = "http://127.0.0.1:8080",
    data: Data = Path("data"),
    database: Database = None,
    token: Token = "",
    as_json: Json = False,
) -> None:
    """Fetch what is new from a source that does not send, and hand it to the running engine."""
    from interop.cli.pull import pull as run

    raise typer.Exit(run(feed, sources=sources, to=to, data=data, database=database, token=token, as_json=as_json))


@app.command()
def messages(
    data: Data = Path("data"),
    database: Database = None,
    feed: Annotated[str, typer.Option(help="Only this feed.")] = "",
    state: Annotated[str, typer.Option(help="Only this state: received, applied, refused, failed, shelved.")] = "",
    control_id: Annotated[str, typer.Option(help="Only this control id.")] = "",
    count: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")] = 20,
    feeds: Annotated[bool, typer.Option("--feeds", help="A line for each feed instead.")] = False,
    body: Annotated[int, typer.Option(help="Print the bytes of this message as they were received.")] = 0,
    whereabouts: Whereabouts = False,
    as_json: Json = False,
) -> None:
    """Show the journal: what came, what became of it, what to do."""
    from interop.cli.messages import messages as run

    raise typer.Exit(
        run(
            data,
            database,
            feed=feed,
            state=state,
            control_id=control_id,
            count=count,
            feeds=feeds,
            body=body,
            as_json=as_json,
            whereabouts=whereabouts,
        )
    )


@app.command()
def explain(
    resource: Annotated[str, typer.Argument(help="Type/id, such as Encounter/4f2…; a path below it narrows.")],
    data: Data = Path("data"),
    database: Database = None,
    whereabouts: Whereabouts = False,
    as_json: Json = False,
) -> None:
    """Tell for every element of a resource which message, source field and table row it comes from."""
    from interop.cli.explain import explain as run

    raise typer.Exit(run(resource, data, database, as_json=as_json, whereabouts=whereabouts))


@app.command()
def rebuild(
    data: Data = Path("data"),
    database: Database = None,
    into: Annotated[Path, typer.Option(help="A new directory for the rebuilt record.")] = Path("rebuilt"),
    into_database: Annotated[
        str | None, typer.Option(help="An empty database for it, postgresql://…; the new directory holds the key.")
    ] = None,
    mappers: Mappers = None,
    feeds: Feeds = None,
    test_numbers: TestNumbers = False,
    as_json: Json = False,
) -> None:
    """Make the record again from the journal, with the present tables, in a new directory or database."""
    from interop.cli.rebuild import rebuild as run

    raise typer.Exit(
        run(
            data,
            into,
            database=database,
            into_database=into_database,
            mappers=mappers,
            feeds=feeds,
            test_numbers=test_numbers,
            as_json=as_json,
        )
    )


@app.command()
def tables(
    family: Annotated[str | None, typer.Argument(help="A family; without it all.")] = None,
    site: Annotated[str, typer.Option(help="What one sender says otherwise, row by row.")] = "",
    source: Annotated[bool, typer.Option("--source", help="Print the Python that the tables compile to.")] = False,
    as_json: Json = False,
) -> None:
    """Check the mapping tables and say what they hold."""
    from interop.cli.tables import tables as run

    raise typer.Exit(run(family, site=site, source=source, as_json=as_json))


@app.command()
def token(
    data: Data = Path("data"),
    issuer: Issuer = None,
    role: Annotated[str, typer.Option(help="A role of interop/policy/tables/roles.csv.")] = "tester",
    org: Annotated[str, typer.Option(help="The ODS code of its organisation.")] = "",
    user: Annotated[str, typer.Option(help="Who it is, at the embedded issuer; demo-ROLE unless given.")] = "",
    patient: Annotated[str, typer.Option(help="The id of the one Patient whom it is about.")] = "",
    scope: Annotated[str, typer.Option(help="SMART scopes; all that the role may unless given.")] = "",
    purpose: Annotated[str, typer.Option(help="What for: direct-care, emergency, own-record, administration …")] = "",
    feed: Annotated[str, typer.Option(help="The feed under which it may send messages; * = any.")] = "",
    minutes: Annotated[int, typer.Option(min=1, max=43_200, help="How long it is good.")] = 60,
    rotate: Annotated[bool, typer.Option("--rotate", help="Instead: a new key signs from now on.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="With --rotate: what was signed before is void at once.")] = False,
    as_json: Json = False,
) -> None:
    """Make a token of the embedded issuer, for demonstrations, or a new key."""
    from interop.cli.token import rotate as renew
    from interop.cli.token import token as run

    if rotate:
        raise typer.Exit(renew(data, withdraw=withdraw, as_json=as_json))
    raise typer.Exit(
        run(
            data,
            issuer=issuer,
            role=role,
            organisation=org,
            user=user,
            patient=patient,
            scope=scope,
            purpose=purpose,
            feed=feed,
            minutes=minutes,
            as_json=as_json,
        )
    )


@app.command()
def client(
    id: Annotated[str, typer.Argument(help="The client; without it all are listed.")] = "",
    data: Data = Path("data"),
    clients: Annotated[
        Path | None, typer.Option(help="The file; clients.json in --data unless given.", envvar="INTEROP_CLIENTS")
    ] = None,
    jwks: Annotated[str, typer.Option(help="Its public keys: a file with a JSON Web Key Set, or the URL where one is.")] = "",
    scope: Annotated[str, typer.Option(help="What it may ask for at most, such as system/*.rs.")] = "",
    org: Annotated[str, typer.Option(help="The ODS code of its organisation.")] = "",
    role: Annotated[str, typer.Option(help="system, feed, analyst or operator.")] = "system",
    feed: Annotated[str, typer.Option(help="The feed under which it may send messages.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take it out.")] = False,
    as_json: Json = False,
) -> None:
    """Register a backend service that signs on by itself, take one out, or list them."""
    from interop.cli import client as run

    if not id:
        raise typer.Exit(run.clients(data, clients, as_json=as_json))
    if remove:
        raise typer.Exit(run.remove(data, clients, id, as_json=as_json))
    said = {"scope": scope, "organisation": org, "role": role, "feed": feed}
    raise typer.Exit(run.register(data, clients, id, said, jwks, as_json=as_json))


@app.command()
def application(
    id: Annotated[str, typer.Argument(help="The application; without it all are listed.")] = "",
    data: Data = Path("data"),
    apps: Annotated[Path | None, typer.Option(help="The file; apps.json in --data unless given.", envvar="INTEROP_APPS")] = None,
    name: Annotated[str, typer.Option(help="What the sign-on page calls it.")] = "",
    redirect: Annotated[list[str] | None, typer.Option(help="An address that codes go to; may be repeated.")] = None,
    scope: Annotated[str, typer.Option(help="What it may ask for at most, such as patient/*.rs; everything unless given.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take it out.")] = False,
    as_json: Json = False,
) -> None:
    """Register an application through which people sign on, take one out, or list them."""
    from interop.cli import application as run

    if not id:
        raise typer.Exit(run.applications(data, apps, as_json=as_json))
    if remove:
        raise typer.Exit(run.remove(data, apps, id, as_json=as_json))
    raise typer.Exit(run.register(data, apps, id, name, redirect or [], scope, as_json=as_json))


@app.command("new-adapter")
def new_adapter(
    name: Annotated[str, typer.Argument(help="The family's name: lower-case letters and digits.")],
    form: Annotated[str, typer.Option("--format", help="What its messages are written in: xml, json or csv.")] = "xml",
    into: Annotated[Path, typer.Option(help="The repository of the engine, or where the package goes.")] = Path(),
    package: Annotated[bool, typer.Option("--package", help="Make a package of its own instead.")] = False,
) -> None:
    """Make the skeleton of a new source family: adapter, tables, worked examples, tests (docs/adding-a-source.md)."""
    from interop.cli.new_adapter import new_adapter as run

    raise typer.Exit(run(name, form, into, package))


@audit.command("verify")
def audit_verify(
    data: Data = Path("data"),
    checkpoints: Checkpoints = None,
    audit_key: AuditKey = None,
    public: Annotated[str, typer.Option(help="Instead of the key its public half, in hexadecimal.")] = "",
    as_json: Json = False,
) -> None:
    """Look whether every entry is as it was written; name the first that is not."""
    from interop.cli.audit import verify as run

    raise typer.Exit(run(data, checkpoints, audit_key, public, as_json))


@audit.command("index")
def audit_index(data: Data = Path("data"), as_json: Json = False) -> None:
    """Make the index of the audit anew from its logs."""
    from interop.cli.audit import index as run

    raise typer.Exit(run(data, as_json))


@audit.command("queue")
def audit_queue(
    data: Data = Path("data"),
    closed: Annotated[bool, typer.Option("--closed", help="What has an outcome instead.")] = False,
    as_json: Json = False,
) -> None:
    """Show what waits for the privacy officer."""
    from interop.cli.audit import queue as run

    raise typer.Exit(run(data, closed, as_json))


@audit.command("outcome")
def audit_outcome(
    item: Annotated[str, typer.Argument(help="The item, as interop audit queue names it.")],
    found: Annotated[str, typer.Argument(help="justified, not-justified or follow-up.")],
    data: Data = Path("data"),
    checkpoints: Checkpoints = None,
    audit_key: AuditKey = None,
) -> None:
    """Write down what was found of an item of the privacy officer's queue."""
    from interop.cli.audit import outcome as run

    raise typer.Exit(run(item, found, data, checkpoints, audit_key))


governing.add(app)


def main() -> None:
    """Entry point of the console script."""
    app()
