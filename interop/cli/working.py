"""The command of worklists: ``worklist``."""

from __future__ import annotations

from typing import Annotated

import typer

from interop.cli import completing
from interop.cli.options import Engine, Json, of_engine


def add(app: typer.Typer) -> None:
    """Add the command to the console script."""
    app.command()(worklist)


@of_engine
def worklist(
    name: Annotated[str, typer.Argument(help="The list, such as mdt or urgent-response.", autocompletion=completing.worklists)],
    organization: Annotated[str, typer.Option(help="Only the people of this organisation, by its ODS code.")] = "",
    most: Annotated[int, typer.Option("--most", min=1, help="So many people at most.")] = 50,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Show who is on a worklist of a running engine and why, ranked as things stand now; as far as whoever asks may see them."""
    from interop.cli.worklists import worklist as run

    raise typer.Exit(run(engine, name, organization, most, as_json=as_json))
