"""That who asks has declared an emergency of a person: said beside what they are given, so that nobody forgets it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from interop.api.asgi import Request
from interop.api.crew.holding import Declared
from interop.api.services import Services
from interop.clock import instant
from interop.policy.consents import EMERGENCY
from interop.policy.grants import BREAK_GLASS
from interop.policy.relationships import CATEGORY
from interop.policy.tables import tables
from interop.store.plan import Access

UNTIL: Final = "urn:interop:extension:emergency-until"
"""An instant, on the issue: until when it lasts."""


async def lasts(services: Services, request: Request, patient: str, declared: Iterable[Declared] | None = None) -> str:
    """Until when the user's own declaration about the person is in force, an instant; '' where there is none. ``declared`` are the
    emergencies of the person, None where they have to be looked for."""
    asker, now = request.asker, services.clock.now()
    role = tables().roles.get(asker.role)
    if role is None or "break-glass" not in role.given or not asker.user:
        return ""
    if declared is None:
        rows = await services.store.query(Access((patient,), (BREAK_GLASS,)))
        declared = [(row[2], row[3], row[4]) for row in rows]
    ends = [high for code, low, high in declared if code == f"user:{asker.user}" and low <= now < high]
    return instant(max(ends)) if ends else ""


async def emergencies(services: Services, request: Request, patient: str) -> list[dict[str, Any]]:
    """The same as an issue of an OperationOutcome, none where there is none."""
    until = await lasts(services, request, patient)
    if not until:
        return []
    words = f"Seen by an emergency that was declared, until {until}"
    return [
        {
            "extension": [{"url": UNTIL, "valueInstant": until}],
            "severity": "information",
            "code": "informational",
            "details": {"coding": [{"system": CATEGORY, "code": EMERGENCY}], "text": words},
            "diagnostics": words,
        }
    ]
