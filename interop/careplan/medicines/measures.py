"""Strengths, doses, frequencies, routes and forms as they are compared: another unit or word for the same is no difference."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final, NamedTuple

UNITS: Final = {
    "kg": (10**12, "g"), "g": (10**9, "g"), "gram": (10**9, "g"), "mg": (10**6, "g"), "milligram": (10**6, "g"),
    "mcg": (1000, "g"), "ug": (1000, "g"), "microgram": (1000, "g"), "nanogram": (1, "g"), "ng": (1, "g"),
    "ml": (1, "ml"), "millilitre": (1, "ml"), "l": (1000, "ml"), "litre": (1000, "ml"), "unit": (1, "unit"), "iu": (1, "unit"),
    "tab": (1, "tablet"), "tablet": (1, "tablet"), "cap": (1, "capsule"), "capsule": (1, "capsule"), "hr": (1, "hour"),
}  # fmt: skip
"""How many of the least unit one is, and what is measured by it: weights in nanograms."""
ROUTES: Final = {
    "oral": "oral", "orally": "oral", "po": "oral", "by mouth": "oral", "subcutaneous": "subcutaneous", "sc": "subcutaneous",
    "subcut": "subcutaneous", "under the skin": "subcutaneous", "intramuscular": "intramuscular", "im": "intramuscular",
    "intravenous": "intravenous", "iv": "intravenous", "sublingual": "sublingual", "sl": "sublingual",
    "under the tongue": "sublingual", "inhalation": "inhalation", "inhaled": "inhalation", "inh": "inhalation",
    "respiratory": "inhalation", "topical": "skin", "cutaneous": "skin", "on the skin": "skin", "transdermal": "transdermal",
    "rectal": "rectal", "pr": "rectal", "vaginal": "vaginal", "pv": "vaginal", "nasal": "nasal", "intranasal": "nasal",
    "nasogastric": "nasogastric", "ng": "nasogastric", "ophthalmic": "eye", "ocular": "eye", "eye": "eye", "ear": "ear",
    "otic": "ear", "auricular": "ear", "gastrostomy": "gastrostomy", "peg": "gastrostomy", "buccal": "buccal",
}  # fmt: skip
FORMS: Final = {
    "tablet": "tablet", "caplet": "tablet", "capsule": "capsule", "solution": "liquid", "suspension": "liquid", "liquid": "liquid",
    "syrup": "liquid", "elixir": "liquid", "cream": "cream", "ointment": "ointment", "gel": "gel", "injection": "injection",
    "infusion": "infusion", "inhaler": "inhaler", "patch": "patch", "patche": "patch", "suppository": "suppository",
    "suppositorie": "suppository", "pessary": "pessary", "spray": "spray", "drop": "drops", "sachet": "sachet",
}  # fmt: skip
_DISSOLVED: Final = frozenset(("dispersible", "soluble", "effervescent", "orodispersible"))
_AMOUNT: Final = re.compile(r"(\d[\d.,]*)\s*([^\W\d_]+|%)?(?:\s*/\s*(\d[\d.,]*)?\s*([^\W\d_]+))?")
COUNTED: Final = frozenset(("", "tablet", "capsule", "puff", "drop", "dose", "spray", "patch", "sachet"))
"""Units of which a number alone may be meant."""
_OFTEN: Final = re.compile(r"(\d)/day")
_TIMES: Final = frozenset(("morning", "night"))
NEEDED: Final = "needed"


class Amount(NamedTuple):
    """A number of something, in something; '' for what is not said."""

    number: Fraction
    unit: str
    within: str


def strengths(one: str, other: str) -> bool | None:
    """Whether amounts that are joined by blanks differ: None where nobody can tell."""
    return _amounts(one.split(), other.split())


def doses(one: str, other: str) -> bool | None:
    """Whether doses that are joined by ``; `` differ: None where nobody can tell, as of one tablet and of 5 mg."""
    return _amounts(one.split("; "), other.split("; "))


def frequencies(one: str, other: str) -> bool | None:
    """Whether they differ in how often, at what time of day or in whether it is when needed: None where one says more."""
    first, second = one.split(), other.split()
    if sorted(first) == sorted(second):
        return False
    if (NEEDED in first) != (NEEDED in second):
        return True
    often, rarely = _often(first), _often(second)
    when, then = _TIMES.intersection(first), _TIMES.intersection(second)
    if (often and rarely and often != rarely) or (when and then and when != then):
        return True
    return None


def routes(one: str, other: str) -> bool | None:
    """Whether they differ: None where one of them is not known here."""
    return _named({_route(each) for each in one.split("; ")}, {_route(each) for each in other.split("; ")}, one, other)


def forms(one: str, other: str) -> bool | None:
    """Whether they differ: None where one of them is not known here."""
    return _named({_form(one)}, {_form(other)}, one, other)


def _named(first: set[str], second: set[str], one: str, other: str) -> bool | None:
    if _plain(one) == _plain(other):
        return False
    return None if "" in first | second else first != second


def _route(said: str) -> str:
    words = [each for each in re.findall(r"[a-z]+", said.casefold()) if each not in ("route", "use", "administration")]
    return ROUTES.get(" ".join(words), "")


def _form(said: str) -> str:
    words = [each.removesuffix("s") for each in re.findall(r"[a-z]+", said.casefold())]
    head = next((FORMS[each] for each in reversed(words) if each in FORMS), "")
    return " ".join((*sorted(_DISSOLVED.intersection(words)), head)) if head else ""


def _often(slots: list[str]) -> int:
    """So often in a day, 0 where that is not said."""
    said = next((int(found[1]) for each in slots if (found := _OFTEN.fullmatch(each))), 0)
    return said or len(_TIMES.intersection(slots))


def _amounts(one: list[str], other: list[str]) -> bool | None:
    if sorted(map(_plain, one)) == sorted(map(_plain, other)):
        return False
    first, second = [_amount(each) for each in one], [_amount(each) for each in other]
    known, beside = sorted(each for each in first if each), sorted(each for each in second if each)
    if len(known) < len(one) or len(beside) < len(other) or len(one) != len(other):
        return None
    pairs = list(zip(known, beside, strict=True))
    if any((a.unit, a.within) != (b.unit, b.within) for a, b in pairs):
        counted = all(a.number == b.number and not a.within and not b.within for a, b in pairs)
        bare = counted and all({a.unit, b.unit} <= COUNTED and "" in (a.unit, b.unit) for a, b in pairs)
        return False if bare else None
    return known != beside


def _amount(said: str) -> Amount | None:
    found = _AMOUNT.fullmatch(_plain(said))
    if found is None:
        return None
    number, per = _number(found[1]), _number(found[3] or "1")
    if number is None or per is None or not per:
        return None
    scale, unit = _unit(found[2] or "")
    scaled, within = _unit(found[4] or "")
    return Amount(number * scale / (per * scaled), unit, within)


def _unit(said: str) -> tuple[Fraction, str]:
    name = said if said in UNITS else said.removesuffix("s")
    scale, unit = UNITS.get(name, (1, name))
    return Fraction(scale), unit


def _number(said: str) -> Fraction | None:
    """A number as it is written in England: a comma stands before three digits."""
    plain = re.sub(r",(?=\d{3}(?!\d))", "", said.rstrip(".,"))
    return Fraction(plain) if re.fullmatch(r"\d+(?:\.\d+)?", plain) else None


def _plain(said: str) -> str:
    return " ".join(said.casefold().split())
