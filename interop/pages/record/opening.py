"""What the pages of a record have in common: whose it is, and the tabs that lead through it."""

from __future__ import annotations

from typing import Any, Final

from interop.pages.patient import banner
from interop.pages.visiting import Visit

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


async def opened(here: Visit, patient: str, part: str = "") -> dict[str, Any]:
    """What ``record/page.html`` shows: banner and tabs, of which ``part`` (as in ``TABS``) is open. Raises Problem ``forbidden``,
    NotGiven."""
    here.enter("record")
    return {**await banner(here, patient), "tabs": tabs(patient, part)}


def tabs(patient: str, part: str) -> list[dict[str, Any]]:
    """The parts of a record."""
    return [{"href": f"/record/{patient}{path}", "text": title, "current": path == part} for path, title in TABS]
