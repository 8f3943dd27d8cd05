"""``conformance simulate``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from conformance.scaling.facts import Place, Unusable, calibrated, measured, places
from conformance.scaling.model import Costs, limits, simulated
from conformance.scaling.page import tables


def run(people: list[int], calibrate: Path | None, seed: int, *, as_json: bool) -> int:
    """Print the tables; 2 for a file of figures that cannot be used."""
    try:
        rates = calibrated(calibrate) if calibrate is not None else measured()
    except Unusable as error:
        print(f"{error}: name a file of such lines, or leave --calibrate out.", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{calibrate} cannot be read ({error.strerror}): name a file of conformance bench --json.", file=sys.stderr)
        return 2
    if not as_json and not people:
        print(f"seed {seed}\n\n{tables(rates, seed)}")
        return 0
    costs = Costs.of(rates)
    wanted = [Place(f"{each:,} people", each, "asked for") for each in people] or [*places()]
    for place in wanted:
        outcome = asdict(simulated(place, costs, seed))
        print(json.dumps({"seed": seed, **outcome, "place": place.name, "people": place.people}))
    for limit in limits(costs):
        print(json.dumps({"limit": limit.what, "people": round(limit.people), "then": limit.then}))
    return 0
