"""How a medicine is taken: directions as they are compared, and as somebody reads them who is no clinician."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

SPOKEN: Final = {
    "od": "once a day", "bd": "twice a day", "bid": "twice a day", "tds": "three times a day", "tid": "three times a day",
    "qds": "four times a day", "qid": "four times a day", "om": "in the morning", "mane": "in the morning",
    "on": "at night", "nocte": "at night", "prn": "when needed", "po": "by mouth", "stat": "at once", "im": "into a muscle",
    "sc": "under the skin", "iv": "into a vein", "sl": "under the tongue", "inh": "by inhaler", "neb": "by nebuliser",
    "pr": "into the back passage", "top": "on the skin", "tab": "tablet", "tabs": "tablets", "cap": "capsule", "caps": "capsules",
    "mcg": "micrograms", "ac": "before food", "pc": "after food", "inj": "injection", "susp": "liquid", "m/r": "slow release",
}  # fmt: skip
"""Clinical short forms and what they mean to whoever does not know them."""
AMBIGUOUS: Final = {"on": "on", "om": "om", "od": "od"}
"""Short forms that are ordinary words or mean an eye besides: read as short forms only beside nothing that says so."""
KEPT: Final = frozenset((
    "mg", "g", "ml", "kg", "l", "as", "at", "be", "by", "do", "if", "in", "is", "it", "no", "of", "or", "so", "to", "up", "us",
    "we", "a", "i", "an", "am", "pm", "on", "my", "me", "go",
))  # fmt: skip
"""Short words that everyone knows, and units that stand on a packet."""
_EYES: Final = frozenset(("eye", "eyes", "drop", "drops", "ear", "os", "ou", "oculentum"))
_PHRASES: Final = (
    (r"(?:four times (?:a day|daily)|4 times (?:a day|daily))", "4/day"),
    (r"(?:three times (?:a day|daily)|3 times (?:a day|daily))", "3/day"),
    (r"(?:twice (?:a day|daily)|2 times (?:a day|daily)|two times (?:a day|daily))", "2/day"),
    (r"(?:(?:once|1 times?|one time) (?:a day|daily)|every day|each day|daily|a day)", "1/day"),
    (r"(?:(?:in the|every|each) morning)", "morning"),
    (r"(?:(?:at|every|each) (?:night|bedtime))", "night"),
    (r"(?:(?:when|as) (?:needed|required|necessary))", "needed"),
)
_NUMBERS: Final = {"half": "0.5", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
_SILENT: Final = frozenset(("take", "to", "be", "taken", "tablet", "tablets", "capsule", "capsules", "orally", "by", "mouth"))
_SLOTS: Final = frozenset(("4/day", "3/day", "2/day", "1/day", "morning", "night", "needed"))


class Read(NamedTuple):
    """Directions as they are compared: ``dose`` a number of units to swallow and ``frequency`` where they say nothing but these
    (``whole``); ``words`` are all of them in one spelling."""

    words: str
    dose: str = ""
    frequency: str = ""
    whole: bool = False


def read(said: str) -> Read:
    """Directions; those of which any word is not understood have ``words`` alone."""
    text = " ".join(_spoken(said).casefold().replace(",", " ").replace(";", " ").rstrip(". ").split())
    for pattern, slot in _PHRASES:
        text = re.sub(rf"\b{pattern}(?![\w/])", slot, text)
    tokens = [_NUMBERS.get(each, each) for each in text.split() if each not in _SILENT]
    words = " ".join(tokens)
    doses = [each for each in tokens if re.fullmatch(r"\d+(?:\.\d+)?", each)]
    slots = sorted(each for each in tokens if each in _SLOTS)
    if len(doses) == 1 and slots and len(slots) + 1 == len(tokens) and len(set(slots)) == len(slots):
        when = [slot for slot in slots if not (slot == "1/day" and len({"morning", "night"} & set(slots)) == 1)]
        return Read(words, doses[0], " ".join(when), True)
    return Read(words)


def _spoken(said: str) -> str:
    words = said.split()
    eyes = any(word.casefold().strip(".,;()") in _EYES for word in words)
    found = []
    for word in words:
        bare = word.casefold().strip(".,;()")
        known = SPOKEN.get(bare.replace(".", ""), SPOKEN.get(bare, ""))
        # "on", "om" and "od" are words or an eye unless they are written as short forms
        if bare.replace(".", "") in AMBIGUOUS and (eyes or (bare == "on" and word != "ON")):
            known = ""
        found.append(known or word)
    return " ".join(found)


def everyday(said: str) -> str:
    """Directions in everyday words; '' where they hold a short form that is not known for certain, so that nobody guesses."""
    if any(word.casefold().strip(".,;()") in _EYES for word in said.split()) and re.search(r"\bo\.?[du]\b", said.casefold()):
        return ""
    spoken = spelled(said)
    for word in re.findall(r"[A-Za-z/]+", spoken):
        if word.casefold() in KEPT:
            continue
        if len(word) <= 2 or (word.isupper() and len(word) <= 5) or not re.search(r"[aeiouy]", word.casefold()):
            return ""
    return spoken


def spelled(said: str) -> str:
    """Words with the short forms that are known written out."""
    apart = re.sub(r"(\d)(mcg|ug)\b", r"\1 micrograms", said, flags=re.IGNORECASE)
    return _spoken(re.sub(r"\b(\d+)([A-Za-z]{2,})\b", r"\1 \2", apart))
