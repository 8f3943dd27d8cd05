"""The command that fetches much at once: ``export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interop.cli import completing
from interop.cli.options import Engine, Json, of_engine


def add(app: typer.Typer) -> None:
    """Add the command to the console script."""
    app.command()(export)


@of_engine
def export(
    into: Annotated[Path, typer.Argument(help="An empty or new directory: a file for each type, and manifest.json.")],
    people: Annotated[bool, typer.Option("--people", help="Only what is about a person.")] = False,
    group: Annotated[str, typer.Option(help="Only what is about the members of this Group.")] = "",
    type: Annotated[
        list[str] | None, typer.Option(help="Only this type; may be repeated.", autocompletion=completing.types)
    ] = None,
    type_filter: Annotated[
        list[str] | None, typer.Option("--filter", help="Type?parameter=value narrows a type; any of several of a type.")
    ] = None,
    since: Annotated[str, typer.Option(help="Only what changed after it: the transactionTime of the export before.")] = "",
    elements: Annotated[list[str] | None, typer.Option("--element", help="Only this element; Type.element for one type.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the files at the engine until they expire.")] = False,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Export the record of a running engine as ndjson into a directory: begins it, waits, fetches the files."""
    from interop.cli.export import Asked
    from interop.cli.export import export as run

    asked = Asked(people, group, tuple(type or ()), tuple(type_filter or ()), since, tuple(elements or ()))
    raise typer.Exit(run(engine, asked, into, keep=keep, as_json=as_json))
