"""What a card holds is bounded, part by part, before the whole is (``interop.careplan.crew.fitting``)."""

from __future__ import annotations

from interop.careplan.crew.fitting import short
from interop.careplan.crew.line import WRITTEN, Said
from interop.careplan.plan import Json

WORDS, OWN_WORDS, LINE_OF_ABSENCE, DETAIL, NAME, CODE = 400, 900, 160, 200, 80, 40
"""Bytes of the words of a line, of one that stands as its author wrote it, of an absence, of its details, of names, of codes."""


def bounded_line(said: Said) -> Json:
    """A line as the card has it, with its members bounded."""
    own = said.more.get("as") == WRITTEN
    made: Json = {"text": short(said.text, OWN_WORDS if own else WORDS)}
    for name, value in said.more.items():
        if isinstance(value, list):
            made[name] = [short(each, CODE) for each in value[:3]]
        else:
            made[name] = short(value, DETAIL) if isinstance(value, str) else value
    if said.date:
        made["date"] = short(said.date, CODE)
    if said.by:
        made["by"] = short(said.by, NAME)
    if said.sources:
        made["from"] = [short(each, CODE) for each in said.sources[:6]]
    if made["text"] != said.text or any(isinstance(value, str) and made[name] != value for name, value in said.more.items()):
        made["cut"] = True
    return made


def bounded(person: Json) -> Json:
    """Names and numbers of whatever length as what fits."""
    return {name: _short(value, DETAIL) for name, value in person.items()}


def _short(value: object, most: int) -> object:
    if isinstance(value, str):
        return short(value, most)
    if isinstance(value, list):
        return [_short(each, NAME) for each in value[:4]]
    if isinstance(value, dict):
        return {name: _short(each, NAME) for name, each in value.items()}
    return value
