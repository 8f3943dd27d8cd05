"""What waits for the privacy officer (``$privacy-queue``), and what the officer found (``$privacy-outcome``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from interop.api.asgi import Response
from interop.api.operations.operation import Asked
from interop.api.services import Services
from interop.audit.events import event_id
from interop.audit.privacy import OUTCOMES, rules
from interop.audit.trail import Trail
from interop.clock import instant
from interop.errors import Problem
from interop.formats.json import write_json
from interop.store.sqlite.audit_index import Item

MOST: Final = 1000


async def privacy_queue(asked: Asked) -> Response:
    """Parameters with an ``item`` for each thing that waits for the privacy officer, oldest first; with ``closed`` what has an
    outcome. Raises Problem ``forbidden``."""
    services = asked.services
    services.decide(asked.request, "$privacy-queue")
    trail = trail_of(services)
    await trail.aside(trail.catch_up)
    count = min(asked.inputs.number("_count") or 100, MOST)
    found = trail.index.items(open=not asked.inputs.flag("closed"), rule=asked.inputs.text("rule"), count=count)
    asked.request.account.resources += len(found)
    for each in found:
        asked.request.account.patients.update((patient, None) for patient in each.patients.split())
    return parameters([_item(each) for each in found])


async def privacy_outcome(asked: Asked) -> Response:
    """Write down what the privacy officer found of an item. Raises Problem ``forbidden``, ``not-found``, ``bad-parameter``."""
    services = asked.services
    services.decide(asked.request, "$privacy-outcome")
    outcome = asked.inputs.text("outcome")
    if outcome not in OUTCOMES:
        raise Problem("bad-parameter", where="outcome", detail=f"one of {', '.join(OUTCOMES)} is wanted")
    trail = trail_of(services)
    await trail.aside(trail.catch_up)
    item = trail.index.item(asked.inputs.text("item"))
    if item is None:
        raise Problem("not-found")
    services.audit.judge(asked.request.asker, item.item, outcome)
    await trail.aside(trail.catch_up)
    now = trail.index.item(item.item)
    assert now is not None
    return parameters([_item(now)])


def trail_of(services: Services) -> Trail:
    """The audit as it can be asked; raises Problem ``not-found`` where there is none."""
    if services.trail is None:
        raise Problem("not-found")
    return services.trail


def _item(item: Item) -> dict[str, Any]:
    why = next((each.why for each in rules() if each.rule == item.rule), "")
    said = {
        "item": ("valueString", item.item),
        "rule": ("valueCode", item.rule),
        "why": ("valueString", why),
        "when": ("valueInstant", instant(item.time)),
        "event": ("valueId", event_id(item.chain, item.sequence, 0)),
        "user": ("valueString", item.user),
        "role": ("valueCode", item.role),
        "organisation": ("valueString", item.organisation),
        "outcome": ("valueCode", item.outcome),
        "judged": ("valueInstant", instant(item.judged) if item.judged else ""),
        "judge": ("valueString", item.judge),
    }
    found = part("item", said)
    found["part"] += [{"name": "patient", "valueReference": {"reference": f"Patient/{each}"}} for each in item.patients.split()]
    return found


def part(name: str, said: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """A parameter with parts, those left out that say nothing."""
    return {"name": name, "part": [{"name": each, kind: value} for each, (kind, value) in said.items() if value]}


def parameters(parts: list[dict[str, Any]]) -> Response:
    """They, as the answer."""
    return Response(200, write_json({"resourceType": "Parameters", "parameter": parts}))
