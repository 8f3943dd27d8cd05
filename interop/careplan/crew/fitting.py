"""The card is never larger than its limit: what is cut is told by number, and what keeps people safe is cut last."""

from __future__ import annotations

from typing import Any, Final

import orjson

from interop.careplan.plan import Json

LIMIT: Final = 9_900
"""Bytes of a card without the time at which it is given."""
CRITICAL: Final = ("alerts", "cpr", "allergies", "advanceDecisions")
"""Sections of which every line stays while anything else can go; so it is with what authors do not agree in."""
ORDER: Final = (
    "people",
    "communication",
    "medicines",
    "plans",
    "matters",
    "takeAlong",
    "steps",
    "standby",
    "gp",
    "namedClinician",
    "placeOfCare",
    "placeOfDeath",
)
"""Other sections, the first to lose lines first."""
FLOORS: Final = ((12, 6), (8, 4), (5, 3), (3, 2), (2, 1), (1, 1), (0, 0))
"""Lines that are left, round by round: of medicines and steps, of other sections."""
LONG: Final = frozenset(("medicines", "steps", "plans"))
DETAILS: Final = (
    ("notes",),
    ("by", "when", "review", "who"),
    ("kind", "from", "role", "phone"),
    ("until", "means", "dose", "reaction"),
    ("status",),
)
"""Members that lines lose, round by round, once nothing else can go."""
ASIDE: Final = ("notes", "by", "when", "review", "who", "kind", "from")
"""What medicines lose before any plan loses words."""
SHORT: Final = (160, 80, 40)
LEAST: Final = (60, 30, 15, 6, 3, 2, 1)
"""Bytes of the words of a line, then lines of a critical section, at the very end."""
BRIEF: Final = (160, 80, 40)
"""Bytes of whatever the card says of itself, where that alone is more than fits."""
MORE: Final = "more"


def short(words: str, most: int) -> str:
    """Words of at most so many bytes as JSON has them, with an ellipsis in place of what was cut."""
    if len(words) <= most and words.isascii() and words.isprintable() and '"' not in words and "\\" not in words:
        return words
    words = words.encode("utf-8", "replace").decode("utf-8")
    if _size(words) <= most:
        return words
    low, high = 0, min(len(words), most)
    while low < high:
        middle = (low + high + 1) // 2
        if _size(words[:middle]) + 3 <= most:
            low = middle
        else:
            high = middle - 1
    return f"{words[:low].rstrip()}…"


def _size(words: str) -> int:
    return len(orjson.dumps(words)) - 2


def fit(card: Json, limit: int = LIMIT) -> bytes:
    """The card as JSON within the limit. Sections are objects with ``lines``; one that has lost some says in ``more`` how many."""
    body = orjson.dumps(card)
    if len(body) <= limit:
        return body
    _whole(card, limit)
    return orjson.dumps(card)


def _whole(card: Json, limit: int) -> None:
    sections = {name: held for name, held in card.items() if isinstance(held, dict) and "lines" in held}
    critical = [name for name in sections if name in CRITICAL or sections[name].get("conflict")]
    others = [name for name in ORDER if name in sections and name not in critical]
    if "plans" in sections and _once(sections) and _over(card, limit):
        return
    if "medicines" in sections:
        _without(sections["medicines"]["lines"], ASIDE)
        if _over(card, limit):
            return
    for long, usual in FLOORS:
        for name in ("absent", "sources"):
            if _cut(sections.get(name), max(3, usual)) and _over(card, limit):
                return
        for name in others:
            if _cut(sections[name], long if name in LONG else usual) and _over(card, limit):
                return
    for names in DETAILS:
        for name in (*others, *critical):
            _without(sections[name]["lines"], names)
        if _over(card, limit):
            return
    for most in SHORT:
        for name in critical:
            _shortened(sections[name]["lines"], most)
        if _over(card, limit):
            return
    for most in LEAST:
        for name in critical:
            _cut(sections[name], most)
        if _over(card, limit):
            return
    for most in BRIEF:
        for part in ("glance", "who"):
            if part in card:
                card[part] = _brief(card[part], most)
        if _over(card, limit):
            return


def _once(sections: dict[str, Json]) -> bool:
    """Leave no words of plans that stand under another section too; whether any went."""
    other = {line["text"] for name, held in sections.items() if name != "plans" for line in held["lines"] if "text" in line}
    whole = "\n".join(sorted(other))
    section = sections["plans"]
    left = [line for line in section["lines"] if line["text"] not in whole]
    if gone := len(section["lines"]) - len(left):
        section["lines"], section[MORE] = left, section.get(MORE, 0) + gone
    return bool(gone)


def _brief(value: Any, most: int) -> Any:
    if isinstance(value, str):
        return short(value, most)
    if isinstance(value, list):
        return [_brief(each, most) for each in value]
    return {name: _brief(each, most) for name, each in value.items()} if isinstance(value, dict) else value


def _over(card: Json, limit: int) -> bool:
    """Whether the cutting is over: the card fits."""
    return len(orjson.dumps(card)) <= limit


def _cut(section: Json | None, most: int) -> bool:
    """Leave so many lines; whether any went."""
    lines: list[Any] = section["lines"] if section is not None else []
    if section is None or len(lines) <= most:
        return False
    section[MORE] = section.get(MORE, 0) + len(lines) - most
    del lines[most:]
    return True


def _without(lines: list[Json], names: tuple[str, ...]) -> None:
    for line in lines:
        if [name for name in names if line.pop(name, None) is not None]:
            line["cut"] = True


def _shortened(lines: list[Json], most: int) -> None:
    for line in lines:
        said = short(line["text"], most)
        if said != line["text"]:
            line["text"], line["cut"] = said, True
