"""The people of a practice, as the population loop finds them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.errors import Problem
from interop.ids.national import ODS_ORGANISATION, OdsCode
from interop.store.decision import Decision
from interop.store.plan import Search
from interop.store.values import Stored
from interop.store.where import About, All, Reference, Token, Where
from interop.store.where import Any as Either

PATIENT: Final = "Patient"
RISK: Final = "risk"
MEASURES: Final = (RISK,)
CHUNK: Final = 500
MOST: Final = 100_000
"""Patients of one practice."""


def practice(asked: Asked, default: str = "") -> str:
    """The ODS code of the practice that is asked about. Raises Problem ``bad-parameter``."""
    code = OdsCode.read(asked.inputs.text("organisation") or default)
    if code is None:
        raise BadInput("organisation", "", "an ODS code is wanted")
    return code


def measure(asked: Asked) -> str:
    """By what the list is ranked. Raises Problem ``bad-parameter``."""
    said = asked.inputs.text("measure") or RISK
    if said not in MEASURES:
        raise BadInput("measure", "", f"a list is ranked by {' or '.join(MEASURES)}")
    return said


def purpose(measure: str) -> str:
    """What a pseudonym is for: another list has others."""
    return f"analytics/{measure}"


def unnoted(decision: Decision) -> Decision:
    """The same for what is read and not given: nothing of it is noted as given."""
    return replace(decision, account=None)


async def registered(asked: Asked, decision: Decision, code: str) -> AsyncIterator[Stored]:
    """The Patients of a practice: those whose general practitioner it is, or whom it keeps and has in its care (a registration
    stands beside). Raises Problem ``too-costly``."""
    services = asked.services
    where = _registered(code, services.facts().names(code), services.clock.now())
    after: tuple[Any, ...] | None = None
    for _ in range(0, MOST, CHUNK):
        found: list[Stored] = await services.store.query(Search(decision, PATIENT, where, (), CHUNK, after))
        for stored in found[:CHUNK]:
            yield stored
        if len(found) <= CHUNK:
            return
        after = (found[CHUNK - 1].id,)
    raise Problem("too-costly")


def _registered(code: str, names: tuple[str, ...], now: int) -> Where:
    def at(parameter: str) -> Where:
        named = Token(parameter, code, ODS_ORGANISATION, "identifier")
        return Either((Reference(parameter, names), named)) if names else named

    cares = About("care", (f"ods:{code}", *names), now)
    return Either((at("general-practitioner"), All((at("organization"), cares))))
