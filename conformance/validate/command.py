"""``conformance validate``: from options to an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from conformance.validate.checked import Totals, summary
from conformance.validate.comparison import Comparison, Said, compare
from conformance.validate.inputs import STANDARD_INPUT, Missing, files, required, units
from conformance.validate.judging import Judge, Options
from conformance.validate.loading import Unusable
from conformance.validate.outputs import Output
from conformance.validate.progress import progress
from conformance.validate.running import Worked, run

FORMS = ("terminal", "json", "outcome", "junit", "html")
VALID, INVALID, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line."""

    paths: Sequence[Path]
    options: Options
    form: str = "terminal"
    out: Path | None = None
    second: Path | None = None
    jobs: int | None = None


def validate(request: Request) -> int:
    """0 where no file has an error, 1 where any has, 2 where a file, package, profile or validator cannot be used."""
    totals = Totals()
    try:
        required(request.paths)
        judge = Judge(request.options)
        for name, reason in judge.problems:
            _tell(f"{name}: {reason}")
        opinions = _opinions(request, judge)
        with _sink(request.out) as sink:
            output = _output(request.form, sink)
            _report(request, judge, output, opinions, totals)
        if request.out is not None:
            _tell(f"{summary(totals)}; written to {request.out}")
    except KeyboardInterrupt:
        return INTERRUPTED
    except (Unusable, Missing, OSError) as problem:
        if isinstance(problem, BrokenPipeError):
            # Whoever read the report has read enough; what is left in the buffer must not fail at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            _tell(_sentence(problem))
            return UNUSABLE
    return INVALID if totals.errors else VALID


def _report(request: Request, judge: Judge, output: Output, opinions: dict[str, list[Said]] | None, totals: Totals) -> None:
    """Judge everything and tell it, file by file."""
    file: Totals | None = None
    profiles: dict[str, None] = {}
    ours: list[Said] = []
    jobs = request.jobs or os.cpu_count() or 1
    with progress(request.paths) as advance:
        for worked in run(request.options, judge, units(request.paths), jobs):
            if file is None:
                file, profiles, ours = Totals(), {}, []
                output.begin(worked.name)
            for checked in worked.checked:
                file.add(checked)
                profiles.update(dict.fromkeys(checked.profiles))
                output.resource(checked)
                if opinions is not None:
                    ours += [Said(each.severity, each.expression, each.message) for each in checked.findings]
            if worked.last:
                totals.end(file)
                output.end(file, list(profiles), _second(worked, ours, opinions))
                file = None
            advance(worked.name, worked.last)
    output.close(totals)


def _second(worked: Worked, ours: list[Said], opinions: dict[str, list[Said]] | None) -> Comparison | None:
    theirs = opinions.get(worked.name) if opinions is not None else None
    return compare(ours, theirs) if theirs is not None else None


def _opinions(request: Request, judge: Judge) -> dict[str, list[Said]] | None:
    """What a second validator says of the files that hold one resource; None where none was asked."""
    if request.second is None:
        return None
    from conformance.validate.second import grouped, opinions
    from interop.fhir.definitions import Definitions

    named = (path for path in files(request.paths) if str(path) != STANDARD_INPUT)
    sole = ((path, judge.given(path)) for path in named)
    groups = grouped((path, profiles) for path, profiles in sole if profiles is not None)
    return opinions(request.second, groups, judge.definitions, Definitions.base())


def _output(form: str, sink: BinaryIO) -> Output:
    if form == "json":
        from conformance.validate.as_json import JsonLines

        return JsonLines(sink)
    if form == "outcome":
        from conformance.validate.as_outcome import Outcomes

        return Outcomes(sink)
    if form == "junit":
        from conformance.validate.as_junit import JUnit

        return JUnit(sink)
    if form == "html":
        from conformance.validate.as_html import Page

        return Page(sink)
    from conformance.validate.as_text import Terminal

    return Terminal(sink, terminal=sink is sys.stdout.buffer and sys.stdout.isatty())


@contextmanager
def _opened(out: Path) -> Iterator[BinaryIO]:
    with out.open("wb") as sink:
        yield sink


def _sink(out: Path | None) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if out is None else _opened(out)


def _sentence(problem: Exception) -> str:
    if isinstance(problem, OSError):
        return f"{problem.filename or 'The output'}: {problem.strerror or 'cannot be written'}"
    return str(problem)


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
