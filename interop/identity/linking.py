"""What the store keeps of a Patient for linking: its identity, by which others are found that may be the same person.

``number|birth date|family names|given names/further names|gender|status``: names plain, blanks between several; status ``v``
where the number is stated as verified, ``n`` where as something else, ``p`` where the national service itself says it; save where
it is ``v``, after that the numbers that the service has withdrawn, and postcodes. '' where the Patient may not link by itself: a
number that fails modulus 11, one of ten equal digits, one of the 999 range save where configured, two numbers, a birth date or
name that is told in part, a newborn's name that is none. Those wait for people to decide. A number that is stated as not verified
(NHS Data Dictionary, NHS NUMBER STATUS INDICATOR CODE, 01 alone is verified), or of which nobody says anything, links with the
national service's own Patient and with nobody else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from interop.identity.known import Known, known_of
from interop.identity.rules import Rule, rule_of


def identity_of(patient: dict[str, Any], *, test_numbers: bool, national: bool = False, verified: bool = False) -> str:
    """The identity of a Patient's body. A Patient of whom a source knows nothing but a number that it states as verified (the
    e-Referral Service) has the number alone: it follows whoever has that number, as long as that is one person. ``national``: it
    is the national service's own Patient; ``verified``: its sources' numbers are, where they state no status."""
    known = known_of(patient, test_numbers=test_numbers, verified=verified)
    if national:
        return _national(known)
    if not known.number:
        return ""
    if known.alone:
        return f"{known.number}|||||v" if known.status == "v" else ""
    if len(known.birth) != 10 or not known.families or known.placeholder:
        return ""
    said = (known.number, known.birth, _joined(known.families), _given(known), known.gender, known.status)
    return "|".join(said if known.status == "v" else (*said, "", _joined(known.postcodes)))


def _national(known: Known) -> str:
    """Of the national service's Patient: the numbers that it has withdrawn count whether or not it tells enough of a person."""
    whole = bool(known.number and len(known.birth) == 10 and known.families) and not known.placeholder
    if not whole and not known.former:
        return ""
    said = (known.number, known.birth, _joined(known.families), _given(known), known.gender) if whole else ("",) * 5
    return "|".join((*said, "p", _joined(known.former), _joined(known.postcodes)))


@lru_cache(maxsize=8_192)
def known_by(identity: str) -> Known:
    """What an identity says; also one that an earlier version wrote (number, birth date, family name)."""
    number, birth, families, given, gender, status, former, places, *_ = [*identity.split("|"), *[""] * 7]
    first, _, further = given.partition("/")
    if not birth and not families:
        status = "v"
    names = _parted(families), _parted(first), _parted(further)
    return Known(number, status, birth, *names, gender, _parted(places), former=_parted(former))


def is_number_alone(identity: str) -> bool:
    """Whether an identity is a number without demographics."""
    return identity.partition("|")[2][:1] == "|"


def number_of(identity: str) -> str:
    """The NHS number within an identity."""
    return identity.partition("|")[0]


def withdrawn_by(identity: str) -> frozenset[str]:
    """The NHS numbers that an identity of the national service says are nobody's."""
    return _parted(identity.split("|", 7)[6]) if identity.count("|") >= 6 else frozenset()


def is_verified(identity: str) -> bool:
    """Whether the number of an identity is verified: stated so, of a source that has traced it, or the national service's own."""
    return known_by(identity).status in ("v", "p")


def verdict(a: str, b: str) -> Rule:
    """The row of rules.csv that decides about two identities. Symmetric."""
    return _verdict(*sorted((a, b)))


@lru_cache(maxsize=8_192)
def _verdict(a: str, b: str) -> Rule:
    return rule_of(known_by(a), known_by(b))


def _given(known: Known) -> str:
    return _joined(known.given) + ("/" + _joined(known.middle) if known.middle else "")


def _joined(names: frozenset[str]) -> str:
    return " ".join(sorted(names))


def _parted(text: str) -> frozenset[str]:
    return frozenset(text.split())
