"""The crew card, for whoever is at the scene with a phone: ``/crew``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI, Request

from interop.api.services import Services
from interop.pages.crew import launching, offline, opening, outcomes
from interop.pages.visiting import Visit

PARTS: Final = (launching, offline, outcomes, opening)
"""Modules with ``routes(app, services, visit)``; those with names of their own before the one with ``{patient}``."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Those of all parts."""
    for part in PARTS:
        part.routes(app, services, visit)
