"""The commands of who is who: ``identity queue``, ``link``, ``unlink``, ``split``, ``undo``, ``verify``, ``trace``,
``history``."""

from __future__ import annotations

from typing import Annotated

import typer

from interop.cli.options import Engine, Json, of_engine

Record = Annotated[str, typer.Argument(help="The id of a Patient.")]
Reason = Annotated[str, typer.Option(help="Why it is so: for whoever asks later.")]
identity = typer.Typer(
    help="Who is who: pairs that wait for a decision, decisions and their history, in a running engine.", no_args_is_help=True
)


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.add_typer(identity, name="identity")


@identity.command()
@of_engine
def queue(
    count: Annotated[int, typer.Option(min=1, max=200, help="At most so many, the likeliest first.")] = 50,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Show the pairs of records that may be of one person."""
    from interop.cli.identity import queue as run

    raise typer.Exit(run(engine, count=count, as_json=as_json))


@identity.command()
@of_engine
def link(
    patient: Record,
    other: Record,
    reason: Reason,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Two records are of one person."""
    _decide("link", patient, other, reason, engine, as_json)


@identity.command()
@of_engine
def unlink(
    patient: Record,
    other: Record,
    reason: Reason,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Two records are of different persons, whatever numbers and names say."""
    _decide("unlink", patient, other, reason, engine, as_json)


@identity.command()
@of_engine
def split(patient: Record, reason: Reason, *, engine: Engine, as_json: Json = False) -> None:
    """A record is of none of those with whom it is one person."""
    _decide("split", patient, "", reason, engine, as_json)


@identity.command()
@of_engine
def undo(
    patient: Record,
    other: Record,
    reason: Reason,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Take back what was decided of two records."""
    _decide("identity-undo", patient, other, reason, engine, as_json)


@identity.command()
@of_engine
def verify(patient: Record, *, engine: Engine, as_json: Json = False) -> None:
    """Ask the Personal Demographics Service who has a record's NHS number."""
    _ask("identity-verify", patient, engine, as_json)


@identity.command()
@of_engine
def trace(patient: Record, *, engine: Engine, as_json: Json = False) -> None:
    """Ask the Personal Demographics Service who a record is of, by name and birth date."""
    _ask("identity-trace", patient, engine, as_json)


@identity.command()
@of_engine
def history(patient: Record, *, engine: Engine, as_json: Json = False) -> None:
    """Show how a record came to its person, who decided what and why."""
    from interop.cli.identity import history as run

    raise typer.Exit(run(engine, patient, as_json=as_json))


def _ask(operation: str, patient: str, engine: Engine, as_json: bool) -> None:
    from interop.cli.identity import ask

    raise typer.Exit(ask(engine, operation, patient, as_json=as_json))


def _decide(operation: str, patient: str, other: str, reason: str, engine: Engine, as_json: bool) -> None:
    from interop.cli.identity import decide

    raise typer.Exit(decide(engine, operation, patient, other, reason, as_json=as_json))
