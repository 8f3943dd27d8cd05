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
from conformance.bench.serving.records import MEASURED, PROCEDURES, SNOMED, Json, observation, record, transaction
from conformance.bench.serving.traffic import get, sending
from conformance.generate.clinical import PROBLEMS
from conformance.generate.people import EPOCH, People, Person
from conformance.generate.places import GPS
from conformance.judged.outcome import Unusable

DISTINCT = 4_000
"""Requests of a figure that are distinct; they are asked over and over."""
WRITES = 60_000
"""Requests made ready for a figure of writes: none is sent twice."""
IN_TRANSACTION = 100
TODAY = str(EPOCH)


class Asking(NamedTuple):
    """The data (seed, patients), and the server's base path and Host."""

    seed: int
    patients: int
    base: str
    host: str

    def sample(self, salt: str, count: int = DISTINCT) -> list[Person]:
        """People of the data, chosen by the seed and a word."""
        people, chance = People(self.seed), random.Random(f"{self.seed} {salt}")
        return [people[chance.randrange(self.patients)] for _ in range(count)]

    def get(self, path: str) -> bytes:
        """A GET below the base."""
        return get(f"{self.base}/{path}", self.host)

    def send(self, method: str, path: str, resource: Json) -> bytes:
        """A request that carries a resource."""
        return sending(method, self.base + (f"/{path}" if path else ""), self.host, orjson.dumps(resource))


Make = Callable[[Asking], list[bytes]]
KINDS = (("Patient", ""), ("Encounter", "-e0"), ("Condition", "-c"), ("CarePlan", "-l"), ("Observation", "-b"))


def by_id(asking: Asking) -> list[bytes]:
    """Reads of five types."""
    sampled = asking.sample("read")
    return [asking.get(f"{KINDS[at % 5][0]}/p{each.serial}{KINDS[at % 5][1]}") for at, each in enumerate(sampled)]


def plans(asking: Asking) -> list[bytes]:
    """The plans of a patient."""
    return [asking.get(f"CarePlan?patient=p{each.serial}") for each in asking.sample("plans")]


def appointments(asking: Asking) -> list[bytes]:
    """The coming appointments of a patient."""
    return [asking.get(f"Appointment?patient=p{each.serial}&date=ge{TODAY}") for each in asking.sample("appointments")]


def chained(asking: Asking) -> list[bytes]:
    """Observations of whoever has an NHS number, and Encounters of whoever has a name and a date of birth."""
    found = []
    for at, each in enumerate(asking.sample("chained")):
        if at % 2:
            found.append(asking.get(f"Observation?patient.identifier={quote(f'{NHS_NUMBER}|{each.nhs_number}', safe='')}"))
        else:
            named = urlencode({"patient.family": each.family, "patient.birthdate": str(each.birth_date)})
            found.append(asking.get(f"Encounter?{named}"))
    return found


def everything(asking: Asking) -> list[bytes]:
    """All of a patient."""
    return [asking.get(f"Patient/p{each.serial}/$everything") for each in asking.sample("everything")]


def creates(asking: Asking) -> list[bytes]:
    """New Observations, each a new resource."""
    made = []
    for at, each in enumerate(asking.sample("creates", WRITES)):
        made.append(asking.send("POST", "Observation", _new(each, at)))
    return made


def updates(asking: Asking) -> list[bytes]:
    """New versions of what is there: the Observation of a patient, with another value each time."""
    made = []
    for at, each in enumerate(asking.sample("updates", WRITES)):
        id_ = f"p{each.serial}-o"
        made.append(asking.send("PUT", f"Observation/{id_}", _new(each, at) | {"id": id_}))
    return made


def _new(person: Person, at: int) -> Json:
    code, name, unit, low, _ = MEASURED[at % len(MEASURED)]
    coded = {"coding": [{"system": "http://loinc.org", "code": code, "display": name}]}
    value = {"value": low + at / 1000, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    made = observation("", {"reference": f"Patient/p{person.serial}"}, EPOCH, coded) | {"valueQuantity": value}
    return {name: each for name, each in made.items() if each != ""}


def transactions(asking: Asking) -> list[bytes]:
    """Bundles of a hundred new resources: patients beyond those of the data, with all that is theirs."""
    people, at = People(asking.seed), asking.patients
    made: list[bytes] = []
    rest: list[Json] = []
    while len(made) < WRITES // IN_TRANSACTION:
        rest += record(people[at], asking.seed, at)
        at += 1
        if len(rest) >= IN_TRANSACTION:
            made.append(asking.send("POST", "", transaction(rest[:IN_TRANSACTION])))
            rest = rest[IN_TRANSACTION:]
    return made


def mix(path: Path) -> Make:
    """The searches of a file of queries, YAML or JSON: ``queries`` of ``path``, ``params``, ``sample``, ``loadtest``.

    Raises Unusable.
    """
    queries = [each for each in _read(path) if not str(each.get("loadtest", "include")).startswith("skip")]

    def make(asking: Asking) -> list[bytes]:
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
