"""``Patient/[id]/$opened-offline``: a client that had no network says when a copy was opened that it had been given before.

It gives nothing and changes nothing; the audit has it as a read of the person's record. So nobody is asked whether they may see
the person now: that they did see the copy is what is told. Who had no answer tells it again: by one user, of one person, at one
time is one opening.
"""

from __future__ import annotations

from typing import Final

import orjson

from interop.api.asgi import Response
from interop.api.auditing.scope import OFFLINE
from interop.api.operations.audit import MOST
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.audit.row import READ
from interop.clock import MICROSECONDS, instant
from interop.errors import Problem
from interop.formats.instants import iso_instant
from interop.store.sqlite.audit_index import Wanted

NAME: Final = "$opened-offline"
LONGEST: Final = 7 * 24 * 3600 * MICROSECONDS
"""So long after it somebody may say so; a telephone may lie in a drawer for some days."""
AHEAD: Final = 5 * 60 * MICROSECONDS
"""So far a telephone's clock may be ahead of ours."""


async def opened_offline(asked: Asked) -> Response:
    """200 with the time that is noted. Raises Problem ``forbidden`` for a role that is given no records and for who is no person,
    ``bad-parameter`` for a time that is not of the last seven days, ``audit-unavailable`` where nobody can say whether it was told
    before."""
    services, request = asked.services, asked.request
    services.decide(request, NAME, "Patient", asked.id)
    if not request.asker.user:
        raise Problem("forbidden", detail="a person opens a copy and no program")
    at, now = iso_instant(asked.inputs.text("when")), services.clock.now()
    if at is None or not now - LONGEST <= at <= now + AHEAD:
        raise BadInput("when", "", "it is an instant of the last seven days")
    async with services.audit.opening:  # nothing waits between here and the row: who comes next finds it
        if not await _told(asked, at):
            request.account.patients.setdefault(asked.id, None)
            request.account.resources += 1
            request.scope[OFFLINE] = instant(at)
    noted = {"resourceType": "Parameters", "parameter": [{"name": "opened", "valueInstant": instant(at)}]}
    return Response(200, orjson.dumps(noted))


async def _told(asked: Asked, at: int) -> bool:
    """Whether the audit has this opening."""
    trail = asked.services.trail
    if trail is None:
        return False
    patients, user = asked.services.audit.ids([asked.id]), asked.request.asker.user
    wanted = Wanted(patients, (user,), kinds=(READ,), interactions=(NAME,), low=at - AHEAD, page=MOST)
    return any(row.more.get("offline") == instant(at) for _, row in await trail.aside(trail.find, wanted))
