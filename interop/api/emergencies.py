"""That who asks has declared an emergency of a person: said beside what they are given, so that nobody forgets it."""

from __future__ import annotations

from typing import Any, Final

from interop.api.asgi import Request
from interop.api.services import Services
from interop.clock import instant
from interop.policy.consents import EMERGENCY
from interop.policy.grants import BREAK_GLASS
from interop.policy.relationships import CATEGORY
from interop.policy.tables import tables
from interop.store.plan import Access

UNTIL: Final = "urn:interop:extension:emergency-until"
"""An instant, on the issue: until when it lasts."""


async def emergencies(services: Services, request: Request, patient: str) -> list[dict[str, Any]]:
    """An issue of an OperationOutcome while the user's own declaration about the person is in force, none otherwise."""
    asker, now = request.asker, services.clock.now()
    role = tables().roles.get(asker.role)
    if role is None or "break-glass" not in role.given or not asker.user:
        return []
    rows = await services.store.query(Access((patient,), (BREAK_GLASS,)))
    ends = [row[4] for row in rows if row[2] == f"user:{asker.user}" and row[3] <= now < row[4]]
    if not ends:
        return []
    until = instant(max(ends))
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
