"""The record of one person, for those who care for them: ``/record``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI, Request

from interop.api.services import Services
from interop.pages.record import access, appointments, emergency, letters, looking, medicines, plan, results, summary, timeline
from interop.pages.record.opening import refusing
from interop.pages.visiting import Visit

PARTS: Final = (looking, summary, timeline, plan, results, appointments, letters, medicines, access, emergency)
"""Modules with ``routes(app, services, visit)``: a part of a record each."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Those of all parts."""
    refusing(app)
    for part in PARTS:
        part.routes(app, services, visit)
