"""Figures and how they are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from conformance.bench.machine import Machine


class WrongOutcome(Exception):
    """What came out is not what went in; the text says how."""


@dataclass(slots=True)
class Figure:
    """One measured rate: a value for each run, beside the calibration of that run. ``target`` is the least that is wanted."""

    name: str
    unit: str
    runs: list[float]
    calibration: list[float] = field(default_factory=list)
    target: float | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(self.runs)

    def as_json(self) -> dict[str, Any]:
        """The figure by name."""
        return {
            "figure": self.name,
            "value": round(self.value, 1),
            "unit": self.unit,
            "runs": [round(run, 1) for run in self.runs],
            "calibration_ms": [round(run, 1) for run in self.calibration],
            "target": self.target,
            "met": self.target is None or self.value >= self.target,
            **self.notes,
        }

    def lines(self) -> Iterable[str]:
        """The figure in words."""
        met = self.target is None or self.value >= self.target
        wanted = "" if self.target is None else f"  (target {self.target:,.0f}: {'met' if met else 'not met'})"
        yield f"  {self.name}: {self.value:,.0f} {self.unit}{wanted}"
        if len(self.runs) > 1:
            yield f"    runs {', '.join(f'{run:,.0f}' for run in self.runs)}"
        if self.calibration:
            yield f"    calibration loop {median(self.calibration):.1f} ms"
        for name, value in self.notes.items():
            yield f"    {name}: {value}"


@dataclass(slots=True)
class Report:
    """What one bench found."""

    bench: str
    machine: Machine
    versions: str
    data: str
    facts: dict[str, Any]
    figures: list[Figure] = field(default_factory=list)
    method: str = ""

    def show(self, *, as_json: bool) -> None:
        """Print it."""
        if as_json:
            head = {"bench": self.bench, "machine": self.machine.as_json(), "versions": self.versions, "data": self.facts}
            for figure in self.figures:
                print(json.dumps(head | figure.as_json()), flush=True)
            return
        print(f"{self.bench}: {self.data}\n  {self.machine}\n  {self.versions}")
        if self.method:
            print(f"  {self.method}")
        for figure in self.figures:
            print("\n".join(figure.lines()))
        print(flush=True)
