"""The commands of what goes out: ``deliveries``, ``deliveries list``, ``pause``, ``resume``, ``resend``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from interop.cli import completing
from interop.cli.completing import words
from interop.cli.options import Engine, Json, of_engine

Destination = Annotated[
    str, typer.Argument(help="The destination, as interop deliveries queues names it.", autocompletion=completing.destinations)
]
deliveries = typer.Typer(help="What goes out of a running engine: queues of destinations, the shelf.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.add_typer(deliveries, name="deliveries")


@deliveries.command()
@of_engine
def queues(*, engine: Engine, as_json: Json = False) -> None:
    """Show how each destination stands: waiting, sent, on the shelf, withheld."""
    from interop.cli.deliveries import queues as run

    raise typer.Exit(run(engine, as_json=as_json))


@deliveries.command("list")
@of_engine
def listed(
    destination: Destination,
    state: Annotated[
        str,
        typer.Option(
            help="Only this state: pending, sent, shelved, withheld, dropped.", autocompletion=words(*completing.DELIVERIES)
        ),
    ] = "",
    acknowledgement: Annotated[
        str,
        typer.Option(
            help="Only what the other side has said of so: awaited, passed, acknowledged, refused, missing.",
            autocompletion=words(*completing.ACKNOWLEDGEMENTS),
        ),
    ] = "",
    after: Annotated[int, typer.Option(min=0, help="Only after this number.")] = 0,
    count: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many, oldest first.")] = 50,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Show the deliveries of a destination: what became of each, why, what to do."""
    from interop.cli.deliveries import listed as run

    asked: dict[str, Any] = {"state": state, "acknowledgement": acknowledgement, "after": after, "count": count}
    raise typer.Exit(run(engine, destination, **asked, as_json=as_json))


@deliveries.command()
@of_engine
def pause(destination: Destination, *, engine: Engine, as_json: Json = False) -> None:
    """Send nothing more there until it is resumed, a restart or not; what is due waits."""
    from interop.cli.deliveries import act

    raise typer.Exit(act(engine, destination, "pause", as_json=as_json))


@deliveries.command()
@of_engine
def resume(destination: Destination, *, engine: Engine, as_json: Json = False) -> None:
    """Go on with what waits."""
    from interop.cli.deliveries import act

    raise typer.Exit(act(engine, destination, "resume", as_json=as_json))


@deliveries.command()
@of_engine
def resend(
    destination: Destination,
    delivery: Annotated[int, typer.Option(min=0, help="Only the one of this number, whatever became of it.")] = 0,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Try what is on the shelf again, as far as the destination may still see it."""
    from interop.cli.deliveries import act

    raise typer.Exit(act(engine, destination, "resend", delivery=delivery, as_json=as_json))
