"""The co-ordination desk: worklists with clocks, urgent responses, appointments, the meeting of the team."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request

from interop.api.services import Services
from interop.pages.desk import appointment_pages, meeting_pages, response_pages, task_pages, worklist_pages
from interop.pages.visiting import Visit


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """``/desk`` and what is below it."""
    for part in (response_pages, task_pages, appointment_pages, meeting_pages, worklist_pages):
        part.routes(app, visit)
