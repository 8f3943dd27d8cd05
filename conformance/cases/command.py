"""``conformance cases``: read the manifest, run what applies, print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.cases.manifest import applicable, read
from conformance.cases.report import lines, table
from conformance.cases.run import INVENTED, MISSED, run


def judge(
    manifest: Path,
    *,
    version: str,
    only: str = "",
    packages: Sequence[Path] = (),
    always: Sequence[Path] = (),
    as_json: bool = False,
    say: Callable[[str], None] = print,
) -> int:
    """Run the cases of a manifest; 1 where a verdict differs from the official validator's, else 0. Raises BadManifest."""
    cases = applicable(read(manifest), version, only)
    results = [result for case in cases for result in run(case, manifest.parent, packages, always)]
    for line in lines(results) if as_json else table(results):
        say(line)
    return int(any(each.verdict in (MISSED, INVENTED) for each in results))
