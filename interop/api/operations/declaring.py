"""What users declare about a person: an emergency (``Patient/[id]/$break-glass``), that they are involved in the care
(``Patient/[id]/$claim-relationship``). Both are resources that are journalled, versioned and audited like any other.
"""

from __future__ import annotations

from typing import Any, Final

from interop.api.asgi import Response
from interop.api.fhir.permits import author_of
from interop.api.fhir.write import answer
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.apply.asked import CREATE
from interop.apply.asked import Asked as Write
from interop.clock import MICROSECONDS, instant
from interop.errors import Problem
from interop.fhir.searching import interval
from interop.fhir.shapes import text
from interop.policy.consents import LONGEST
from interop.policy.declarations import claim, emergency
from interop.policy.grants import DAY
from interop.policy.relationships import CLAIM
from interop.store.plan import Read
from interop.store.values import Stored

MINUTE: Final = 60 * MICROSECONDS
USUAL: Final = 240
"""Minutes that a grant lasts where nothing is said."""
WEEK: Final = 7 * DAY
"""How long a claim lasts where nothing is said."""
REASON: Final = 2_000
"""Characters of a reason."""


async def break_glass(asked: Asked) -> Response:
    """201 with the grant: the Consent that opens the person's record to the user alone, until its end.

    Raises Problem ``forbidden`` for a role that may not and for who is no person, ``not-found`` for a Patient whom the asker may
    not find, ``bad-parameter``.
    """
    patient = await person(asked, "$break-glass")
    minutes = asked.inputs.number("minutes") or USUAL
    if not 1 <= minutes <= LONGEST // MINUTE:
        raise BadInput("minutes", "", f"an emergency lasts from 1 to {LONGEST // MINUTE} minutes")
    now = asked.services.clock.now()
    return await _declared(asked, emergency(asked.request.asker, patient.id, reason(asked), now, now + minutes * MINUTE))


async def claim_relationship(asked: Asked) -> Response:
    """201 with the claim: the CareTeam of the user alone.

    Raises Problem ``forbidden`` for a role that may not and for who is no person, ``not-found`` for a Patient whom the asker may
    not find, ``bad-parameter``.
    """
    patient = await person(asked, "$claim-relationship")
    period, now = asked.inputs.object("period") or {}, asked.services.clock.now()
    start, end = text(period, "start") or instant(now), text(period, "end")
    low = interval(start)
    if low is None:
        raise BadInput("period", "", "its start cannot be read")
    end = end or instant(low[0] + WEEK)
    high = interval(end)
    if high is None or not low[0] < high[1] <= low[1] + CLAIM or high[1] <= now:
        raise BadInput("period", "", f"a claim ends after it begins and after now, and within {CLAIM // DAY} days")
    return await _declared(asked, claim(asked.request.asker, patient.id, reason(asked), start, end))


async def person(asked: Asked, name: str) -> Stored:
    """The Patient whom a declaration is about; raises Problem ``forbidden``, and ``not-found`` where the asker may not find one."""
    decision = asked.services.decide(asked.request, name, "Patient", asked.id)
    if not asked.request.asker.user:
        raise Problem("forbidden", detail="a declaration is made by a person and not by a program")
    found: list[Stored] = await asked.services.store.query(Read(decision, "Patient", asked.id))
    if not found or found[0].deleted:
        raise Problem("not-found")
    return found[0]


def reason(asked: Asked) -> str:
    """Why; raises Problem ``bad-parameter``."""
    said = asked.inputs.text("reason").strip()
    if not said or len(said) > REASON:
        raise BadInput("reason", "", f"say why in at most {REASON} characters")
    return said


async def _declared(asked: Asked, resource: dict[str, Any]) -> Response:
    write = Write(CREATE, resource["resourceType"], resource=resource, author=author_of(asked.request))
    return answer(asked.services, asked.request, write, await asked.services.writes.write(write))
