"""What is asked: the requests of each figure, made of the data's own ids and words."""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson

from conformance.bench.resources import NHS_NUMBER
from conformance.bench.serving.records import MEASURED, PROCEDURES, SNOMED, observation, record, transaction
from conformance.bench.serving.sharing import Json, elsewhere
from conformance.bench.serving.traffic import FHIR, Piece, get, sending
from conformance.generate.clinical import PROBLEMS
from conformance.generate.people import EPOCH, People, Person
from conformance.generate.places import GPS
from conformance.judged.outcome import Unusable

DISTINCT = 4_000
"""Requests of a figure that are distinct; they are asked over and over."""
HELD = 400
"""People whose cards are asked for: a card is made anew only when something of it may differ, and this is about all other times."""
WRITES = 60_000
"""Requests made ready for a figure of writes: none is sent twice."""
IN_TRANSACTION = 100
TODAY = str(EPOCH)


class Asking(NamedTuple):
    """The data (seed, patients), the server's base path and Host, the tokens of whoever asks and of whoever loads ('' where nobody
    signs on)."""

    seed: int
    patients: int
    base: str
    host: str
    token: str = ""
    loader: str = ""

    def sample(self, salt: str, count: int = DISTINCT) -> list[Person]:
        """People of the data, chosen by the seed and a word."""
        people, chance = People(self.seed), random.Random(f"{self.seed} {salt}")
        return [people[chance.randrange(self.patients)] for _ in range(count)]

    def sees(self, person: Person) -> bool:
        """Whether who asks is given what is about a person."""
        return not self.token or not elsewhere(person)

    def seen(self, salt: str, count: int) -> list[Person]:
        """People of a sample whom who asks is given."""
        return [each for each in self.sample(salt, count + count // 4) if self.sees(each)][:count]

    def get(self, path: str, status: int = 0, matches: int = -1, accept: str = FHIR) -> Piece:
        """A GET below the base, and its right answer."""
        return Piece(get(f"{self.base}/{path}", self.host, self.token, accept), status, matches)

    def send(self, method: str, path: str, resource: Json, *, loading: bool = False) -> Piece:
        """A request that carries a resource."""
        token = self.loader if loading else self.token
        return Piece(sending(method, self.base + (f"/{path}" if path else ""), self.host, orjson.dumps(resource), token))


Make = Callable[[Asking], list[Piece]]
KINDS = (("Patient", ""), ("Encounter", "-e0"), ("Condition", "-c"), ("CarePlan", "-l"), ("Observation", "-b"))


def by_id(asking: Asking) -> list[Piece]:
    """Reads of five types; what may not be seen is not found, but for Patients: a practice may find anyone."""
    found = []
    for at, each in enumerate(asking.sample("read")):
        kind, suffix = KINDS[at % len(KINDS)]
        given = kind == "Patient" or asking.sees(each)
        found.append(asking.get(f"{kind}/p{each.serial}{suffix}", 200 if given else 404))
    return found


def plans(asking: Asking) -> list[Piece]:
    """The plan of a patient; of one whom it may not see, none."""
    return [asking.get(f"CarePlan?patient=p{each.serial}", 200, int(asking.sees(each))) for each in asking.sample("plans")]


def appointments(asking: Asking) -> list[Piece]:
    """The coming appointments of a patient; of one whom it may not see, none."""
    found = []
    for each in asking.sample("appointments"):
        matches = -1 if asking.sees(each) else 0
        found.append(asking.get(f"Appointment?patient=p{each.serial}&date=ge{TODAY}", 200, matches))
    return found


def chained(asking: Asking) -> list[Piece]:
    """Observations of whoever has an NHS number, and Encounters of whoever has a name and a date of birth."""
    people = People(asking.seed)
    given = {(each.family, each.birth_date) for each in (people[at] for at in range(asking.patients)) if asking.sees(each)}
    found = []
    for at, each in enumerate(asking.sample("chained")):
        if at % 2:
            number = quote(f"{NHS_NUMBER}|{each.nhs_number}", safe="")
            found.append(asking.get(f"Observation?patient.identifier={number}", 200, -1 if asking.sees(each) else 0))
        else:
            named = urlencode({"patient.family": each.family, "patient.birthdate": str(each.birth_date)})
            found.append(asking.get(f"Encounter?{named}", 200, -1 if (each.family, each.birth_date) in given else 0))
    return found


def everything(asking: Asking) -> list[Piece]:
    """All of a patient whom it may see."""
    return [asking.get(f"Patient/p{each.serial}/$everything", 200) for each in asking.seen("everything", DISTINCT)]


def cards(asking: Asking) -> list[Piece]:
    """The crew cards of patients whom it may see, as their schema has them: so few that each has been made once before anything is
    counted."""
    people = asking.seen("cards", HELD)
    return [asking.get(f"Patient/p{each.serial}/$crew-card", 200, accept="application/json") for each in people]


def creates(asking: Asking) -> list[Piece]:
    """New Observations, each a new resource."""
    made = []
    for at, each in enumerate(asking.seen("creates", WRITES)):
        made.append(asking.send("POST", "Observation", _new(each, at)))
    return made


def updates(asking: Asking) -> list[Piece]:
    """New versions of what is there: the Observation of a patient, with another value each time."""
    made = []
    for at, each in enumerate(asking.seen("updates", WRITES)):
        id_ = f"p{each.serial}-o"
        made.append(asking.send("PUT", f"Observation/{id_}", _new(each, at) | {"id": id_}))
    return made


def _new(person: Person, at: int) -> Json:
    code, name, unit, low, _ = MEASURED[at % len(MEASURED)]
    coded = {"coding": [{"system": "http://loinc.org", "code": code, "display": name}]}
    value = {"value": low + at / 1000, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    made = observation("", {"reference": f"Patient/p{person.serial}"}, EPOCH, coded) | {"valueQuantity": value}
    return {name: each for name, each in made.items() if each != ""}


def transactions(asking: Asking) -> list[Piece]:
    """Bundles of a hundred new resources, by whoever loads: patients beyond those of the data, with all that is theirs."""
    people, at = People(asking.seed), asking.patients
    made: list[Piece] = []
    rest: list[Json] = []
    while len(made) < WRITES // IN_TRANSACTION:
        rest += record(people[at], asking.seed, at)
        at += 1
        if len(rest) >= IN_TRANSACTION:
            made.append(asking.send("POST", "", transaction(rest[:IN_TRANSACTION]), loading=True))
            rest = rest[IN_TRANSACTION:]
    return made


def mix(path: Path) -> Make:
    """The searches of a file of queries, YAML or JSON: ``queries`` of ``path``, ``params``, ``sample``, ``loadtest``.

    Raises Unusable.
    """
    queries = [each for each in _read(path) if not str(each.get("loadtest", "include")).startswith("skip")]

    def make(asking: Asking) -> list[Piece]:
        chance = random.Random(f"{asking.seed} mix")
        sampled = asking.sample("mix")
        found = []
        for at, person in enumerate(sampled):
            query = queries[at % len(queries)]
            words = {name: _pool(str(pool), person, chance) for name, pool in (query.get("sample") or {}).items()}
            path = _filled(str(query["path"]), words)
            parameters = {name: _filled(str(value), words) for name, value in (query.get("params") or {}).items()}
            found.append(asking.get(path + (f"?{urlencode(parameters)}" if parameters else "")))
        return found

    return make


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        if path.suffix == ".json":
            said = orjson.loads(path.read_bytes())
        else:
            said = import_module("yaml").safe_load(path.read_text("utf-8"))
        return [each for each in said["queries"] if isinstance(each["path"], str)]
    except ImportError as problem:
        raise Unusable("YAML needs PyYAML; give the queries as JSON") from problem
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise Unusable(f"{path} holds no queries: {problem}") from problem


def _filled(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace("{{" + name + "}}", word)
    return text


def _pool(name: str, person: Person, chance: random.Random) -> str:
    """A value of a pool of the file's making: ids, names, codes as ``system|code``."""
    match name:
        case "patient_id":
            return f"p{person.serial}"
        case "patient_family":
            return person.family
        case "patient_given":
            return person.given
        case "condition_code":
            return f"{SNOMED}|{chance.choice(PROBLEMS).snomed}"
        case "procedure_code":
            return f"{SNOMED}|{chance.choice(PROCEDURES)[0]}"
        case "practitioner_id":
            return f"d{chance.randrange(len(GPS))}"
        case "location_id":
            return f"l{chance.randrange(20)}"
    raise Unusable(f"no pool of values {name!r}")
