"""Rows of the audit in the words of ``tables/words.csv``, for the person whom they are about. Pure."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Final

from interop.audit.actions import action_of
from interop.audit.row import DENIAL, Row

REFUSED: Final = "refused"


@cache
def words() -> dict[tuple[str, str], str]:
    """The words of the table by kind and code."""
    text = files("interop.audit").joinpath("tables/words.csv").read_text("utf-8")
    return {(row["kind"], row["code"]): row["words"] for row in csv.DictReader(text.splitlines())}


def done(row: Row) -> str:
    """What was done, a code of the kind ``action``: a declaration is called what it is, a denial that it was one; an operation by
    its name where the table has words for it."""
    if row.kind == DENIAL:
        return REFUSED
    named = (str(row.more.get(name, "")) for name in ("mark", "operation"))
    return next((each for each in (*named, row.interaction) if ("action", each) in words()), action_of(row))


def sentence(row: Row, organisation: str, under: tuple[str, ...]) -> str:
    """Who did what for what, in one sentence. ``organisation`` is what it is called, '' for none; ``under`` are the declarations of
    whoever looked that were in force then, codes of the kind ``under``. Whom it was about and what was found it does not say."""
    known = words()
    who = known.get(("role", row.who.role), row.who.role)
    parts = (
        f"{who[:1].upper()}{who[1:]}",
        f"of {organisation}" if organisation else "",
        known["action", done(row)],
        known.get(("purpose", row.who.purpose), ""),
    )
    told = "".join(f", {known['under', each]}" for each in under)
    return f"{' '.join(part for part in parts if part)}{told}."
