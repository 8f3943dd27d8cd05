"""The clocks that rules start: how far ahead their bank holidays are known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from interop.app.acting import site_of
from interop.app.checking.finding import Finding, Level
from interop.app.clocks import clocks_of
from interop.app.settings import Settings
from interop.clocks.opening import local_day

FILE: Final = "bank-holidays.csv"


def clocks(settings: Settings, now: int) -> Iterator[Finding]:
    """A year before the table of bank holidays ends, and from then on. What cannot be read is told with the rules."""
    if settings.rules is None:
        return
    try:
        ends = clocks_of(site_of(settings)).ends
    except (OSError, ValueError):
        return
    if ends is None or local_day(now) < date(ends, 1, 1):
        return
    over = local_day(now).year > ends
    sentence = f"{FILE} {'ended' if over else 'ends'} with {ends}: later bank holidays count as ordinary days."
    action = f"Put the bank holidays that gov.uk has published since into {FILE} of the folder that rules names."
    yield Finding(Level.DANGER, "rules", sentence, action)
