"""Writes docs/clocks.md for who answers for clinical safety; ``--check`` tells whether it is there as it would be written.

python -m interop.app.clocks_page [--check]
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

from interop.app.acting import tables_of
from interop.app.clocks import FOLDER, clocks_of
from interop.apply.acting.clocking import word
from interop.clocks.calendars import DAYS, MINUTES, Calendar, Spans
from interop.clocks.limits import EARLY, HOURS, IGNORED, MET, PERSON, RELATED, RESOURCE, Limit
from interop.clocks.loading import FILES
from interop.clocks.opening import MINUTE
from interop.generated import between, write
from interop.mapping.places import mappings_root
from interop.rules.actions import CLOCK, REOPEN_CLOCK, STOP_CLOCK
from interop.rules.tables import Rule, RuleTables

GENERATOR: Final = 1
PAGE: Final = Path(__file__).parents[2] / "docs" / "clocks.md"
BEGIN: Final = "<!-- clocks: begin "
END: Final = "<!-- clocks: end -->"
_STOPS: Final = {
    RESOURCE: "of the same resource",
    RELATED: "of the same resource or one that refers to it",
    PERSON: "of the same person, since it began",
}
_EARLY: Final = {MET: "met", EARLY: "early, counted apart", IGNORED: "not counted: it runs on"}


def shown() -> str:
    """Every clock with what starts and stops it, and every calendar, as Markdown between two marks."""
    folder, rules, tables = mappings_root().joinpath(FOLDER), tables_of(None, 0), clocks_of(None)
    digest = hashlib.sha256(b"".join(folder.joinpath(name).read_bytes() for name in FILES)).hexdigest()[:16]
    lines = [f"{BEGIN}mappings/rules, clocks {digest}, generator {GENERATOR}, by scripts/generate -->"]
    for limit in tables.limits.values():
        lines += _clock(limit, rules)
    lines += ["", "## Calendars", "", "| calendar | open | on bank holidays |", "|---|---|---|"]
    calendars = {each.name: each for each in tables.calendars.values()}
    lines += [_line(f"`{each.name}`", _week(each), _holiday(each)) for each in calendars.values()]
    if tables.holidays is not None:
        known = tables.holidays
        lines += ["", f"Bank holidays of England and Wales are known from {known.first} to {known.last}."]
    return "\n".join([*lines, END])


def _clock(limit: Limit, rules: RuleTables) -> list[str]:
    window = f"{limit.earliest} to {limit.limit} {limit.unit}" if limit.earliest else f"{limit.limit} {limit.unit}"
    counted = "of opening time" if limit.unit == HOURS and limit.calendar.name != "always" else ""
    lines = ["", f"### {limit.name}", "", f"{limit.display}. {limit.why}.", "", "| | |", "|---|---|"]
    lines.append(_line("limit", f"{window} {counted}".strip() + f", by the calendar `{limit.calendar.name}`"))
    lines.append(_line("counts from", f"`{limit.base.text}`" if limit.base is not None else "the event"))
    if limit.earliest:
        lines.append(_line("before that", _EARLY[limit.early]))
    lines.append(_line("stopped by an event", _STOPS[limit.matches]))
    lines.append(_line("warns", f"{_warning(limit)}: {', '.join(limit.warn_to)}" if limit.warn_to else "nobody"))
    lines.append(_line("when it is over", ", ".join(limit.escalate_to) or "nobody"))
    lines.append(_line("nobody is told later than", f"{limit.fresh // (60 * MINUTE)} hours after it was due"))
    lines += ["", "| event | where | | why |", "|---|---|---|---|"]
    return lines + [_rule(rule) for rule in rules.rules if _about(rule) == limit.name]


def _about(rule: Rule) -> str:
    return word(rule)[0] if rule.action in (CLOCK, STOP_CLOCK, REOPEN_CLOCK) else ""


def _rule(rule: Rule) -> str:
    does = {CLOCK: "starts it", REOPEN_CLOCK: "lets it run on", STOP_CLOCK: f"ends it: {word(rule)[1] or 'met or not'}"}
    condition = f"`{rule.cells['condition']}`" if rule.cells["condition"] else "always"
    return _line(f"`{rule.event.id}`", condition, does[rule.action], rule.why)


def _warning(limit: Limit) -> str:
    if limit.at_earliest:
        return "at the earliest"
    return f"after {limit.share}%" if limit.share else f"{limit.before // MINUTE} minutes before it is over"


def _week(calendar: Calendar) -> str:
    """Opening hours, days that are alike together."""
    found: dict[Spans, list[str]] = {}
    for day, hours in zip(DAYS, calendar.week, strict=True):
        found.setdefault(hours, []).append(day)
    return "; ".join(f"{', '.join(days)} {_hours(hours)}" for hours, days in found.items())


def _holiday(calendar: Calendar) -> str:
    return "as on other days" if calendar.holiday is None else _hours(calendar.holiday)


def _hours(spans: Spans) -> str:
    if spans == ((0, MINUTES),):
        return "all day"
    return " and ".join(f"{a // 60:02}:{a % 60:02} to {b // 60:02}:{b % 60:02}" for a, b in spans) or "closed"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def written(page: str) -> str:
    """The page with the tables as they are now. Raises ValueError where the marks are missing."""
    return between(page, BEGIN, END, shown(), "the clocks")


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "mappings/rules as it is", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
