"""The commands of what goes out: ``deliveries``, ``deliveries list``, ``pause``, ``resume``, ``resend``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from interop.cli import completing
from interop.cli.completing import words
from interop.cli.options import ENGINE, Data, Json, Token, Url

Destination = Annotated[
    str, typer.Argument(help="The destination, as interop deliveries queues names it.", autocompletion=completing.destinations)
]
deliveries = typer.Typer(help="What goes out of a running engine: queues of destinations, the shelf.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.add_typer(deliveries, name="deliveries")


@deliveries.command()
def queues(url: Url = ENGINE, token: Token = "", data: Data = Path("data"), as_json: Json = False) -> None:
    """Show how each destination stands: waiting, sent, on the shelf, withheld."""
    from interop.cli.deliveries import queues as run
    from interop.cli.governed import Engine

    raise typer.Exit(run(Engine(url, token, data), as_json=as_json))


@deliveries.command("list")
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
    url: Url = ENGINE,
    token: Token = "",
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Show the deliveries of a destination: what became of each, why, what to do."""
    from interop.cli.deliveries import listed as run
    from interop.cli.governed import Engine

    asked: dict[str, Any] = {"state": state, "acknowledgement": acknowledgement, "after": after, "count": count}
    raise typer.Exit(run(Engine(url, token, data), destination, **asked, as_json=as_json))


@deliveries.command()
def pause(destination: Destination, url: Url = ENGINE, token: Token = "", data: Data = Path("data"), as_json: Json = False) -> None:
    """Send nothing more there until it is resumed, a restart or not; what is due waits."""
    from interop.cli.deliveries import act
    from interop.cli.governed import Engine

    raise typer.Exit(act(Engine(url, token, data), destination, "pause", as_json=as_json))


@deliveries.command()
def resume(
    destination: Destination, url: Url = ENGINE, token: Token = "", data: Data = Path("data"), as_json: Json = False
) -> None:
    """Go on with what waits."""
    from interop.cli.deliveries import act
    from interop.cli.governed import Engine

    raise typer.Exit(act(Engine(url, token, data), destination, "resume", as_json=as_json))


@deliveries.command()
def resend(
    destination: Destination,
    delivery: Annotated[int, typer.Option(min=0, help="Only the one of this number, whatever became of it.")] = 0,
    url: Url = ENGINE,
    token: Token = "",
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Try what is on the shelf again, as far as the destination may still see it."""
    from interop.cli.deliveries import act
    from interop.cli.governed import Engine

    raise typer.Exit(act(Engine(url, token, data), destination, "resend", delivery=delivery, as_json=as_json))
