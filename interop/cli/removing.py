"""The commands that take back what came about the wrong person: ``takedown message``, ``takedown document``."""

from __future__ import annotations

from typing import Annotated

import typer

from interop.cli.options import Engine, Json, of_engine

Reason = Annotated[str, typer.Option(help="Why: for the privacy officer.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would go and how many may have seen it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask: take it down.")]
takedown = typer.Typer(
    help="Take back what came about the wrong person, in a running engine, and list who saw it.", no_args_is_help=True
)


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.add_typer(takedown, name="takedown")


@takedown.command()
@of_engine
def message(
    number: Annotated[int, typer.Argument(help="The message's number in the journal (interop messages).", min=1)],
    reason: Reason,
    dry_run: DryRun = False,
    yes: Yes = False,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Take a message down: its facts go, what was there before comes back. Tells what would go and asks before it does."""
    from interop.cli.takedown import takedown as run

    raise typer.Exit(run(engine, message=number, reference="", reason=reason, dry_run=dry_run, yes=yes, as_json=as_json))


@takedown.command()
@of_engine
def document(
    reference: Annotated[str, typer.Argument(help="Type/id, such as DocumentReference/x.")],
    reason: Reason,
    dry_run: DryRun = False,
    yes: Yes = False,
    *,
    engine: Engine,
    as_json: Json = False,
) -> None:
    """Take a document down, or any other resource: every version of it goes, or the message that it came with. Tells what would go
    and asks before it does."""
    from interop.cli.takedown import takedown as run

    raise typer.Exit(run(engine, message=None, reference=reference, reason=reason, dry_run=dry_run, yes=yes, as_json=as_json))
