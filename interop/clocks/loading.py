"""The tables of clocks together, with those of a site laid over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from interop.clocks import calendars, holidays, limits
from interop.clocks.calendars import Calendar, read_calendars
from interop.clocks.holidays import Holidays, read_holidays
from interop.clocks.limits import Limit, Recipient, read_limits

FILES: Final = (limits.FILE, calendars.FILE, holidays.FILE)
Files = Mapping[str, Sequence[str]]
"""The lines of the files of one folder, by name; none of a file that is not there."""


@dataclass(frozen=True, slots=True)
class ClockTables:
    """Clocks and calendars by name, and the bank holidays; None where there are no tables."""

    limits: Mapping[str, Limit] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    holidays: Holidays | None = None

    @property
    def ends(self) -> int | None:
        """The last year of which the bank holidays are known, where a clock counts by them."""
        asked = any(limit.calendar.holiday is not None for limit in self.limits.values())
        return self.holidays.last if self.holidays is not None and asked else None


def read_clocks(ours: Files, site: Files, recipient: Recipient = lambda text: None) -> ClockTables:
    """The tables of the package; a site's rows replace ours by the name of the clock or calendar, its table of bank holidays ours
    as a whole. Raises ClocksRefused."""
    known = read_holidays(site.get(holidays.FILE) or ours[holidays.FILE])
    hours: dict[str, Calendar] = {}
    found: dict[str, Limit] = {}
    for folder in (ours, site):
        if folder.get(calendars.FILE):
            hours |= read_calendars(folder[calendars.FILE], known)
    for folder in (ours, site):
        if folder.get(limits.FILE):
            found |= read_limits(folder[limits.FILE], hours, recipient)
    return ClockTables(found, hours, known)
