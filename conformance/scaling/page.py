"""Writes the simulated tables into docs/scaling.md; ``--check`` tells whether they are there as they would be written.

python -m conformance.scaling.page [--check]
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from conformance.scaling.facts import Measured, demands, digest_of, measured, places
from conformance.scaling.model import Costs, Outcome, limits, simulated
from interop.generated import between, write

GENERATOR: Final = 1
SEED: Final = 20_260_401
PAGE: Final = Path(__file__).parents[2] / "docs" / "scaling.md"
BEGIN: Final = "<!-- simulated: begin "
END: Final = "<!-- simulated: end -->"
SOURCES: Final = ("measurements.csv", "populations.csv", "demand.csv", "facts.py", "model.py", "queueing.py")


def tables(rates: Mapping[str, Measured], seed: int) -> str:
    """All of it as Markdown."""
    costs = Costs.of(rates)
    outcomes = [simulated(place, costs, seed) for place in places()]
    return "\n\n".join((_outcomes(outcomes), _waiting(outcomes), _limits(costs), _demand(), _measured(rates)))


def _lines(head: str, rows: list[list[str]]) -> str:
    columns = head.split("|")
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _outcomes(outcomes: list[Outcome]) -> str:
    rows = [
        [
            each.place.name, f"{each.place.people:,}", rate(each.load.taken), rate(each.load.requests), share(each.applying),
            f"{each.shards}", f"{each.mapping}", f"{each.serving}", f"{each.cores:,}", size(each.bytes), days(each.loading),
        ]
        for each in outcomes
    ]  # fmt: skip
    head = (
        "place|people|messages/s|requests/s|applying, of one engine|shards|mapper cores|API cores|cores in all|"
        "disk a year|first load of whole records"
    )
    return _lines(head, rows)


def _waiting(outcomes: list[Outcome]) -> str:
    rows = [[each.place.name, time(each.acknowledged), time(each.visible), time(each.answered)] for each in outcomes]
    return _lines("place|acknowledged, p99|in the record, p99|a request answered, p99", rows)


def _limits(costs: Costs) -> str:
    return _lines(
        "full first|at about so many people|then", [[each.what, people(each.people), each.then] for each in limits(costs)]
    )


def _demand() -> str:
    rows = [[one.what, f"{one.each:g}", f"{one.messages}", "known" if one.known else "assumed", one.why] for one in demands()]
    return _lines("what|of one person in a year|messages or looks each|known or assumed|why", rows)


def _measured(rates: Mapping[str, Measured]) -> str:
    rows = [[one.figure, f"{one.value:,.0f} {one.unit}", one.machine, one.version, one.data] for one in rates.values()]
    return _lines("measured|rate|machine|versions|data", rows)


def rate(value: float) -> str:
    """Customers a second."""
    return f"{value:.2g}" if value < 10 else f"{float(f'{value:.2g}'):,.0f}"


def share(value: float) -> str:
    """Of one, in hundredths."""
    return f"{float(f'{100 * value:.2g}'):g}%"


def size(value: float) -> str:
    """Bytes, with two digits."""
    unit = next(each for each in (1e15, 1e12, 1e9, 1e6) if value >= each or each == 1e6)
    return f"{float(f'{value / unit:.2g}'):g} {({1e15: 'PB', 1e12: 'TB', 1e9: 'GB', 1e6: 'MB'})[unit]}"


def days(value: float) -> str:
    """Seconds of a long work."""
    return f"{float(f'{value / 86_400:.2g}'):g} days" if value >= 86_400 else f"{float(f'{value / 3_600:.2g}'):g} hours"


def time(value: float) -> str:
    """Seconds of a short wait."""
    return f"{float(f'{value * 1000:.2g}'):g} ms"


def people(value: float) -> str:
    """People, with two digits."""
    return f"{float(f'{value:.2g}'):,.0f}"


def written(page: str) -> str:
    """The page with the tables as they are now. Raises ValueError where the marks are missing."""
    digest = hashlib.sha256(digest_of(SOURCES)).hexdigest()[:16]
    mark = f"{BEGIN}conformance/scaling {digest}, generator {GENERATOR}, by scripts/generate -->"
    return between(page, BEGIN, END, f"{mark}\n{tables(measured(), SEED)}\n{END}", "the tables")


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "what is simulated", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
