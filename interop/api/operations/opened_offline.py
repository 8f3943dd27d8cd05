"""``Patient/[id]/$opened-offline``: a client that had no network says when a copy was opened that it had been given before.

It gives nothing and changes nothing; the audit has it as a read of the person's record. So nobody is asked whether they may see
the person now: that they did see the copy is what is told.
"""

from __future__ import annotations

from typing import Final

import orjson

from interop.api.asgi import Response
from interop.api.auditing.scope import OFFLINE
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.clock import MICROSECONDS, instant
from interop.errors import Problem
from interop.formats.instants import iso_instant

NAME: Final = "$opened-offline"
LONGEST: Final = 7 * 24 * 3600 * MICROSECONDS
"""So long after it somebody may say so; a telephone may lie in a drawer for some days."""
AHEAD: Final = 5 * 60 * MICROSECONDS
"""So far a telephone's clock may be ahead of ours."""


async def opened_offline(asked: Asked) -> Response:
    """200 with the time that was noted. Raises Problem ``forbidden`` for a role that is given no records and for who is no person,
    ``bad-parameter`` for a time that is not of the last seven days."""
    services, request = asked.services, asked.request
    services.decide(request, NAME, "Patient", asked.id)
    if not request.asker.user:
        raise Problem("forbidden", detail="a person opens a copy and no program")
    at, now = iso_instant(asked.inputs.text("when")), services.clock.now()
    if at is None or not now - LONGEST <= at <= now + AHEAD:
        raise BadInput("when", "", "it is an instant of the last seven days")
    request.account.patients.setdefault(asked.id, None)
    request.account.resources += 1
    request.scope[OFFLINE] = instant(at)
    noted = {"resourceType": "Parameters", "parameter": [{"name": "opened", "valueInstant": instant(at)}]}
    return Response(200, orjson.dumps(noted))
