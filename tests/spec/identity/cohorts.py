"""Invented people as several sources know them: records of one person that differ as records do, and people who are easily taken
for one another. A seed gives the same people each time; numbers are of the 999 range."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from conformance.generate.numbers import nhs_number
from interop.ids import NHS_NUMBER

STATUS = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE = words(
    """
    Mary Elizabeth Margaret Catherine Susan Patricia Victoria Jennifer Rebecca Jessica Amelia Olivia Zofia Aoife Niamh
    Priyanka Fatima Wanjiru Chioma Siobhán Zoë Renée Gwenllian Anneliese Rosalind Beatrice Philippa Deborah Samantha Isabel
    """
)
MALE = words(
    """
    William Robert James Richard Thomas Edward Michael Andrew Christopher Matthew Benjamin Alexander Oluwaseun Tadeusz José
    François Llewellyn Kwame Harpreet Yusuf Anthony Nicholas Frederick Joseph Charles Daniel Samuel Timothy Peter Stephen
    """
)
FAMILY = words(
    """
    Ashdown Brockhurst O'Neill Fitzgerald Smith Jones Kowalczyk Nwosu Müller García Whitcombe Thistlethwaite Patel Begum
    Hussain Featherstone McAllister Quarrington Llewelyn-Price Evans Okonkwo Ramanathan Sinclair Penhaligon Tremayne
    Cartwright Van-der-Berg Mac-Donald Underhill Yardley Zielinski Xavier Ingram Kettlewell Lockwood Mendez Norwood Osgood
    """
)
SHORT = {"Mary": "Polly", "Elizabeth": "Liz", "Margaret": "Peggy", "Catherine": "Kate", "Susan": "Sue", "Patricia": "Trish",
         "Victoria": "Vicky", "Jennifer": "Jenny", "Rebecca": "Becky", "Jessica": "Jess", "William": "Bill", "Robert": "Bob",
         "Richard": "Dick", "Thomas": "Tom", "Edward": "Ted", "Michael": "Mike", "Andrew": "Andy", "Christopher": "Chris",
         "Matthew": "Matt", "Benjamin": "Ben", "Anthony": "Tony", "Nicholas": "Nick", "Frederick": "Fred", "Joseph": "Joe",
         "Daniel": "Dan", "Samuel": "Sam", "Timothy": "Tim", "Peter": "Pete", "Stephen": "Steve", "Deborah": "Debbie",
         "Samantha": "Sam", "Philippa": "Pippa", "James": "Jim", "Charles": "Chuck"}  # fmt: skip
TWINS = (("Mia", "Mya"), ("Christina", "Christine"), ("Jayden", "Hayden"), ("Daniel", "Danielle"), ("Amy", "Anne"), ("John", "Jon"),
         ("Kaylen", "Kayleb"), ("Sofia", "Sophie"), ("Mohammed", "Mohammad"), ("Ella", "Ellie"), ("Rose", "Rosa"))  # fmt: skip
STREETS = ("High Street", "Mill Lane", "Church Road", "Station Road", "Tolpuddle Row", "Orchard Close", "Quay Hill")

Patient = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Two:
    """Two records; ``same``: of one person."""

    kind: str
    a: Patient
    b: Patient
    same: bool


class Cohort:
    """Makes people and pairs from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._serial = seed * 7_919 % 100_000

    def number(self) -> str:
        """A number that nobody had before."""
        self._serial += 1
        return nhs_number(self._serial)

    def person(self, family: str = "", born: str = "", sex: str = "") -> Patient:
        """Somebody, whose number is stated as verified."""
        pick = self.random.choice
        sex = sex or pick(("male", "female"))
        names = FEMALE if sex == "female" else MALE
        given = self.random.sample(names, 2)
        day = date(1930, 1, 1) + timedelta(days=self.random.randrange(33_000))
        postcode = f"QX{self.random.randrange(1, 60)} {self.random.randrange(1, 10)}{pick('ABDEFGHJ')}{pick('LNPQRSTU')}"
        return {
            "resourceType": "Patient",
            "identifier": [numbered(self.number())],
            "name": [{"use": "official", "family": family or pick(FAMILY), "given": given}],
            "gender": sex,
            "birthDate": born or day.isoformat(),
            "address": [{"line": [f"{self.random.randrange(1, 200)} {pick(STREETS)}"], "postalCode": postcode}],
            "telecom": [{"system": "phone", "value": f"07700 9{self.random.randrange(100_000):05}"}],
        }

    def slip(self, text: str) -> str:
        """A letter left out, doubled, changed or swapped with the next, after the first."""
        place = self.random.randrange(1, len(text) - 1)
        how = self.random.randrange(4)
        if how == 0:
            return text[:place] + text[place + 1 :]
        if how == 1:
            return text[:place] + text[place] + text[place:]
        if how == 2:
            return text[:place] + self.random.choice("aeiourstln") + text[place + 1 :]
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]

    def true_pairs(self, count: int) -> Iterator[Two]:
        """Records of one person, verified on both sides, in the shares in which records differ."""
        kinds, shares = zip(*TRUE.items(), strict=True)
        for kind in self.random.choices(kinds, [share for share, _ in shares], k=count):
            a = self.person()
            b = deepcopy(a)
            TRUE[kind][1](self, b)
            yield Two(kind, *self.shuffled(a, b), True)

    def false_pairs(self, count: int) -> Iterator[Two]:
        """Records of two people, all kinds in turn."""
        kinds = list(FALSE)
        for place in range(count):
            kind = kinds[place % len(kinds)]
            a, b = FALSE[kind](self)
            yield Two(kind, *self.shuffled(a, b), False)

    def shuffled(self, a: Patient, b: Patient) -> tuple[Patient, Patient]:
        return (a, b) if self.random.random() < 0.5 else (b, a)


def numbered(number: str, status: str = "01") -> dict[str, Any]:
    coding = {
        "coding": [{"system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland", "code": status}]
    }
    found: dict[str, Any] = {"system": NHS_NUMBER, "value": number}
    if status:
        found["extension"] = [{"url": STATUS, "valueCodeableConcept": coding}]
    return found


def _moved(cohort: Cohort, record: Patient) -> None:
    fresh = cohort.person()
    record["address"], record["telecom"] = fresh["address"], fresh["telecom"]


def _named(part: str, change: Callable[[Cohort, str], str]) -> Callable[[Cohort, Patient], None]:
    def perform(cohort: Cohort, record: Patient) -> None:
        name = record["name"][0]
        if part == "family":
            name["family"] = change(cohort, name["family"])
        else:
            name["given"] = [change(cohort, name["given"][0]), *name["given"][1:]]

    return perform


def _plain(cohort: Cohort, text: str) -> str:
    swaps = str.maketrans("áéíóúëïöüçñÁÉ", "aeioueioucnAE")
    return text.translate(swaps).replace("-", " ").replace("'", "").upper()


def _swapped(cohort: Cohort, record: Patient) -> None:
    name = record["name"][0]
    record["name"] = [{**name, "family": name["given"][0], "given": [name["family"]]}]


def _middle(cohort: Cohort, record: Patient) -> None:
    record["name"][0]["given"].reverse()


def _middle_alone(cohort: Cohort, record: Patient) -> None:
    record["name"][0]["given"] = record["name"][0]["given"][1:]


def _without(part: str) -> Callable[[Cohort, Patient], None]:
    def perform(cohort: Cohort, record: Patient) -> None:
        if part == "given":
            del record["name"][0]["given"]
        else:
            record.pop(part, None)

    return perform


def _other_gender(cohort: Cohort, record: Patient) -> None:
    record["gender"] = {"male": "female", "female": "male"}[record["gender"]]


def _born_slip(cohort: Cohort, record: Patient) -> None:
    year, month, day = record["birthDate"].split("-")
    record["birthDate"] = f"{int(year) - 1}-{month}-{min(int(day), 28):02}"


def _nothing(cohort: Cohort, record: Patient) -> None:
    pass


TRUE: dict[str, tuple[float, Callable[[Cohort, Patient], None]]] = {
    "as it was": (40, _nothing),
    "moved": (20, _moved),
    "capitals, no accents, no punctuation": (10, _named("family", _plain)),
    "family name changed": (6, _named("family", lambda cohort, name: cohort.random.choice([x for x in FAMILY if x != name]))),
    "short form of the given name": (6, _named("given", lambda cohort, name: SHORT.get(name, name))),
    "initial": (3, _named("given", lambda cohort, name: name[0])),
    "double-barrelled": (3, _named("family", lambda cohort, name: f"{name}-{cohort.random.choice(FAMILY)}")),
    "family name misspelt": (3, _named("family", lambda cohort, name: cohort.slip(name))),
    "no given name": (2, _without("given")),
    "no gender": (2, _without("gender")),
    "names in the other fields": (1, _swapped),
    "given names in another order": (1, _middle),
    "known by the middle name": (0.3, _middle_alone),
    "gender slip": (0.7, _other_gender),
    "given name misspelt": (1, _named("given", lambda cohort, name: cohort.slip(name))),
    "birth date slip": (0.4, _born_slip),
    "no birth date": (0.4, _without("birthDate")),
}
"""How the second record differs from the first, in parts of a hundred."""


def _sibling(cohort: Cohort, record: Patient, given: str = "") -> Patient:
    other = cohort.person(record["name"][0]["family"], record["birthDate"], record["gender"])
    other["address"], other["telecom"] = record["address"], record["telecom"]
    while not given and other["name"][0]["given"][0] in record["name"][0]["given"]:
        other = _sibling(cohort, record)
    if given:
        other["name"][0]["given"] = [given]
    return other


def _twins(cohort: Cohort) -> tuple[Patient, Patient]:
    one = cohort.person()
    return one, _sibling(cohort, one)


def _twins_one_number(cohort: Cohort) -> tuple[Patient, Patient]:
    one, other = _twins(cohort)
    other["identifier"] = one["identifier"]
    return one, other


def _like_twins_one_number(cohort: Cohort) -> tuple[Patient, Patient]:
    one = cohort.person()
    first, second = cohort.random.choice(TWINS)
    one["name"][0]["given"] = [first]
    other = _sibling(cohort, one, second)
    other["identifier"] = one["identifier"]
    return one, other


def _namesakes(cohort: Cohort) -> tuple[Patient, Patient]:
    one = cohort.person()
    other = cohort.person(one["name"][0]["family"], one["birthDate"], one["gender"])
    other["name"] = deepcopy(one["name"])
    return one, other


def _namesakes_unnumbered(cohort: Cohort) -> tuple[Patient, Patient]:
    one, other = _namesakes(cohort)
    del other["identifier"]
    return one, other


def _reused(cohort: Cohort) -> tuple[Patient, Patient]:
    one, other = cohort.person(), cohort.person()
    other["identifier"] = one["identifier"]
    return one, other


def _reused_in_family(cohort: Cohort) -> tuple[Patient, Patient]:
    """Father and son of one name."""
    one = cohort.person(sex="male")
    other = deepcopy(one)
    year, rest = one["birthDate"][:4], one["birthDate"][4:]
    other["birthDate"] = f"{int(year) + 27}{rest if rest != '-02-29' else '-02-28'}"
    return one, other


def _repeated(cohort: Cohort) -> tuple[Patient, Patient]:
    one, other = _namesakes(cohort)
    digits = cohort.random.choice("123456789") * 10
    one["identifier"] = other["identifier"] = [numbered(digits)]
    return one, other


def _invalid(cohort: Cohort) -> tuple[Patient, Patient]:
    one, other = _namesakes(cohort)
    number = one["identifier"][0]["value"]
    wrong = number[:9] + str((int(number[9]) + 1) % 10)
    one["identifier"] = other["identifier"] = [numbered(wrong)]
    return one, other


def _unverified(cohort: Cohort) -> tuple[Patient, Patient]:
    """A number that was copied to a namesake and never traced."""
    one, other = _namesakes(cohort)
    other["identifier"] = [
        numbered(one["identifier"][0]["value"], cohort.random.choice(("02", "03", "04", "05", "06", "07", "08")))
    ]
    return one, other


def _digit_off(cohort: Cohort) -> tuple[Patient, Patient]:
    """Two namesakes, the one's number with a digit changed or two exchanged: modulus 11 finds it."""
    one, other = _namesakes(cohort)
    number = one["identifier"][0]["value"]
    place = cohort.random.randrange(3, 8)
    digit = (int(number[place]) + cohort.random.randrange(1, 10)) % 10
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    other["identifier"] = [numbered(swapped if swapped != number else f"{number[:place]}{digit}{number[place + 1 :]}")]
    return one, other


def _unborn(cohort: Cohort) -> tuple[Patient, Patient]:
    """A newborn under the mother's number, and a twin: not named yet."""
    one, other = _twins_one_number(cohort)
    one["name"][0]["given"], other["name"][0]["given"] = ["Baby"], ["Twin 2"]
    return one, other


def _no_birthday(cohort: Cohort) -> tuple[Patient, Patient]:
    one, other = _namesakes(cohort)
    other["identifier"] = one["identifier"]
    del other["birthDate"]
    return one, other


def _sensitive(cohort: Cohort) -> tuple[Patient, Patient]:
    """A record whose whereabouts are withheld: no address, no telephone; and somebody of that name."""
    one, other = _namesakes(cohort)
    for record in (one, other):
        record.pop("address"), record.pop("telecom")
    one["meta"] = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
    return one, other


FALSE: dict[str, Callable[[Cohort], tuple[Patient, Patient]]] = {
    "twins": _twins,
    "twins under one number": _twins_one_number,
    "twins of like names under one number": _like_twins_one_number,
    "twins who have no names yet": _unborn,
    "same name and birthday": _namesakes,
    "same name and birthday, one without a number": _namesakes_unnumbered,
    "number used again": _reused,
    "number used again for a son": _reused_in_family,
    "repeated-digit number": _repeated,
    "invalid number": _invalid,
    "number that was never traced": _unverified,
    "numbers a digit apart": _digit_off,
    "missing birthday": _no_birthday,
    "sensitive record": _sensitive,
}
