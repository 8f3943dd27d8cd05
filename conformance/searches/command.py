"""``conformance search``: load the fixtures, run the cases, show what came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.judged.outcome import PASS, Outcome
from conformance.judged.progress import advancing
from conformance.judged.showing import Form, show
from conformance.judged.target import Where, target
from conformance.searches.cases import read
from conformance.searches.run import load, run, runs


def judge(
    paths: Sequence[Path],
    where: Where,
    form: Form,
    *,
    fixtures: Path | None = None,
    only: str = "",
    loading: bool = True,
    say: Callable[[str], None] = print,
) -> int:
    """Run the cases of files and folders; the exit code. ``only``: requests that contain this. Raises Unusable."""
    suites = [(path, *read(path, fixtures)) for path in paths]
    outcomes: list[Outcome] = []
    signed = where.serve and any(case.auth for _, cases, _ in suites for case in cases)
    with target(where._replace(signed=signed)) as client:
        for path, cases, resources in suites:
            if loading:
                loaded = advancing(load(client, resources), len(resources), "fixtures")
                outcomes += [each for each in loaded if each.verdict != PASS]
            name = path.stem
            wanted = [each for case in cases if only in f"{case.name} {case.request}" for each in runs(case, name)]
            outcomes += [run(client, *each) for each in advancing(wanted, len(wanted), "searches")]
    return show("conformance search", outcomes, form, say)
