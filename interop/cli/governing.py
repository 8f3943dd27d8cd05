"""The commands that govern who sees what: ``consent``, ``break-glass``, ``claim``, ``why``, ``agreement``."""

from __future__ import annotations

from typing import Annotated

import typer

from interop.cli import completing
from interop.cli.completing import words
from interop.cli.options import Engine, Json, of_engine

Patient = Annotated[str, typer.Argument(help="The id of the Patient.")]
Reason = Annotated[str, typer.Option(help="Why: for the privacy officer and for the person.")]
Source = Annotated[str, typer.Argument(help="Who contributes: an ODS code.")]
Partner = Annotated[str, typer.Option(help="The organisation that may use it; without it all who take part.")]
agreement = typer.Typer(help="Agreements between organisations, in a running engine.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.command()(consent)
    app.command("break-glass")(break_glass)
    app.command()(claim)
    app.command()(why)
    app.add_typer(agreement, name="agreement")


@of_engine
def consent(
    patient: Patient,
    decision: Annotated[str, typer.Argument(help="given, refused or withdrawn.", autocompletion=words(*completing.DECISIONS))],
    label: Annotated[
        list[str] | None,
        typer.Option(help="Of what bears this label (HIV, PSY …) alone; may be repeated.", autocompletion=completing.labels),
    ] = None,
    proxy: Annotated[list[str] | None, typer.Option(help="That RelatedPerson/ID may act for the person; may be repeated.")] = None,
    until: Annotated[str, typer.Option(help="When it ends; without it for good.")] = "",
    taken_by: Annotated[str, typer.Option(help="Who took it, where that is not you.")] = "",
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Take down what a person has said of sharing their record."""
    from interop.cli.consent import consent as run

    raise typer.Exit(
        run(engine, patient, decision, labels=label or [], proxies=proxy or [], until=until, taken_by=taken_by, as_json=as_json)
    )


@of_engine
def break_glass(
    patient: Patient,
    reason: Reason,
    minutes: Annotated[int | None, typer.Option(help="How long; 240 unless given, at most 1,440.")] = None,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Declare a clinical emergency: a person's record opens to you for a limited time."""
    from interop.cli.access import break_glass as run

    raise typer.Exit(run(engine, patient, reason=reason, minutes=minutes, as_json=as_json))


@of_engine
def claim(
    patient: Patient,
    reason: Reason,
    until: Annotated[str, typer.Option(help="When it ends; a week from now unless given, at most 90 days.")] = "",
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Say that you are involved in the care of a person."""
    from interop.cli.access import claim as run

    raise typer.Exit(run(engine, patient, reason=reason, until=until, as_json=as_json))


@of_engine
def why(
    patient: Patient,
    type: Annotated[str, typer.Option(help="The resource type that it is about.", autocompletion=completing.types)] = "Observation",
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Tell why you may see what is recorded of a person, or what would change that."""
    from interop.cli.access import why as run

    raise typer.Exit(run(engine, patient, type=type, as_json=as_json))


@agreement.command("list")
@of_engine
def agreement_list(*, engine: Engine, as_json: Json = False) -> None:
    """Show the agreements that there are."""
    from interop.cli.agreement import show as run

    raise typer.Exit(run(engine, as_json=as_json))


@agreement.command("add")
@of_engine
def agreement_add(
    source: Source,
    partner: Partner = "",
    purpose: Annotated[
        list[str] | None,
        typer.Option(help="For what; direct-care unless given; may be repeated.", autocompletion=completing.purposes),
    ] = None,
    start: Annotated[str, typer.Option(help="From when.")] = "",
    end: Annotated[str, typer.Option(help="Until when.")] = "",
    pending: Annotated[bool, typer.Option("--pending", help="It is not in force yet.")] = False,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Begin an agreement, or change it."""
    from interop.cli.agreement import sign as run

    status = "pending" if pending else "active"
    raise typer.Exit(
        run(engine, source, partner=partner, purposes=purpose or [], start=start, end=end, status=status, as_json=as_json)
    )


@agreement.command("withdraw")
@of_engine
def agreement_withdraw(
    source: Source,
    partner: Partner = "",
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """End an agreement: from now on nothing is shown by it."""
    from interop.cli.agreement import sign as run

    raise typer.Exit(run(engine, source, partner=partner, purposes=[], start="", end="", status="withdrawn", as_json=as_json))
