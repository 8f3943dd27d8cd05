"""``conformance testscript``: run TestScripts, show what came of each assert, test and script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from conformance.judged.outcome import VERDICTS, Outcome, Unusable, worst
from conformance.judged.progress import advancing
from conformance.judged.showing import Form, show
from conformance.judged.target import Where, target
from conformance.testscripts.run import Run
from conformance.testscripts.script import Script, opened


def judge(
    paths: list[Path],
    where: Where,
    form: Form,
    *,
    only: str = "",
    given: Mapping[str, str] | None = None,
    packages: tuple[Path, ...] = (),
    say: Callable[[str], None] = print,
) -> int:
    """Run the scripts of files, folders and archives; the exit code. Raises Unusable."""
    with opened(paths) as scripts, target(where) as client:
        wanted = [each for each in scripts if only in each.name]
        if not wanted:
            raise Unusable("there is no TestScript")
        outcomes: list[Outcome] = []
        for script in advancing(wanted, len(wanted), "scripts"):
            outcomes += Run(client, script, given or {}, packages).outcomes()
        status = show("conformance testscript", outcomes, form, say)
        if not form.as_json:
            say(_summary(wanted, outcomes))
    return status


def _summary(scripts: list[Script], outcomes: list[Outcome]) -> str:
    """Scripts and tests by their verdict."""
    by_script = Counter(worst(each.verdict for each in outcomes if each.suite == script.name) for script in scripts)
    parts = [(each.suite, each.case.partition(":")[0], each.verdict) for each in outcomes]
    by_test = Counter(worst(each[2] for each in parts if each[:2] == test) for test in {each[:2] for each in parts})
    return "; ".join(f"{name}: {_counted(counts)}" for name, counts in (("scripts", by_script), ("tests", by_test)))


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
