"""The ``conformance`` command. What a command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="conformance",
    help="Judges a server from outside, and makes synthetic messages to judge it with.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _conformance() -> None:
    """Judges a server from outside, and makes synthetic messages to judge it with."""


@app.command()
def generate(
    patients: Annotated[int, typer.Option("--patients", "-n", min=1, help="How many synthetic people.")] = 100,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="The same seed gives the same messages.")] = 1,
    families: Annotated[str, typer.Option(help="Of hl7v2, openhr, nhs111, ers; several by commas.")] = "hl7v2",
    messages: Annotated[int | None, typer.Option(min=1, help="Stop after so many messages.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="mllp, files or ndjson; else the natural one.")] = None,
    out: Annotated[Path | None, typer.Option(help="A file for mllp and ndjson (else standard output), a folder for files.")] = None,
) -> None:
    """Write the messages that source systems would send about synthetic people."""
    import sys
    from itertools import islice

    from conformance.generate.families import FAMILIES, interleaved
    from conformance.generate.output import Format, Unsuitable, suitable, write_files, write_stream

    names = [name.strip() for name in families.split(",")]
    unknown = [name for name in names if name not in FAMILIES]
    if unknown:
        raise typer.BadParameter(f"no family {unknown[0]!r}; there are {', '.join(FAMILIES)}", param_hint="--families")
    try:
        chosen = suitable(Format(form) if form else None, [FAMILIES[name] for name in names])
    except Unsuitable as problem:
        raise typer.BadParameter(str(problem), param_hint="--format") from problem
    except ValueError as problem:
        raise typer.BadParameter(f"no format {form!r}; there are {', '.join(Format)}", param_hint="--format") from problem
    stream = islice(interleaved(seed, [FAMILIES[name] for name in names], patients), messages)
    if chosen is Format.FILES:
        if out is None:
            raise typer.BadParameter("a folder is needed for files", param_hint="--out")
        count = write_files(stream, out)
    elif out is None:
        count = write_stream(stream, chosen, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        with out.open("wb") as file:
            count = write_stream(stream, chosen, file)
    typer.echo(f"{count} messages about {patients} people, seed {seed}", err=True)


def main() -> None:
    """The entry point."""
    app()
