"""Synthetic people: the same person in every family of messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple, TypeVar

from conformance.generate import words
from conformance.generate.numbers import case_serial, nhs_number
from conformance.generate.places import GPS, PRACTICES, Clinician, Organisation

T = TypeVar("T")

EPOCH = date(2026, 1, 5)
"""The day on which ages are reckoned, and on which generated events begin unless told otherwise."""


class Address(NamedTuple):
    """A home address in the parts that every family has: number and street, town, county, postcode."""

    street: str
    town: str
    county: str
    postcode: str


class Kin(NamedTuple):
    """Next of kin; ``relationship`` is a code of HL7 UK table 0063 (1 spouse, 9 child, 20 carer ...)."""

    title: str
    given: str
    family: str
    relationship: str
    phone: str


class Person(NamedTuple):
    """A person as any system knows them. ``sex`` is M or F; ``titles`` in capitals as a hospital system would hold them."""

    serial: int
    nhs_number: str
    hospital_number: str
    title: str
    given: str
    middle: str
    family: str
    maiden: str
    birth_date: date
    sex: str
    address: Address
    phone: str
    mobile: str
    marital: str
    religion: str
    ethnic: str
    language: str
    practice: Organisation
    gp: Clinician
    kin: Kin

    @property
    def spoken(self) -> str:
        """As one would say it: ``Mrs Laura Ormsgill``."""
        return f"{self.title.capitalize()} {self.given} {self.family}"

    @property
    def aged(self) -> int:
        """Whole years at EPOCH."""
        before = (EPOCH.month, EPOCH.day) < (self.birth_date.month, self.birth_date.day)
        return EPOCH.year - self.birth_date.year - before


def randomness(seed: int, index: int, topic: int = 0) -> Random:
    """The random numbers of one person and topic: the same whatever was made before them."""
    return Random((seed << 48) ^ (topic << 40) ^ index)


def pick(random: Random, of: tuple[T, ...]) -> T:
    """One of a tuple."""
    return of[int(random.random() * len(of))]


class People:
    """The people of a seed, by index; no state, so any can be had at any time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __iter__(self) -> Iterator[Person]:
        index = 0
        while True:
            yield self[index]
            index += 1

    def __getitem__(self, index: int) -> Person:
        """Person ``index``; raises IndexError where the 999 range has no number left."""
        serial = case_serial(self.seed, index)
        random = randomness(self.seed, index)
        draw = random.random
        female = draw() < 0.52
        age = 18 + int(78 * draw()) if draw() < 0.8 else int(18 * draw())
        given = pick(random, words.FEMALE if female else words.MALE)
        family = pick(random, words.FAMILY)
        married = age > 24 and draw() < 0.6
        town, area = pick(random, words.TOWNS)
        letters = words.POSTCODE_LETTERS
        practice_at = int(draw() * len(PRACTICES))
        kin_female = draw() < 0.5
        child = age > 60
        if female:
            title = "MRS" if married else pick(random, ("MISS", "MS")) if age < 70 else "MISS"
        else:
            title = "MR" if age >= 16 else "MASTR"
        return Person(
            serial=serial,
            nhs_number=nhs_number(serial),
            hospital_number=f"E{1_000_000 + serial}",
            title=title,
            given=given,
            middle=pick(random, words.FEMALE if female else words.MALE) if draw() < 0.5 else "",
            family=family,
            maiden=pick(random, words.FAMILY) if female and married else "",
            birth_date=EPOCH - timedelta(days=age * 365 + age // 4 + 1 + int(360 * draw())),
            sex="F" if female else "M",
            address=Address(
                f"{1 + int(180 * draw())} {pick(random, words.STREETS)}",
                town,
                words.COUNTY,
                f"{area} {int(10 * draw())}{letters[int(20 * draw())]}{letters[int(20 * draw())]}",
            ),
            phone=f"01632960{int(1000 * draw()):03d}",
            mobile=f"07700900{int(1000 * draw()):03d}" if draw() < 0.8 else "",
            marital=("M" if age < 75 or draw() < 0.5 else "W") if married else "S",
            religion=pick(random, words.RELIGIONS),
            ethnic=pick(random, words.ETHNIC),
            language=pick(random, words.LANGUAGES),
            practice=PRACTICES[practice_at],
            gp=GPS[practice_at],
            kin=Kin(
                "MRS" if kin_female else "MR",
                pick(random, words.FEMALE if kin_female else words.MALE),
                family if draw() < 0.7 else pick(random, words.FAMILY),
                "9" if child else "3" if age < 25 else "1" if married else "14" if kin_female else "15",
                f"07700900{int(1000 * draw()):03d}",
            ),
        )
