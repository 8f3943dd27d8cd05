"""``conformance search`` and the other judges of a server. What a command needs is imported when it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from conformance.judged.showing import Form
    from conformance.judged.target import Where

ServerUrl = Annotated[str, typer.Option("--server", help="Base URL of the FHIR server.")]
Serve = Annotated[bool, typer.Option("--serve", help="Start an engine for it, with fresh data, and end it afterwards.")]
Database = Annotated[str, typer.Option(help="--serve: where the engine keeps its data, such as postgresql://...")]
Token = Annotated[
    str, typer.Option(help="A bearer token for all requests.", envvar="INTEROP_TOKEN", show_default=False, show_envvar=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="A JSON line for each outcome, nothing else.")]
JUnit = Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML to this file too.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tell each case that was skipped, too.")]
Only = Annotated[str, typer.Option(help="Only cases that contain this.")]


def search(
    paths: Annotated[list[Path], typer.Argument(metavar="CASES...", help="JSON files of cases, or folders with a cases.csv.")],
    server: ServerUrl = "",
    serve: Serve = False,
    database: Database = "",
    fixtures: Annotated[Path | None, typer.Option(help="File or folder of resources, else those beside the cases.")] = None,
    token: Token = "",
    auth: Annotated[list[str] | None, typer.Option(help="NAME=TOKEN for cases that name it; several by repeating.")] = None,
    mint: Annotated[str, typer.Option(help="A command that prints tokens, such as 'interop token --data data'.")] = "",
    no_load: Annotated[bool, typer.Option("--no-load", help="The fixtures are there already.")] = False,
    only: Only = "",
    as_json: AsJson = False,
    junit: JUnit = None,
    verbose: Verbose = False,
) -> None:
    """Run cases of search against a FHIR server; exit 1 where an answer is not as it should be, 2 where nothing can be run."""
    from conformance.searches.command import judge

    where, form = _given(server, serve, database, as_json, junit, verbose, token)
    where = where._replace(auth=dict(each.partition("=")[::2] for each in auth or ()), mint=mint)
    _end(lambda: judge(paths, where, form, fixtures=fixtures, only=only, loading=not no_load, say=typer.echo))


def scripts(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="TestScripts: files, folders, .tgz archives.")],
    server: ServerUrl = "",
    serve: Serve = False,
    database: Database = "",
    token: Token = "",
    setting: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE of a variable; several by repeating.")] = None,
    package: Annotated[list[Path] | None, typer.Option("--package", "-p", help="Definitions that profiles come from.")] = None,
    only: Only = "",
    as_json: AsJson = False,
    junit: JUnit = None,
    verbose: Verbose = False,
) -> None:
    """Run FHIR TestScripts of R4 and STU3 against a server; exit 1 where an assert fails, 2 where nothing can be run."""
    from conformance.testscripts.command import judge

    where, form = _given(server, serve, database, as_json, junit, verbose, token)
    given = dict(each.partition("=")[::2] for each in setting or ())
    _end(lambda: judge(paths, where, form, only=only, given=given, packages=tuple(package or ()), say=typer.echo))


def examples(
    paths: Annotated[list[Path], typer.Argument(metavar="PACKAGE...", help="Folders, .tgz packages, files of JSON resources.")],
    server: ServerUrl = "",
    serve: Serve = False,
    database: Database = "",
    token: Token = "",
    sample: Annotated[int | None, typer.Option(min=1, help="So many of them, chosen by the seed.")] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="The same seed chooses the same.")] = 1,
    connections: Annotated[int, typer.Option(min=1, max=64, help="Examples at a time.")] = 8,
    keep: Annotated[bool, typer.Option("--keep", help="Leave them on the server.")] = False,
    only: Only = "",
    as_json: AsJson = False,
    junit: JUnit = None,
    verbose: Verbose = False,
) -> None:
    """Take example resources through a server: create, read back, XML both ways, search by their own values, delete."""
    from conformance.roundtrip.command import Limits, judge

    where, form = _given(server, serve, database, as_json, junit, verbose, token)
    limits = Limits(sample, seed, connections)
    _end(lambda: judge(paths, where, form, limits, only=only, keep=keep, say=typer.echo))


def patch(
    paths: Annotated[list[Path], typer.Argument(metavar="CASES...", help="Files of patch cases, JSON or XML.")],
    server: ServerUrl = "",
    serve: Serve = False,
    database: Database = "",
    token: Token = "",
    only: Only = "",
    as_json: AsJson = False,
    junit: JUnit = None,
    verbose: Verbose = False,
) -> None:
    """Run cases of FHIRPath Patch, JSON Patch and XML Patch over HTTP; those about other documents are told as skipped."""
    from conformance.patches.command import judge

    where, form = _given(server, serve, database, as_json, junit, verbose, token)
    _end(lambda: judge(paths, where, form, only=only, say=typer.echo))


def _given(
    server: str, serve: bool, database: str, as_json: bool, junit: Path | None, verbose: bool, token: str
) -> tuple[Where, Form]:
    from conformance.judged.showing import Form
    from conformance.judged.target import Where

    return Where(server, serve, database=database, token=token), Form(as_json, junit, verbose)


def _end(judge: Callable[[], int]) -> None:
    """Run a judge and leave with its exit code; 2 with a sentence where what was given cannot be used."""
    from conformance.judged.outcome import Unusable

    try:
        code = judge()
    except Unusable as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from problem
    raise typer.Exit(code)


def add_to(app: typer.Typer) -> None:
    """Give an app the judges of servers."""
    for name, command in (("search", search), ("testscript", scripts), ("patch", patch), ("examples", examples)):
        app.command(name)(command)
