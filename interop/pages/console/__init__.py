"""What runs and what has to be done about it, for who runs the engine: ``/console``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI, Request

from interop.api.services import Services
from interop.pages.console import checks, destinations, listing, message, overview, privacy, replaying, shelf, versions
from interop.pages.visiting import Visit

PARTS: Final = (overview, listing, message, shelf, replaying, destinations, versions, checks, privacy)
"""Modules with ``routes(app, services, visit)``: a page of the console each."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Those of all parts."""
    for part in PARTS:
        part.routes(app, services, visit)
