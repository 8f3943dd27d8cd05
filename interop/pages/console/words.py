"""What the console calls states, fates, reasons for opening a message."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from interop.screen.words import LONDON

_DAY: Final = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})", re.ASCII)
STATES: Final = {
    "received": ("Waiting", "blue"),
    "mapped": ("Waiting", "blue"),
    "held": ("Held back", "yellow"),
    "applied": ("In the record", "green"),
    "refused": ("Refused", "red"),
    "failed": ("Failed", "red"),
    "shelved": ("On the shelf", "orange"),
}
"""State of a message -> words and colour of its tag (NHS design system)."""
ACKS: Final = {"pending": "not sent yet", "sent": "sent", "failed": "could not be sent"}
TOLD: Final = {"accepted": "Accepted", "refused": "Refused", "nothing": "Nothing yet"}
FATES: Final = {
    "mapped": ("✓", "Carried", "In the record, by the rows named beside it"),
    "read": ("·", "Read", "Rows were chosen or a resource was named by it; no element holds it"),
    "not-carried": ("–", "Left out", "A row leaves it out deliberately and says why"),
    "unmapped": ("!", "Not mapped", "No row reads it"),
    "condition": ("!", "Not met", "A row reads it under a condition that did not hold"),
    "unreadable": ("!", "Unreadable", "The value is not of the form that its row expects"),
    "no-code": ("!", "No code", "The value is not in the table of codes"),
    "unresolved": ("!", "Unresolved", "It names something that this message does not have"),
    "": ("?", "Not known", "The message could not be mapped"),
}
"""Fate of a field -> sign, word, meaning."""
LOST: Final = ("unmapped", "condition", "unreadable", "no-code", "unresolved")
"""Fates that lose what a sender said."""
REASONS: Final = {
    "repair": "To repair a message that was refused, failed or is on the shelf",
    "mapping": "To check or change a mapping table",
    "sender-asks": "The sender asks what became of it",
    "wrong-person": "It may be about the wrong person",
    "incident": "An incident is looked into",
}
EVENTS: Final = {
    "received": "Received and written to disk",
    "repeated": "The same message came again and was not applied twice",
    "same-key": "It has the key of an earlier message and other content",
    "applied": "Applied to the record",
    "refused": "Refused",
    "failed": "Failed",
    "shelved": "Put on the shelf",
    "replayed": "Mapped again by a replay",
    "taken-down": "Taken down",
}
CATEGORIES: Final = {
    "unavailable": "Something is not available",
    "interrupted": "It was interrupted",
    "incorrect": "The message is not correct",
    "forbidden": "It is not allowed",
    "unsupported": "It is not supported",
    "not-found": "Something was not found",
    "conflict": "It conflicts with what is there",
    "fault": "Our own fault",
    "busy": "Too busy",
}
"""Category of the table of errors -> words."""
EFFECTS: Final = {"upsert": "written", "delete": "withdrawn", "cancel": "undone"}


def midnight(said: str, days: int = 0) -> str:
    """The beginning of a day in London, so many days on, as an instant; of 14/10/2026 or 2026-10-14. What is no date as it is."""
    found = _DAY.fullmatch(said)
    try:
        on = date(*map(int, found.groups()[::-1])) if found else date.fromisoformat(said)
        return datetime.combine(on + timedelta(days=days), time(), LONDON).isoformat()
    except (ValueError, OverflowError):
        return said
