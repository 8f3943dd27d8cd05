"""Writes docs/rules.md for who answers for clinical safety; ``--check`` tells whether it is there as it would be written.

python -m interop.app.rules_page [--check]
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

from interop.app.acting import tables_of
from interop.generated import between, write
from interop.mapping.places import mappings_root
from interop.rules.actions import ACTIONS, RECIPIENTS
from interop.rules.tables import COLUMNS, Event, Rule, RuleTables

GENERATOR: Final = 1
PAGE: Final = Path(__file__).parents[2] / "docs" / "rules.md"
BEGIN: Final = "<!-- rules: begin "
END: Final = "<!-- rules: end -->"


def shown(tables: RuleTables) -> str:
    """Every event with what is done about it, as Markdown between two marks."""
    folder = mappings_root().joinpath("rules")
    digest = hashlib.sha256(b"".join(folder.joinpath(name).read_bytes() for name in COLUMNS)).hexdigest()[:16]
    lines = [f"{BEGIN}mappings/rules {digest}, generator {GENERATOR}, by scripts/generate -->"]
    for event in tables.events:
        lines += _event(event, tables)
    lines += ["", "## Actions", "", "| action | what it does | for whom |", "|---|---|---|"]
    lines += [_line(f"`{each.name}`", each.does, ", ".join(sorted(each.to)) or "–") for each in ACTIONS.values()]
    lines += ["", "## Recipients", "", "| recipient | who that is |", "|---|---|"]
    lines += [_line(f"`{name}`", meaning) for name, meaning in RECIPIENTS.items()]
    return "\n".join([*lines, END])


def _event(event: Event, tables: RuleTables) -> list[str]:
    on = "deleted" if "deleted" in event.on else "new" if event.on == {"created"} else "new or changed"
    if event.on == {"updated"}:
        on = "changed"
    lines = ["", f"### {event.id}", "", f"{event.why}. `{event.type}`, {on}{_asked(event)}."]
    rules = tables.of(event)
    if not rules:
        return [*lines, "", "Nothing is done about it."]
    lines += ["", "| rule | where | action | to | within | once | says | why |", "|---|---|---|---|---|---|---|---|"]
    return lines + [_rule(rule) for rule in rules]


def _asked(event: Event) -> str:
    said = [f"found by `{event.criteria}`"] if event.criteria else []
    for words, expression in (
        ("this holds of it and did not before" if event.differs is None and event.of is None else "this holds of it", event.now),
        ("this held before", event.was),
        ("this is something else than before", event.differs),
        ("these are the people whom it befalls, where they were not among them before", event.of),
        ("this is when it happened", event.when),
    ):
        if expression is not None:
            said.append(f"{words}: `{expression.text}`")
    return "; ".join(["", *said]) if said else ""


def _rule(rule: Rule) -> str:
    cells = rule.cells
    where = f"`{cells['condition']}`" if cells["condition"] else "always"
    action = f"`{cells['action']}`" + (f" ({rule.code.display})" if rule.code is not None else "")
    more = [cells[name] or "–" for name in ("to", "within", "once", "says", "why")]
    return _line(f"`{rule.id}`", where, action, *more)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def written(page: str) -> str:
    """The page with the tables as they are now. Raises ValueError where the marks are missing."""
    return between(page, BEGIN, END, shown(tables_of(None, 0)), "the rules")


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "mappings/rules as it is", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
