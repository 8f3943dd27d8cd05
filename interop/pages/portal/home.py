"""The first page of the portal: what is next, what matters, what is new."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fastapi.responses import HTMLResponse

from interop.pages.portal import appointments, letters, plan, results
from interop.pages.portal.plan import Plan
from interop.pages.portal.whose import Whose

NEW: Final = timedelta(days=30)
FEW: Final = 3
SOME: Final = "20"
"""Of each kind, so many are asked for."""
FIRST: Final = ("what-matters", "contingency")
"""Headings of the plan that the first page shows."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something of the plan that has a day: when to look at it again, or when it is to be done."""

    date: str
    what: str


def steps(found: Plan, today: str) -> list[Step]:
    """What of the plan is due today or later, the next first. Pure."""
    ahead = [Step(line.starts, line.text) for line in found.heading("actions").lines if line.starts[:10] >= today]
    ahead += [
        Step(origin.review, f"Review: {line.text}")
        for heading in found.headings
        for line in heading.lines
        for origin in line.origins
        if origin.review[:10] >= today
    ]
    return sorted(dict.fromkeys(ahead), key=lambda each: each.date)


async def page(whose: Whose) -> HTMLResponse:
    """All three, asked at once."""
    today = whose.here.now.date()
    since = (today - NEW).isoformat()
    ahead, found, (observations, reports), written = await asyncio.gather(
        appointments.coming(whose), plan.asked(whose), results.latest(whose, SOME), letters.latest(whose, SOME)
    )
    resources = [*ahead.matches[:FEW], *observations.matches, *reports.matches, *(each for one in written for each in one.matches)]
    names = await whose.known(resources, found.codes)
    ahead_of, tested, told = (
        steps(found, today.isoformat()),
        results.shown(observations, reports, names, read=False),
        letters.shown(written, names),
    )
    tested, told = [each for each in tested if each.at >= since], [each for each in told if each.date >= since]
    return whose.page(
        "home.html",
        "Your health record" if whose.own else f"{whose.name}’s health record",
        names,
        coming=[one for each in ahead.matches if not (one := appointments.appointment(each, names)).off][:FEW],
        more_coming=max(0, (ahead.total or 0) - FEW),
        steps=ahead_of[:FEW],
        more_steps=max(0, len(ahead_of) - FEW),
        first=[heading for name in FIRST if (heading := found.heading(name)).lines],
        results=tested[:FEW],
        more_results=max(0, len(tested) - FEW),
        letters=told[:FEW],
        more_letters=max(0, len(told) - FEW),
        by=plan.written_by,
    )
