"""What clocks tell of how long things take: counts by clock, and the share that was in time. Of people nothing is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from interop.clocks.limits import EARLY, MET
from interop.clocks.runs import BREACHED, RUNNING
from interop.clocks.tasks import SYSTEM, name_of, run_of, took
from interop.fhir.shapes import dicts, text


@dataclass(slots=True)
class Measure:
    """Of one clock. ``counts`` are by outcome: ``met``, ``early``, ``breached`` (those too that run and are overdue), ``running``
    (not due yet), ``not-needed``, ``cancelled``; ``minutes`` are those that each of the stopped took."""

    name: str
    display: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    minutes: list[int] = field(default_factory=list)

    @property
    def share(self) -> float | None:
        """The share that was met of those of which it is known; None where it is known of none."""
        whole = self.counts[MET] + self.counts[EARLY] + self.counts[BREACHED]
        return self.counts[MET] / whole if whole else None

    @property
    def median(self) -> float | None:
        """Half of the stopped took no more minutes; None where none was stopped."""
        return median(self.minutes) if self.minutes else None


def measured(tasks: Iterable[dict[str, Any]], begin: int, end: int, now: int) -> list[Measure]:
    """The clocks that count from within ``begin`` to before ``end`` (microseconds), by name. What is overdue is breached whether it
    has been noticed or not."""
    found: dict[str, Measure] = {}
    for task in tasks:
        name, run = name_of(task), run_of(task)
        if not name or run is None or not begin <= run.start < end:
            continue
        one = found.setdefault(name, Measure(name))
        one.display = one.display or _display(task)
        one.counts[run.state if not run.open else BREACHED if now > run.due else RUNNING] += 1
        minutes = took(task)
        if minutes is not None and run.state in (MET, EARLY, BREACHED):
            one.minutes.append(minutes)
    return [found[name] for name in sorted(found)]


def _display(task: dict[str, Any]) -> str:
    return next((text(each, "display") for each in dicts(task.get("code"), "coding") if text(each, "system") == SYSTEM), "")
