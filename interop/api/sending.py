"""Who may send messages under which feed: told from who asks alone, before the body is read."""

from __future__ import annotations

from typing import Final

from interop.errors import Problem
from interop.policy.asker import TESTER, Asker
from interop.ports import Feed

SENDERS: Final = frozenset(("feed", "system"))
"""Roles that send messages."""


def check_name(asker: Asker, name: str) -> None:
    """Raise Problem ``forbidden`` where who asks may not send under a feed of that name, whether or not there is one."""
    if asker.role == TESTER.role:
        return
    if asker.role not in SENDERS or asker.feed not in (name, "*"):
        raise Problem("forbidden")


def check_sender(asker: Asker, feed: Feed) -> None:
    """Raise Problem ``forbidden`` where who asks may not send under this feed: it is another's, or of another organisation."""
    check_name(asker, feed.name)
    if asker.role != TESTER.role and (not asker.organisation or feed.organisation not in ("", asker.organisation)):
        raise Problem("forbidden")


def speaks_for(asker: Asker) -> str:
    """The organisation that the transport proves, '' where nobody signs on."""
    return "" if asker.role == TESTER.role else asker.organisation
