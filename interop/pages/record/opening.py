"""What the pages of a record have in common: whose it is, the tabs that lead through it, and what is said where it is not open."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from interop.api.inside import NotGiven
from interop.careplan.crew.states import STATES, WITHHELD
from interop.fhir.shapes import Json, dicts, text
from interop.pages.patient import banner
from interop.pages.record.yours import yours
from interop.pages.visiting import Visit
from interop.policy.tables import tables

TABS: Final = (
    ("", "Summary"),
    ("/timeline", "Timeline"),
    ("/plan", "Plan"),
    ("/appointments", "Appointments"),
    ("/results", "Results"),
    ("/letters", "Letters"),
    ("/medicines", "Medicines"),
    ("/access", "Who may see this"),
)
"""Address after ``/record/{patient}``, and what it is called."""
HELD_BACK: Final = STATES[WITHHELD].rstrip(".").lower()
"""How the API says that the record as a whole is not open to who asks."""
UNKNOWN: Final = (404, 410)
WAYS: Final = ("self-claim", "break-glass")
"""What a role may do about it on the page of access, as ``roles.csv`` names it."""
PLAN: Final = "CarePlan"
"""The type that most roles with a record are given: why it is not given is why the record is not open."""


class Refused(Exception):
    """The record of the person is not open to who asks. ``values`` are those of the page."""

    def __init__(self, here: Visit, status: int, values: dict[str, Any]) -> None:
        super().__init__(status)
        self.here, self.status, self.values = here, status, values


async def opened(here: Visit, patient: str, part: str = "", *, though_withheld: bool = False) -> dict[str, Any]:
    """What ``record/page.html`` shows: banner and tabs, of which ``part`` (as in ``TABS``) is open.

    Raises Problem ``forbidden``; Refused where the record is not open, ``though_withheld`` not where who it is may be known."""
    here.enter("record")
    try:
        values = {**await banner(here, patient), "tabs": tabs(patient, part)}
    except NotGiven as refused:
        if refused.status not in UNKNOWN:
            raise
        raise Refused(here, refused.status, await refusal(here, patient, refused.sentences)) from None
    if not though_withheld and any(each.startswith(HELD_BACK) for each in values["person"]["absent"]):
        raise Refused(here, 403, {**values, **await refusal(here, patient, values["person"]["absent"])})
    return values


def tabs(patient: str, part: str) -> list[dict[str, Any]]:
    """The parts of a record."""
    return [{"href": f"/record/{patient}{path}", "text": title, "current": path == part} for path, title in TABS]


async def refusal(here: Visit, patient: str, said: list[str]) -> dict[str, Any]:
    """What the API says of why, what would change it, and what who asks may do about it here."""
    try:
        why = await here.api.get(f"/fhir/Patient/{patient}/$why", type=PLAN)
    except NotGiven:
        why = {}
    return {
        "said": list(dict.fromkeys(said)),
        "clauses": [each["words"] for each in clauses(why, "clause") if each["holds"] is False],
        "changes": [each["words"] for each in clauses(why, "change")],
        "may": sorted(ways(here)),
        "access": f"/record/{patient}/access",
        "break_glass": f"/record/{patient}/break-glass",
    }


def ways(here: Visit) -> frozenset[str]:
    """Those of ``WAYS`` that are for the role of who asks: by the table of the policy, to which the API holds everyone."""
    role = tables().roles.get(here.asker.role)
    return frozenset(WAYS) if role is None or role.all else frozenset(WAYS) & role.given


def clauses(why: Json, name: str) -> list[dict[str, Any]]:
    """The clauses of ``$why`` of one kind: ``code``, ``words``, ``holds``."""
    found = []
    for each in dicts(why, "parameter"):
        if text(each, "name") == name:
            parts = {text(part, "name"): part for part in dicts(each, "part")}
            code, words = text(parts.get("code"), "valueCode"), text(parts.get("words"), "valueString")
            holds = parts["holds"].get("valueBoolean") if "holds" in parts else None
            found.append({"code": code, "words": yours(code, holds, words), "holds": holds})
    return found


def refusing(app: FastAPI) -> None:
    """Refused is answered by a page that says why, and what to do."""

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return error.here.page("record/refused.html", "This record is not open to you", status=error.status, **error.values)
