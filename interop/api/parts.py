"""Who may see which part of what is not the record: ``parts.csv``, and nothing else says it.

A part that has an address of its own is called by it. ``public``: anyone, the door is not asked; ``signed-on``: whoever sign-on
knows; else the name of an interaction that policy decides about.
"""

from __future__ import annotations

import csv
import hmac
from functools import cache
from importlib.resources import files
from typing import Final

from interop.api.asgi import Request
from interop.api.services import Services
from interop.errors import Problem
from interop.policy.asker import NOBODY, Asker

PUBLIC: Final = "public"
SIGNED_ON: Final = "signed-on"
SCRAPER: Final = Asker(client="metrics", role="scraper")
"""Who holds the token for ``/metrics`` and may ask for nothing else."""


@cache
def who(part: str) -> str:
    """Who may see a part; raises KeyError for one that the table lacks."""
    return _table()[part]


@cache
def _table() -> dict[str, str]:
    text = files("interop.api").joinpath("parts.csv").read_text("utf-8")
    return {part: who for part, who, _ in list(csv.reader(text.splitlines()))[1:]}


def public_addresses() -> frozenset[str]:
    """What anyone may ask without being known: addresses about nobody, and those where one signs on."""
    return frozenset(f"/{part}" for part, who in _table().items() if who == PUBLIC)


def check(services: Services, request: Request, part: str) -> None:
    """Raise Problem ``unauthenticated``, ``forbidden`` where who asks may not see the part."""
    wanted = who(part)
    if wanted == PUBLIC:
        return
    if request.asker == NOBODY:
        raise Problem("unauthenticated")
    if wanted != SIGNED_ON:
        services.decide(request, wanted)


def may(services: Services, request: Request, part: str) -> bool:
    """Whether who asks may see the part."""
    try:
        check(services, request, part)
    except Problem:
        return False
    return True


def scrapes(services: Services, request: Request) -> bool:
    """Whether the request holds the token for ``/metrics``."""
    token = services.metrics_token
    said = request.headers.get(b"authorization", b"")
    return bool(token) and hmac.compare_digest(said, b"Bearer " + token)
