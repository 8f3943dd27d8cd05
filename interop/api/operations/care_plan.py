"""``Patient/[id]/$care-plan``: the plan of the person, folded from what all its authors have written.

A Bundle of type ``collection``: a Composition whose sections are the headings of the plan, an OperationOutcome that tells what is
absent, the resources that contribute, and who and where they name. Its ETag stands for the state of the plan.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import orjson

from interop.api import links
from interop.api.absences import absences
from interop.api.asgi import Response
from interop.api.operations.composing import composition
from interop.api.operations.everything import of_person
from interop.api.operations.operation import Asked
from interop.api.operations.planning import Planned, planned
from interop.api.problems import outcome
from interop.clock import instant
from interop.store.values import Stored

NAME: Final = "$care-plan"


async def care_plan(asked: Asked) -> Response:
    """The plan as it is; raises Problem ``not-found``, ``gone``, ``bad-parameter``, ``too-costly``."""
    decision = asked.services.decide(asked.request, NAME, "Patient", asked.id)
    await of_person(asked, NAME, decision)
    found = await planned(asked.services, decision, asked.id)
    history = asked.inputs.flag("history")
    shown = _shown(found, history)
    absent = await absences(asked.services, asked.request, NAME, (asked.id,), shown)
    body = _bundle(asked, found, shown, absent, history)
    return Response(200, body, headers=[(b"etag", b'W/"%s"' % found.tag.encode("ascii"))])


def _shown(found: Planned, history: bool) -> list[Stored]:
    """What contributes to what is shown, the person's Patients, and whom and what these name."""
    lines = [line for section in found.plan.sections for line in section.lines]
    if history:
        lines += [line for section in found.plan.sections for line in section.history]
    keys = {(origin.type, origin.id) for line in lines for origin in line.origins}
    keys |= {(each.origin.type, each.origin.id) for each in found.plan.contributions if each.current or history}
    keys |= {key for key in found.stored if key[0] == "Patient"}
    return [*(found.stored[key] for key in sorted(keys)), *found.along]


def _bundle(asked: Asked, found: Planned, shown: list[Stored], absent: list[dict[str, Any]], history: bool) -> bytes:
    now = asked.services.clock.now()
    id_ = str(UUID(bytes=bytes.fromhex(found.tag) + b"plan"))
    base = links.base(asked.request, asked.services.base).encode("ascii")
    entries = [
        _entry(b"urn:uuid:" + id_.encode("ascii"), orjson.dumps(composition(found.plan, asked.id, id_, now, history, not absent)))
    ]
    if absent:
        entries.append(_entry(b"", outcome(absent)))
    entries += [_entry(b"%s/%s/%s" % (base, each.type.encode(), each.id.encode()), each.body) for each in shown]
    written = (instant(now).encode("ascii"), b",".join(entries))
    return b'{"resourceType":"Bundle","type":"collection","timestamp":"%s","entry":[%s]}' % written


def _entry(url: bytes, body: bytes) -> bytes:
    return b'{"fullUrl":"%s","resource":%s}' % (url, body) if url else b'{"resource":%s}' % body
