"""The same facts of one made-up person as the three ways out of a GP system tell them: OpenHR, the EMIS extract, GP Connect."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from interop.mapping.library import adapters
from tests.spec.families.gp_same_facts.emis import emis
from tests.spec.families.gp_same_facts.facts import CODES, READ, SNOMED
from tests.spec.families.gp_same_facts.gpconnect import gpconnect
from tests.spec.families.gp_same_facts.openhr import openhr
from tests.spec.families.maps import make

__all__ = ["CODES", "READ", "SNOMED", "made"]


def made(family: str) -> list[dict[str, Any]]:
    """What one of the three makes of them."""
    bodies = {"openhr": lambda: [openhr()], "emis": lambda: list(adapters()["emis"].split(BytesIO(emis()))), "gpconnect": gpconnect}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for body in bodies[family]():
        outcome = make(family, body)
        for name in dict.fromkeys(one.name for one in outcome.contributions if one.effect == "upsert"):
            for one in outcome.all(name):
                known = found.setdefault((one["resourceType"], one["id"]), {})
                for key, value in one.items():
                    known[key] = [*known[key], *value] if isinstance(value, list) and key in known else value
    return list(found.values())
