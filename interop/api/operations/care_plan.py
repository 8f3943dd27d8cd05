"""``Patient/[id]/$care-plan``: the plan of the person, folded from what all its authors have written.

A Bundle of type ``collection``: a Composition whose sections are the headings of the plan, an OperationOutcome that tells what is
absent, the resources that contribute, and who and where they name. Its ETag stands for the state of the plan.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import orjson

from interop.api import links
from interop.api.absences import absences, issue, unseen
from interop.api.asgi import Response
from interop.api.operations.composing import CLOSED, composition, withheld
from interop.api.operations.everything import of_person
from interop.api.operations.operation import Asked
from interop.api.operations.planning import Planned, heading_types, plan_tables, planned
from interop.api.problems import outcome
from interop.clock import instant
from interop.policy.absence import Absence
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
    types = heading_types()
    role = withheld(types, unseen(asked.services, asked.request, NAME, plan_tables().types))
    id_ = str(UUID(bytes=bytes.fromhex(found.tag) + b"plan"))
    base = links.base(asked.request, asked.services.base).encode("ascii")
    made = composition(found.plan, asked.id, id_, now, history, not absent, role)
    entries = [_entry(b"urn:uuid:" + id_.encode("ascii"), orjson.dumps(made))]
    if told := [*absent, *_of_role(found, role)]:
        entries.append(_entry(b"", outcome(told)))
    entries += [_entry(b"%s/%s/%s" % (base, each.type.encode(), each.id.encode()), each.body) for each in shown]
    written = (instant(now).encode("ascii"), b",".join(entries))
    return b'{"resourceType":"Bundle","type":"collection","timestamp":"%s","entry":[%s]}' % written


def _of_role(found: Planned, role: dict[str, Any]) -> list[dict[str, Any]]:
    """Issues that name the headings of which who asks is shown nothing, and those of which not all: by role, never by rows."""
    titles = {each.heading.name: each.heading.title for each in found.plan.sections}
    said = (
        ("not shown to this role", [titles[name] for name, why in role.items() if why is CLOSED]),
        ("not all is shown to this role", [titles[name] for name, why in role.items() if why is not CLOSED]),
    )
    return [issue(Absence("not-for-role", "suppressed", f"{words}: {', '.join(of)}", "", 0)) for words, of in said if of]


def _entry(url: bytes, body: bytes) -> bytes:
    return b'{"fullUrl":"%s","resource":%s}' % (url, body) if url else b'{"resource":%s}' % body
