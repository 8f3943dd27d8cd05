"""The commands of clocks: ``clocks``, ``clocks measures``."""

from __future__ import annotations

from typing import Annotated

import typer

from interop.cli import completing
from interop.cli.options import Engine, Json, of_engine

Clock = Annotated[str, typer.Option(help="Only this clock, such as urgent-response.", autocompletion=completing.clocks)]
clocks = typer.Typer(help="Clocks of a running engine: what is due when, what was in time.")


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.add_typer(clocks, name="clocks")


@clocks.callback(invoke_without_command=True)
@of_engine
def listed(
    context: typer.Context,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that run.")] = False,
    clock: Clock = "",
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Show clocks: when each is due, its state, of which Patient. As far as whoever asks may see them."""
    if context.invoked_subcommand is not None:
        return
    from interop.cli.clocks import listed as run

    raise typer.Exit(run(engine, open_only=open_only, clock=clock, as_json=as_json))


@clocks.command()
@of_engine
def measures(
    start: Annotated[str, typer.Option("--from", help="The first day, YYYY-MM-DD, on which what is counted began.")],
    end: Annotated[str, typer.Option("--to", help="The last such day.")],
    clock: Clock = "",
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Count clocks over a period: how many were met, early, breached, and the share that was met."""
    from interop.cli.clocks import measures as run

    raise typer.Exit(run(engine, start, end, clock=clock, as_json=as_json))
