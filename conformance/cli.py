"""The ``conformance`` command. What a command needs is imported when it runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from conformance import completing as offered
from conformance.ask.cli import add_to
from conformance.completing import words
from conformance.judged.cli import add_to as add_judges_to

app = typer.Typer(
    name="conformance",
    help="Judges resources and servers from outside, and makes synthetic messages to judge them with.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _conformance() -> None:
    """Judges resources and servers from outside, and makes synthetic messages to judge them with."""


@app.command()
def generate(
    patients: Annotated[int, typer.Option("--patients", "-n", min=1, help="How many synthetic people.")] = 100,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="The same seed gives the same messages.")] = 1,
    families: Annotated[
        str, typer.Option(help="Of hl7v2, openhr, nhs111, ers; several by commas.", autocompletion=words(offered.FAMILIES))
    ] = "hl7v2",
    messages: Annotated[int | None, typer.Option(min=1, help="Stop after so many messages.")] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="mllp, files or ndjson; else the natural one.", autocompletion=words(offered.FORMATS)),
    ] = None,
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


@app.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="convert, mllp, apply, feeds, read, lag, backlog, console, validate, serve, pages, or all but these two.",
            autocompletion=words(offered.BENCHES),
        ),
    ],
    messages: Annotated[int | None, typer.Option("--messages", "-n", min=1, max=2_000_000, help="How many messages.")] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="The same seed gives the same messages.")] = 1,
    runs: Annotated[int | None, typer.Option(min=1, max=99, help="Runs of which the median is shown; default 5.")] = None,
    full: Annotated[bool, typer.Option("--full", help="apply: 200,000 messages, backlog: 1,000,000; one run.")] = False,
    family: Annotated[
        str, typer.Option(help="convert: a01, adt, siu, itk, openhr, emis, gpconnect, bars, ers or all; several by commas.")
    ] = "",
    patients: Annotated[str, typer.Option(help="serve, pages: sizes of the data, several by commas.")] = "1000,10000",
    server: Annotated[str, typer.Option(help="serve: base URL of a server; else one is started.")] = "",
    database: Annotated[str, typer.Option(help="serve, pages: where the data is kept: postgresql://.../bench_{patients}")] = "",
    data: Annotated[
        Path | None, typer.Option(help="serve, pages: keep data here, a folder a size, and take what is there.")
    ] = None,
    queries: Annotated[Path | None, typer.Option(help="serve: YAML or JSON of searches for the mix.")] = None,
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="serve, pages: seconds a figure.")] = 5.0,
    connections: Annotated[int, typer.Option(min=1, max=1024, help="serve: connections.")] = 32,
    rest: Annotated[
        float, typer.Option(min=0, max=86_400, help="serve, pages: seconds to wait until the server rests; then beside its work.")
    ] = 1_800.0,
    without_rules: Annotated[bool, typer.Option("--open", help="serve: nobody signs on and everyone sees all.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each figure.")] = False,
) -> None:
    """Measure an engine of this environment from outside; exit 1 where what comes out is not what went in."""
    from conformance.bench.command import BENCHES, CASES, families, run

    if family:
        asked = list(CASES) if family == "all" else [one.strip() for one in family.split(",")]
        unknown = [one for one in asked if one not in CASES]
        if unknown or name != "convert":
            raise typer.BadParameter(f"the bench convert knows {', '.join(CASES)} and all", param_hint="--family")
        raise typer.Exit(families(asked, messages=messages, seed=seed, runs=runs, as_json=as_json))
    if name in ("serve", "pages"):
        from conformance.bench.serving.command import Request
        from conformance.bench.serving.command import run as serve

        if not all(size.strip().isdigit() and int(size) for size in patients.split(",")):
            raise typer.BadParameter("whole numbers by commas", param_hint="--patients")
        sizes = tuple(int(size) for size in patients.split(","))
        if name == "pages" and (server or without_rules):
            raise typer.BadParameter("pages are those of an engine that is started here, for whoever signs on", param_hint="NAME")
        wanted = Request(
            sizes, seed, server, database, data, queries, seconds, connections, as_json, without_rules, name == "pages", rest
        )
        raise typer.Exit(serve(wanted))
    if name not in (*BENCHES, "all"):
        raise typer.BadParameter(f"no bench {name!r}; there are {', '.join(BENCHES)}, serve, pages and all", param_hint="NAME")
    chosen = list(BENCHES) if name == "all" else [name]
    raise typer.Exit(run(chosen, messages=messages, seed=seed, runs=runs, full=full, as_json=as_json))


@app.command()
def simulate(
    people: Annotated[list[int] | None, typer.Option(min=1, help="A deployment for so many people; may be repeated.")] = None,
    calibrate: Annotated[Path | None, typer.Option(help="Lines of conformance bench --json in place of our measurements.")] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="The same seed gives the same arrivals.")] = 20_260_401,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each deployment and limit.")] = False,
) -> None:
    """Simulate deployments from one practice to England: how large, how long messages wait, what breaks first."""
    from conformance.scaling.command import run

    raise typer.Exit(run(people or [], calibrate, seed, as_json=as_json))


@app.command()
def day(
    once: Annotated[bool, typer.Option("--once", help="Exit when the records are printed: 0 when all is well.")] = False,
    data: Annotated[Path | None, typer.Option(help="Keep the data here; else a temporary directory.")] = None,
    http: Annotated[
        str, typer.Option(help="HOST:PORT of the FHIR API, ingest and pages.", envvar="INTEROP_HTTP")
    ] = "127.0.0.1:8080",
    mllp: Annotated[str, typer.Option(help="HOST:PORT of the MLLP port.", envvar="INTEROP_MLLP")] = "127.0.0.1:2575",
    mappers: Annotated[int | None, typer.Option(min=0, help="Mapper processes.")] = None,
    base: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The day that is told of; else yesterday.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Write an SVG of the first record to this file.")] = None,
) -> None:
    """Start an engine, send a day of example messages through its ports, print three shared records, stay up."""
    from conformance.day.run import run

    on = base.date() if base else None
    raise typer.Exit(run(once=once, data=data, http=http, mllp=mllp, mappers=mappers, base=on, picture=picture))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def topology(
    context: typer.Context,
    each: Annotated[int, typer.Option(min=1, max=9, help="Processes of each role.")] = 2,
    data: Annotated[Path | None, typer.Option(help="A directory to keep everything in, new or kept; else a temporary one.")] = None,
    http: Annotated[int, typer.Option(help="The front's port for HTTP; 0 takes any.")] = 8080,
    mllp: Annotated[int, typer.Option(help="The front's port for MLLP; 0 takes any.")] = 2575,
    mappers: Annotated[int, typer.Option(min=0, help="Mapper processes of each worker.")] = 1,
    front: Annotated[
        str, typer.Option(help="haproxy, own, or auto: HAProxy where it is installed.", autocompletion=words(offered.FRONTS))
    ] = "auto",
    no_redis: Annotated[bool, typer.Option("--no-redis", help="Without Redis: processes look for themselves.")] = False,
    seconds: Annotated[float | None, typer.Option("--for", min=0, help="End after so many seconds.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line with all addresses.")] = False,
) -> None:
    """Start several processes of the engine on PostgreSQL and Redis behind a front, on loopback; more options go to each."""
    from conformance.topology.command import run
    from conformance.topology.running import FRONTS

    if front not in FRONTS:
        raise typer.BadParameter(f"no front {front!r}; there are {', '.join(FRONTS)}", param_hint="--front")
    given = {"each": each, "http": http, "mllp": mllp, "mappers": mappers, "front": front, "with_redis": not no_redis}
    raise typer.Exit(run(context.args, data=data, seconds=seconds, as_json=as_json, **given))


@app.command()
def validate(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILES...", help="Files, folders, - for standard input: JSON, XML, ndjson.")
    ],
    package: Annotated[
        list[Path] | None, typer.Option("--package", "-p", help="Folder, .tgz, .zip or file of definitions; several by repeating.")
    ] = None,
    profile: Annotated[list[str] | None, typer.Option("--profile", help="Canonical URL that resources must keep.")] = None,
    terminology: Annotated[
        list[Path] | None, typer.Option("--terminology", "-t", help="A release loaded by `conformance terminology load`.")
    ] = None,
    must_support: Annotated[bool, typer.Option("--must-support", help="Tell must-support elements that are absent.")] = False,
    unknown_extensions: Annotated[
        str,
        typer.Option(
            help="What an extension is that no package defines: error, warning or information.",
            autocompletion=words(offered.SEVERITIES),
        ),
    ] = "information",
    wrong_display: Annotated[
        str, typer.Option(help="What a wrong display is: error, warning or information.", autocompletion=words(offered.SEVERITIES))
    ] = "warning",
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each file, nothing else.")] = False,
    form: Annotated[
        str, typer.Option("--output", help="terminal, outcome, junit or html.", autocompletion=words(offered.OUTPUTS))
    ] = "terminal",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file, else to standard output.")] = None,
    second: Annotated[
        Path | None, typer.Option("--second-opinion", metavar="JAR", help="The official validator: its JAR, or a folder of JARs.")
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, max=256, help="Processes; default: one a core.")] = None,
) -> None:
    """Check FHIR R4 resources; exit 1 where any file has an error, 2 where something that was given cannot be used."""
    from conformance.validate.checked import SEVERITIES
    from conformance.validate.command import FORMS, Request
    from conformance.validate.command import validate as run
    from conformance.validate.judging import Options

    if form not in FORMS:
        raise typer.BadParameter(f"no form {form!r}; there are terminal, outcome, junit and html", param_hint="--output")
    if as_json and form not in ("terminal", "json"):
        raise typer.BadParameter("--json is a form of its own; leave one of the two out", param_hint="--output")
    for name, severity in (("--unknown-extensions", unknown_extensions), ("--wrong-display", wrong_display)):
        if severity not in SEVERITIES:
            raise typer.BadParameter(f"no severity {severity!r}; there are {', '.join(SEVERITIES)}", param_hint=name)
    options = Options(
        tuple(package or ()), tuple(profile or ()), tuple(terminology or ()), must_support, unknown_extensions, wrong_display
    )
    raise typer.Exit(run(Request(paths, options, "json" if as_json else form, out, second, jobs)))


@app.command()
def cases(
    manifest: Annotated[Path, typer.Argument(help="validator/manifest.json of HL7's fhir-test-cases.")],
    version: Annotated[str, typer.Option(help="The FHIR version whose cases are run.")] = "4.0",
    only: Annotated[str, typer.Option(help="Only cases whose name contains this.")] = "",
    package: Annotated[
        list[Path] | None, typer.Option("--package", "-p", help="A package that cases ask for; several by repeating.")
    ] = None,
    always: Annotated[list[Path] | None, typer.Option("--always", help="A package for every case; several by repeating.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each run of a case, nothing else.")] = False,
) -> None:
    """Run HL7's validator cases; exit 1 where a verdict differs from the official validator's, 2 for a bad manifest."""
    from conformance.cases.command import judge
    from conformance.cases.manifest import BadManifest

    try:
        given = {"packages": tuple(package or ()), "always": tuple(always or ())}
        found = judge(manifest, version=version, only=only, as_json=as_json, say=typer.echo, **given)
    except BadManifest as problem:
        typer.echo(str(problem), err=True)
        raise typer.Exit(2) from problem
    raise typer.Exit(found)


@app.command()
def crash(
    kills: Annotated[int, typer.Option("--kills", "-k", min=1, max=10_000, help="How many times the engine is killed.")] = 100,
    messages: Annotated[
        int, typer.Option("--messages", "-n", min=10, max=200_000, help="Messages that are sent about each.")
    ] = 10_000,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="The same seed chooses the same moments.")] = 1,
    power: Annotated[
        bool, typer.Option("--power", help="With each kill the power goes: what was not synced is left by chance.")
    ] = False,
    database: Annotated[
        str, typer.Option(help="postgresql://USER@HOST:PORT/NAME: each round makes a database after that name.")
    ] = "",
    data: Annotated[Path | None, typer.Option(help="Keep what was found here, and go on from it when run again.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each round.")] = False,
) -> None:
    """Kill an engine under load (SIGKILL); exit 1 where anything acknowledged is missing, is there twice or came out otherwise."""
    from conformance.crash.command import Request, run

    raise typer.Exit(run(Request(kills, messages, seed, power, database, data, as_json)))


@app.command()
def linear(
    servers: Annotated[list[str], typer.Argument(help="Base URLs of servers that are one record, such as http://127.0.0.1:8080.")],
    seconds: Annotated[float, typer.Option(min=1, help="How long clients write and read.")] = 30,
    clients: Annotated[int, typer.Option(min=1, max=1_000, help="Clients at once.")] = 12,
    registers: Annotated[int, typer.Option(min=1, max=100, help="Resources that all of them write.")] = 4,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, help="The same seed chooses the same operations.")] = 1,
    feed: Annotated[str, typer.Option(help="An HL7 v2 feed to send messages to and to wait for; else only FHIR is written.")] = "",
    token: Annotated[str, typer.Option(help="The bearer token of the clients.", envvar="CONFORMANCE_TOKEN")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Whether all answers of a server, or of several processes of one, could have come one after another; kill them meanwhile."""
    from conformance.linear.command import Request, run

    raise typer.Exit(run(Request(servers, seconds, clients, registers, seed, feed, token, as_json)))


add_to(app)
add_judges_to(app)


def main() -> None:
    """The entry point."""
    app()
