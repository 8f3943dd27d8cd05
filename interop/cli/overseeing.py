"""The commands of the audit: ``audit verify``, ``index``, ``queue``, ``outcome``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interop.cli import completing
from interop.cli.completing import words
from interop.cli.options import AuditKey, Checkpoints, Data, Json

audit = typer.Typer(help="The audit: whether it is as it was written, what waits for the privacy officer.", no_args_is_help=True)


def add(app: typer.Typer) -> None:
    """Add the commands to the console script."""
    app.add_typer(audit, name="audit")


@audit.command()
def verify(
    data: Data = Path("data"),
    checkpoints: Checkpoints = None,
    audit_key: AuditKey = None,
    public: Annotated[str, typer.Option(help="Instead of the key its public half, in hexadecimal.")] = "",
    as_json: Json = False,
) -> None:
    """Look whether every entry is as it was written; name the first that is not."""
    from interop.cli.audit import verify as run

    raise typer.Exit(run(data, checkpoints, audit_key, public, as_json))


@audit.command()
def index(data: Data = Path("data"), as_json: Json = False) -> None:
    """Make the index of the audit anew from its logs."""
    from interop.cli.audit import index as run

    raise typer.Exit(run(data, as_json))


@audit.command()
def queue(
    data: Data = Path("data"),
    closed: Annotated[bool, typer.Option("--closed", help="What has an outcome instead.")] = False,
    as_json: Json = False,
) -> None:
    """Show what waits for the privacy officer."""
    from interop.cli.audit import queue as run

    raise typer.Exit(run(data, closed, as_json))


@audit.command()
def outcome(
    item: Annotated[str, typer.Argument(help="The item, as interop audit queue names it.")],
    found: Annotated[
        str, typer.Argument(help="justified, not-justified or follow-up.", autocompletion=words(*completing.OUTCOMES))
    ],
    data: Data = Path("data"),
    checkpoints: Checkpoints = None,
    audit_key: AuditKey = None,
    as_json: Json = False,
) -> None:
    """Write down what was found of an item of the privacy officer's queue."""
    from interop.cli.audit import outcome as run

    raise typer.Exit(run(item, found, data, checkpoints, audit_key, as_json=as_json))
