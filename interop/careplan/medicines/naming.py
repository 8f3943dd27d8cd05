"""What medicines are called, and which names are of one medicine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from interop.careplan.medicines.values import CODE, WORDS, Told

DRUGS: Final = frozenset(("http://snomed.info/sct", "https://dmd.nhs.uk"))
"""Systems of which a code names a medicine or a product: dm+d codes are SNOMED CT's."""
_STRENGTH: Final = re.compile(
    r"(?<![a-z\d])\d+(?:[.,]\d+)*\s*(?:%|micrograms?|mcg|nanograms?|milligrams?|mg|grams?|g|ml|litres?|l|units?|mmol|iu)?"
    r"(?:\s*/\s*(?:\d+(?:\.\d+)?\s*)?(?:ml|hours?|dose|actuation|g))?(?![a-z])"
)
_SAME_UNIT: Final = {"microgram": "microgram", "micrograms": "microgram", "mcg": "microgram", "milligram": "mg", "milligrams": "mg"}
_FORMS: Final = {
    "tablet": "tablet", "tablets": "tablet", "tab": "tablet", "tabs": "tablet", "caplet": "tablet", "caplets": "tablet",
    "capsule": "capsule", "capsules": "capsule", "cap": "capsule", "caps": "capsule",
    "oral": "oral", "solution": "solution", "suspension": "suspension", "liquid": "liquid", "syrup": "syrup",
    "dispersible": "dispersible", "soluble": "soluble", "effervescent": "effervescent", "orodispersible": "orodispersible",
}  # fmt: skip
"""Forms that are swallowed: who is given another of these takes the same medicine. All other forms are part of its name, so that
a cream and a tablet, or a modified release, stay two."""


UNNAMED: Final = "Medicine not named"
"""Stands for a name where nobody gives one: two of them are two medicines."""


def strength(name: str) -> str:
    """The amounts in a name, as they are compared; '' where it has none."""
    return " ".join(sorted(_amount(each) for each in _STRENGTH.findall(name.casefold())))


def _amount(said: str) -> str:
    parts = re.findall(r"[\d.,]+|[a-z%]+|/", said)
    return "".join(_SAME_UNIT.get(part, part.rstrip("s") if len(part) > 2 else part) for part in parts)


def form(name: str) -> str:
    """The form that is in a name, '' where none is that is swallowed."""
    return " ".join(_FORMS[word] for word in _tokens(name) if word in _FORMS)


def stem(name: str) -> str:
    """A name without strength and form; the whole of it where nothing else is in it."""
    words = [word for word in _tokens(_STRENGTH.sub(" ", name.casefold())) if word not in _FORMS]
    return " ".join(words) or " ".join(_tokens(name))


def _tokens(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


def near(one: str, other: str) -> bool:
    """Whether two names begin alike, or one is none: they may be the same medicine in other words."""
    if UNNAMED in (one, other):
        return True
    first, second = stem(one).split(), stem(other).split()
    return bool(first and second and first[0] == second[0])


def grouped(told: Iterable[Told]) -> list[tuple[str, tuple[Told, ...]]]:
    """Statements of one medicine together, each with CODE or WORDS as what holds them together, whatever order they come in."""
    every = sorted(told, key=lambda each: each.order)
    by_code = _joined([[f"{code.system}|{code.code}" for code in each.codes if code.system in DRUGS] for each in every])
    both = _joined(
        [
            [f"code {by_code[at]}", f"name {stem(each.name)}" if each.name not in ("", UNNAMED) else f"none {at}"]
            for at, each in enumerate(every)
        ]
    )
    found: dict[int, list[int]] = {}
    for at, group in enumerate(both):
        found.setdefault(group, []).append(at)
    return [
        (
            CODE if len({by_code[at] for at in places}) == 1 and _coded(every[at] for at in places) else WORDS,
            tuple(every[at] for at in places),
        )
        for places in found.values()
    ]


def _coded(told: Iterable[Told]) -> bool:
    return all(any(code.system in DRUGS for code in each.codes) for each in told)


def _joined(keys: Sequence[Sequence[str]]) -> list[int]:
    """For each place the first place that it hangs together with by common keys."""
    group = list(range(len(keys)))
    first: dict[str, int] = {}

    def root(at: int) -> int:
        while group[at] != at:
            at = group[at]
        return at

    for at, names in enumerate(keys):
        for name in names:
            one, other = root(at), root(first.setdefault(name, at))
            group[max(one, other)] = min(one, other)
    return [root(at) for at in range(len(keys))]
