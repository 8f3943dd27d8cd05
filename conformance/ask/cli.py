"""``conformance snapshot``, ``fhirpath`` and ``terminology …``. What a command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from interop.fhir.terminology import Terminology

Packages = Annotated[list[Path] | None, typer.Option("--package", "-p", help="Folder, .tgz, .zip or file of definitions.")]
Releases = Annotated[list[Path] | None, typer.Option("--terminology", "-t", help="A release that `terminology load` has written.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, nothing else.")]

terminology = typer.Typer(help="Codes: load a release, and ask about code systems, value sets and maps.", no_args_is_help=True)


def snapshot(
    url: Annotated[str, typer.Argument(help="Canonical URL of a StructureDefinition, or the name of a type.")],
    package: Packages = None,
    as_json: AsJson = False,
) -> None:
    """Print the snapshot of a structure: as published, or generated from its differential."""
    from conformance.ask.snapshot import show

    raise typer.Exit(show(url, tuple(package or ()), as_json=as_json))


def fhirpath(
    expression: Annotated[str, typer.Argument(help="A FHIRPath expression, such as Patient.name.given.")],
    paths: Annotated[list[Path], typer.Argument(metavar="FILES...", help="JSON, XML or ndjson; - for standard input.")],
    strict: Annotated[bool, typer.Option("--strict", help="A name that the type lacks is an error.")] = False,
    package: Packages = None,
    terminology: Releases = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate an expression over every resource of some files; 1 where it fails on any of them."""
    from conformance.ask.fhirpath import evaluate

    raise typer.Exit(evaluate(expression, paths, tuple(package or ()), tuple(terminology or ()), strict=strict, as_json=as_json))


@terminology.command()
def load(
    release: Annotated[Path, typer.Argument(metavar="RF2|DMD", help="Folder or zip of a SNOMED CT Snapshot or of a dm+d release.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write, for --terminology.")],
    version: Annotated[str | None, typer.Option(help="The version to record, else the release's own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compile a release of SNOMED CT (RF2) or dm+d to one file."""
    from conformance.ask.releases import compiled

    raise typer.Exit(compiled(release, out, version, as_json=as_json))


@terminology.command("validate-code")
def validate_code(
    code: Annotated[str, typer.Argument(help="The code.")],
    system: Annotated[str | None, typer.Option("--system", "-s", help="Its code system.")] = None,
    value_set: Annotated[str | None, typer.Option("--value-set", "-v", help="Whether it is in this value set.")] = None,
    display: Annotated[str | None, typer.Option(help="Whether this is a display of the code.")] = None,
    package: Packages = None,
    release: Releases = None,
    as_json: AsJson = False,
) -> None:
    """Whether a code is of a value set or a code system; 0 yes, 1 no, 2 it cannot be told."""
    from conformance.ask import codes

    if system is None and value_set is None:
        raise typer.BadParameter("a code system or a value set is needed", param_hint="--system")
    raise typer.Exit(codes.validated(_terminology(package, release), code, system, value_set, display, as_json=as_json))


@terminology.command()
def expand(
    value_set: Annotated[str, typer.Argument(help="Canonical URL of a value set.")],
    text: Annotated[str | None, typer.Option("--filter", help="Only codes whose text has these words.")] = None,
    offset: Annotated[int, typer.Option(min=0, help="Begin here.")] = 0,
    count: Annotated[int | None, typer.Option(min=0, help="So many codes.")] = None,
    package: Packages = None,
    release: Releases = None,
    as_json: AsJson = False,
) -> None:
    """The codes of a value set; 2 where it cannot be expanded."""
    from conformance.ask import codes

    raise typer.Exit(codes.expanded(_terminology(package, release), value_set, text, offset, count, as_json=as_json))


@terminology.command()
def lookup(
    system: Annotated[str, typer.Argument(help="A code system.")],
    code: Annotated[str, typer.Argument(help="A code of it.")],
    package: Packages = None,
    release: Releases = None,
    as_json: AsJson = False,
) -> None:
    """All that is known of a code; 1 where it is unknown."""
    from conformance.ask import codes

    raise typer.Exit(codes.looked_up(_terminology(package, release), system, code, as_json=as_json))


@terminology.command()
def subsumes(
    system: Annotated[str, typer.Argument(help="A code system.")],
    a: Annotated[str, typer.Argument(metavar="A", help="A code of it.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another code of it.")],
    package: Packages = None,
    release: Releases = None,
    as_json: AsJson = False,
) -> None:
    """How two codes stand to each other; 2 where it cannot be told."""
    from conformance.ask import codes

    raise typer.Exit(codes.related(_terminology(package, release), system, a, b, as_json=as_json))


@terminology.command()
def translate(
    system: Annotated[str, typer.Argument(help="The code system of the code.")],
    code: Annotated[str, typer.Argument(help="The code.")],
    concept_map: Annotated[str | None, typer.Option("--map", "-m", help="Canonical URL of a concept map.")] = None,
    source: Annotated[str | None, typer.Option(help="Maps from this value set.")] = None,
    target: Annotated[str | None, typer.Option(help="Maps to this value set.")] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="The code is one of the target.")] = False,
    package: Packages = None,
    release: Releases = None,
    as_json: AsJson = False,
) -> None:
    """What a code is in another code system; 1 where no map says."""
    from conformance.ask import codes

    if concept_map is None and source is None and target is None:
        raise typer.BadParameter("a map, or the value sets that it is between, is needed", param_hint="--map")
    made = _terminology(package, release)
    raise typer.Exit(codes.translated(made, system, code, concept_map, source, target, reverse=reverse, as_json=as_json))


def _terminology(package: list[Path] | None, release: list[Path] | None) -> Terminology:
    from conformance.validate.loading import Unusable, definitions_of, releases_of
    from interop.fhir.terminology import Terminology as Made

    try:
        return Made(definitions_of(package or ()), releases_of(release or ()))
    except Unusable as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from problem


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(snapshot)
    app.command()(fhirpath)
    app.add_typer(terminology, name="terminology")
