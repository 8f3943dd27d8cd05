"""How much time is left, in words and as a bar."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from interop.screen.words import LONDON, day

HOUR: Final = 60
DAY: Final = 24 * HOUR
SOON: Final = 30
"""Minutes before it is due from which something is called due soon."""
STATES: Final = {"over": "Over time", "soon": "Due soon", "running": "In time"}


def at(said: str) -> datetime | None:
    """An instant of FHIR as the clock on an English wall says; None where it is none."""
    try:
        found = datetime.fromisoformat(said)
        return found.astimezone(LONDON) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def left(due: str, now: datetime, began: str = "", state: str = "") -> dict[str, Any]:
    """What is shown of something that is due: ``words`` and ``tag`` say how it stands; ``gone`` of ``whole`` minutes are over,
    where it is known when it began (0 otherwise). Empty where ``due`` is no instant."""
    end, start = at(due), at(began)
    if end is None:
        return {}
    minutes = int((end - now).total_seconds() // 60)
    whole = int((end - start).total_seconds() // 60) if start is not None and start < end else 0
    kind = "over" if minutes < 0 or state == "breached" else "soon" if minutes <= SOON or state == "warned" else "running"
    return {
        "kind": kind,
        "tag": STATES[kind],
        "words": f"{length(minutes)} left" if minutes >= 0 else f"{length(-minutes)} over",
        "due": moment(end, now),
        "gone": max(0, min(whole, whole - minutes)),
        "whole": whole,
    }


def length(minutes: int) -> str:
    """1 hour 20 minutes, 3 days 4 hours, 1 minute: the two largest units."""
    units = ((minutes // DAY, "day"), (minutes % DAY // HOUR, "hour"), (minutes % HOUR, "minute"))
    said = [f"{number} {name}{'' if number == 1 else 's'}" for number, name in units if number]
    return " ".join(said[:2]) or "less than a minute"


def moment(when: datetime, now: datetime) -> str:
    """14:05 of today, 14:05 tomorrow, else with its date."""
    days = (when.date() - now.date()).days
    if days == 0:
        return f"{when:%H:%M}"
    return f"{when:%H:%M} tomorrow" if days == 1 else f"{when:%H:%M} on {day(when.date().isoformat())}"
