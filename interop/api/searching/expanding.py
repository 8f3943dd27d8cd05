"""Value sets and code hierarchies that a search names: ``:in``, ``:not-in``, ``:below``, ``:above``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from interop.api.searching.concepts import related
from interop.api.searching.ground import MOST, Codes, Ground, Pairs, Unexpanded
from interop.api.searching.hierarchies import ABOVE, BELOW, steps
from interop.api.searching.references import ID
from interop.api.searching.unsupported import malformed
from interop.api.services import Services
from interop.formats.json import load_json
from interop.store.decision import Decision
from interop.store.plan import Read
from interop.store.values import Stored

CODES: Final = 10_000
T = TypeVar("T")


async def expanded(services: Services, decision: Decision, ground: Ground, understanding: Callable[[Ground], T]) -> T:
    """What ``understanding`` comes to, with the codes fetched that it asks for. Raises Problem ``bad-parameter`` where that cannot
    be done."""
    found: dict[Codes, Pairs] = {}
    while True:
        try:
            return understanding(Ground(ground.known, ground.base, ground.now, found) if found else ground)
        except Unexpanded as wanted:
            if len(found) >= MOST:
                raise malformed(wanted.parameter, f"at most {MOST} value sets or hierarchies are taken") from None
            found[wanted.codes] = await _fetch(services, decision, ground, wanted)


async def _fetch(services: Services, decision: Decision, ground: Ground, wanted: Unexpanded) -> Pairs:
    from interop.fhir.terminology import TooCostly, Uncomputable

    relation, value = wanted.codes
    if relation in (BELOW, ABOVE):
        return await steps(services.store, decision, relation, value)
    try:
        if relation == "in":
            return await _value_set(services, decision, ground, wanted.parameter, value)
        system, _, code = value.rpartition("|")
        terminology = await services.knowledge.for_value_set(services, decision, system)
        return await services.knowledge.compute(lambda: related(terminology, relation, system, code))
    except Uncomputable:
        raise malformed(wanted.parameter, "the codes cannot be listed: a value set or code system is not known here") from None
    except TooCostly:
        raise malformed(wanted.parameter, f"more than {CODES} codes are meant: a narrower value set is wanted") from None


async def _value_set(services: Services, decision: Decision, ground: Ground, parameter: str, value: str) -> Pairs:
    """By canonical URL, or by ``ValueSet/id`` of this server."""
    local = value.removeprefix(ground.base + "/")
    named: str | dict[str, Any] = value
    if local.startswith("ValueSet/") or ID.fullmatch(local):
        stored: list[Stored] = await services.store.query(Read(decision, "ValueSet", local.removeprefix("ValueSet/")))
        if not stored or stored[0].deleted:
            raise malformed(parameter, "there is no such ValueSet here")
        named = load_json(stored[0].body, values=None)
    url = named if isinstance(named, str) else str(named.get("url", ""))
    terminology = await services.knowledge.for_value_set(services, decision, url)
    found = await services.knowledge.compute(lambda: terminology.expand(named))
    return tuple(dict.fromkeys((each.system, each.code) for each in found.contains))
