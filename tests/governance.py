"""Writes what the tables of policy say into docs/information-governance.md; ``--check`` tells whether it is there as it would be.

python -m tests.governance [--check]

Each section stands between two marks of its name; everything else on the page is written by hand.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from interop.generated import write
from tests.places import ROOT

PAGE = ROOT / "docs" / "information-governance.md"
POLICY = ROOT / "interop" / "policy" / "tables"
AUDIT = ROOT / "interop" / "audit" / "tables"
_SECTION = re.compile(r"<!-- generated: begin ([a-z]+) .*?-->\n.*?<!-- generated: end -->", re.DOTALL)

Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    """A table by its header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """As Markdown; ``|`` within a cell is escaped."""
    names = list(head)
    written = [names, ["---"] * len(names), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").strip() or "–" for cell in line) + " |" for line in written)


def listed(names: str) -> str:
    """Names with blanks between, with commas between."""
    return "everything" if names == "*" else ", ".join(names.split())


def roles() -> str:
    """The minimum for each role, in three tables."""
    known = rows(POLICY / "roles.csv")
    sees = table(
        ("role", "may see", "for", "who must be involved", "consent", "why"),
        ((f"`{r['role']}`", listed(r["sees"]), listed(r["purposes"]), r["relationship"], r["consent"], r["why"]) for r in known),
    )
    may = table(
        ("role", "writes", "finds people", "break-glass", "claims", "cleared for labels", "operations"),
        (
            (
                f"`{r['role']}`",
                listed(r["writes"]),
                r["find"],
                r["break-glass"],
                r["self-claim"],
                listed(r["clearances"]),
                listed(r["operations"]),
            )
            for r in known
        ),
    )
    return f"{sees}\n\n{may}"


def classes() -> str:
    """What each class is about, and which types are of it."""
    types: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows(POLICY / "types.csv"):
        types[row["class"]].append(row["type"])
    made = table(
        ("class", "about", "what it is", "types"),
        ((r["class"], r["about"], r["why"], ", ".join(sorted(types[r["class"]]))) for r in rows(POLICY / "classes.csv")),
    )
    besides = table(
        ("type", "counts as", "by", "why"),
        (
            (r["type"], f"{'not ' if r['counts'] == 'not' else ''}{r['class']}", f"{r['parameter']} `{r['code']}`", r["why"])
            for r in rows(POLICY / "besides.csv")
        ),
    )
    return f"{made}\n\n{besides}"


def purposes() -> str:
    """What an access for each purpose may reach at most."""
    return table(
        ("purpose", "code", "agreements that cover it", "reaches at most", "why"),
        (
            (f"`{r['purpose']}`", f"`{r['code']}`", listed(r["agreements"]), listed(r["sees"]), r["why"])
            for r in rows(POLICY / "purposes.csv")
        ),
    )


def consent() -> str:
    """The models of consent."""
    return table(("model", "consent is", "why"), ((f"`{r['model']}`", r["given"], r["why"]) for r in rows(POLICY / "consent.csv")))


def operations() -> str:
    """What each operation needs the role to have."""
    return table(
        ("operation", "for roles with", "what it does"),
        ((f"`{r['operation']}`", r["group"], r["why"]) for r in rows(POLICY / "operations.csv")),
    )


def labels() -> str:
    """What each label in ``meta.security`` does."""
    return table(
        ("label", "kind", "consent asked under", "on a Patient", "whereabouts", "why"),
        (
            (f"{r['system']} `{r['code']}`", r["kind"], r["consent"], r["on-patient"], r["whereabouts"], r["why"])
            for r in rows(POLICY / "labels.csv")
        ),
    )


def whereabouts() -> str:
    """What is taken out where somebody's whereabouts are hidden."""
    out: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for r in rows(POLICY / "whereabouts.csv"):
        out[r["kind"], r["type"]].append(r["name"])
    return table(("kind", "type", "what"), ((kind, type, ", ".join(names)) for (kind, type), names in out.items()))


def absence() -> str:
    """The words and codes of what is not there."""
    return table(
        ("state", "code of `urn:interop:absence`", "words", "why"),
        ((r["state"], f"`{r['code']}`", r["words"], r["why"]) for r in rows(POLICY / "absence.csv")),
    )


def privacy() -> str:
    """What comes on the privacy officer's queue."""
    return table(
        ("rule", "role", "people in an hour", "alert", "why"),
        (
            (r["rule"], "every" if r["role"] == "*" else r["role"], r["limit"], r["alert"], r["why"])
            for r in rows(AUDIT / "privacy.csv")
        ),
    )


SECTIONS: dict[str, Callable[[], str]] = {
    made.__name__: made for made in (roles, classes, purposes, consent, operations, labels, whereabouts, absence, privacy)
}


def written(page: str) -> str:
    """The page with each section as it is now. Raises ValueError where a section has no place, or there is none of that name."""
    found = [match[1] for match in _SECTION.finditer(page)]
    if sorted(found) != sorted(SECTIONS):
        raise ValueError(
            f"{PAGE.name} has no place, or several, for {', '.join(sorted(set(SECTIONS) ^ set(found))) or 'a section'}"
        )

    def section(match: re.Match[str]) -> str:
        return f"<!-- generated: begin {match[1]} by scripts/generate -->\n{SECTIONS[match[1]]()}\n<!-- generated: end -->"

    return _SECTION.sub(section, page)


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "the tables of policy as they are", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
