"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interop.cli import (
    bulk,
    completing,
    defaults,
    delivering,
    governing,
    identifying,
    keeping,
    overseeing,
    registering,
    removing,
    replaying,
    ruling,
    serving,
    timing,
    working,
)
from interop.cli.completing import words
from interop.cli.options import Data, Database, Feeds, Json, Mappers, State, TestNumbers, Token, Whereabouts
from interop.watching.ends import Process

app = typer.Typer(
    name="interop",
    help="Integration engine and shared care record on FHIR R4: takes source messages in, keeps one record, serves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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


def send(
    files: Annotated[list[Path], typer.Argument(help="Files of messages; - is standard input.")],
    to: Annotated[str, typer.Option("--to", help="mllp://HOST:PORT, http://HOST:PORT/ingest/FEED; over TLS mllps://, https://.")],
    connections: Annotated[int, typer.Option(min=1, max=256, help="Connections side by side.")] = 1,
    wait: Annotated[
        str, typer.Option(help="Over HTTP: journalled or applied.", autocompletion=words(*completing.PACE))
    ] = "journalled",
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


def pull(
    feed: Annotated[str, typer.Argument(help="The feed: a table of the sources file.", autocompletion=completing.sources)],
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


def messages(
    data: Data = Path("data"),
    database: Database = None,
    feed: Annotated[str, typer.Option(help="Only this feed.", autocompletion=completing.feeds)] = "",
    state: State = "",
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
    without_purged: Annotated[
        bool,
        typer.Option(
            "--without-purged", help="Do without messages whose content is no longer kept: what they said will be missing."
        ),
    ] = False,
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
            without_purged=without_purged,
            as_json=as_json,
        )
    )


def tables(
    family: Annotated[str | None, typer.Argument(help="A family; without it all.", autocompletion=completing.families)] = None,
    site: Annotated[str, typer.Option(help="What one sender says otherwise, row by row.", autocompletion=completing.sites)] = "",
    source: Annotated[bool, typer.Option("--source", help="Print the Python that the tables compile to.")] = False,
    kept: Annotated[bool, typer.Option("--kept", help="Instead: those that messages were mapped by, and since when.")] = False,
    write: Annotated[
        tuple[str, Path] | None,
        typer.Option("--write", metavar="DIGEST DIR", help="Instead: write kept ones, for interop serve --mappings."),
    ] = None,
    data: Data = Path("data"),
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Check the mapping tables and say what they hold; list those that were used before, and bring them back."""
    if kept or write:
        from interop.cli import kept_tables

        if write:
            raise typer.Exit(kept_tables.write(data, database, *write, as_json=as_json))
        raise typer.Exit(kept_tables.kept(data, database, family, as_json=as_json))
    from interop.cli.tables import tables as run

    raise typer.Exit(run(family, site=site, source=source, as_json=as_json))


def new_adapter(
    name: Annotated[str, typer.Argument(help="The family's name: lower-case letters and digits.")],
    form: Annotated[
        str,
        typer.Option(
            "--format", help="What its messages are written in: xml, json or csv.", autocompletion=words(*completing.FORMS)
        ),
    ] = "xml",
    into: Annotated[Path, typer.Option(help="The repository of the engine, or where the package goes.")] = Path(),
    package: Annotated[bool, typer.Option("--package", help="Make a package of its own instead.")] = False,
    as_json: Json = False,
) -> None:
    """Make the skeleton of a new source family: adapter, tables, worked examples, tests (docs/adding-a-source.md)."""
    from interop.cli.new_adapter import new_adapter as run

    raise typer.Exit(run(name, form, into, package, as_json=as_json))


# In the order in which --help lists them.
defaults.add(app)
serving.add(app)
for command in (convert, send, pull, messages, explain, rebuild, tables):
    app.command()(command)
registering.add(app)
app.command("new-adapter")(new_adapter)
bulk.add(app)
identifying.add(app)
removing.add(app)
replaying.add(app)
delivering.add(app)
timing.add(app)
ruling.add(app)
working.add(app)
keeping.add(app)
overseeing.add(app)
governing.add(app)


def main() -> None:
    """Entry point of the console script."""
    Process.ours = True
    app()
