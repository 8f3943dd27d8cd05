"""The families that the bench of conversion knows: their messages, generated and distinct, and who is compared with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from conformance.generate import cda, clinical, emis, ers, observations, openhr
from conformance.generate.hl7v2 import messages as hospital
from conformance.generate.people import People, Person, pick, randomness
from conformance.generate.places import CALL_ADVISORS, TRUST
from conformance.generate.record import Consultation

Make = Callable[[Path, int, int], list[Path]]
"""Files in a directory by seed and number of messages; the first holds one message alone."""
_GUID = re.compile(r"\b([0-9a-fA-F]{8})((?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b")
_NUMBER = re.compile(r"\b9\d{9}\b")


class Case(NamedTuple):
    """A family: how many messages unless told and how many for the peers (of ``peers.PEERS``), the least rate that is wanted, of
    conversion and of reading alone."""

    title: str
    unit: str
    messages: int
    target: float | None
    make: Make
    peers: tuple[str, ...]
    compared: int
    read: float | None = None

    @property
    def rows(self) -> bool:
        """Whether one message of the count is a row."""
        return self.unit == "rows/s"


def _hl7v2(kind: bytes) -> Make:
    def make(directory: Path, seed: int, count: int) -> list[Path]:
        bodies = islice((body for body in hospital(seed) if body.split(b"|", 9)[8].startswith(kind)), count)
        frames = [b"\x0b" + body + b"\x1c\r" for body in bodies]
        (directory / "one.mllp").write_bytes(frames[0])
        (directory / "all.mllp").write_bytes(b"".join(frames))
        return [directory / "one.mllp", directory / "all.mllp"]

    return make


def _each(suffix: str, body: Callable[[int, int], bytes]) -> Make:
    """A file for each message."""

    def make(directory: Path, seed: int, count: int) -> list[Path]:
        made = [directory / f"{number:06d}.{suffix}" for number in range(count + 1)]
        for number, path in enumerate(made):
            path.write_bytes(body(seed, number))
        return made

    return make


def report(seed: int, number: int, size: int = 50_000) -> bytes:
    """An NHS 111 report of about ``size`` bytes as senders write it: indented, with every question and answer of the call."""
    random = randomness(seed, number, topic=4)
    began = datetime(2026, 1, 5, 8) + timedelta(minutes=number)
    call = pick(random, clinical.CALLS)
    made = cda.Report(f"{seed:03d}{number:07d}", call, began, began + timedelta(minutes=9), pick(random, CALL_ADVISORS), TRUST)
    made.crew = ("Alert and orientated", f"Pulse {60 + number % 40}, regular", "Walks unaided")
    person = People(seed)[number]
    more = (size - len(_indented(cda.message(person, made)))) // 240
    made.call = call._replace(findings=(*call.findings, *(_answer(random.randrange(1_000), n) for n in range(more))))
    return _indented(cda.message(person, made))


def _answer(code: int, number: int) -> str:
    said = "no" if (code + number) % 4 else "yes, since this morning, and it has not become better with what was tried at home"
    asked = "Has there been any of what is described in the list that was read out, in the last two days?"
    return f"PW{code}.{number:02d}00. {asked} - {said}."


def _indented(body: bytes) -> bytes:
    root = etree.fromstring(body)
    etree.indent(root, space="    ")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _renumbered(text: str, number: int) -> str:
    """Every GUID as another, the same for the same number."""
    return _GUID.sub(lambda found: f"{int(found[1], 16) ^ number:08x}{found[2]}", text)


def gp_record(seed: int, number: int, size: int = 250_000) -> bytes:
    """An OpenHR extract of about ``size`` bytes: as many consultations as that takes."""
    today = date(2026, 1, 5)
    person = People(seed)[number]
    made = openhr.record(person, randomness(seed, number, topic=3), today)
    body = emis.document(made, datetime(2026, 1, 5, 7))
    again = made.consultations[:]
    turn = 0
    while len(body) < size:
        for _ in range(max(1, (size - len(body)) // 15_000)):
            turn += 1
            made.consultations += [_earlier(one, turn) for one in again]
        body = emis.document(made, datetime(2026, 1, 5, 7))
    return body


def _earlier(one: Consultation, turn: int) -> Consultation:
    at = one.at - timedelta(days=40 * turn)
    entries = [replace(entry, key=f"{entry.key}/{turn}", on=at) for entry in one.entries]
    return replace(one, key=f"{one.key}/{turn}", at=at, entries=entries)


def _example(family: str, name: str) -> Make:
    """A worked example again and again: each with other ids and of another person."""

    def body(seed: int, number: int) -> bytes:
        text = files("mappings").joinpath(family, "examples", name).read_text("utf-8")
        text = _renumbered(text, number)
        person: Person = People(seed)[number]
        numbers = _NUMBER.findall(text)
        return text.replace(max(set(numbers), key=numbers.count), person.nhs_number).encode() if numbers else text.encode()

    return _each(name.rpartition(".")[2], body)


def _extract(directory: Path, seed: int, count: int) -> list[Path]:
    lines = list(observations.rows(seed, count))
    one, every = directory / "one.csv", directory / "all.csv"
    one.write_text("".join(lines[:2]), "utf-8", newline="")
    every.write_text("".join(lines), "utf-8", newline="")
    return [one, every]


def _ers(directory: Path, seed: int, count: int) -> list[Path]:
    made = []
    for number, body in enumerate(islice(ers.messages(seed), count + 1)):
        made.append(directory / f"{number:06d}.json")
        made[-1].write_bytes(body)
    return made


CASES = {
    case.title.partition(":")[0]: case
    for case in (
        Case("a01: HL7 v2 ADT^A01", "messages/s", 8_000, 6_000, _hl7v2(b"ADT^A01"), ("bridge",), 2_000),
        Case("adt: HL7 v2 ADT of all kinds", "messages/s", 8_000, 6_000, _hl7v2(b"ADT"), ("hl7apy",), 100),
        Case("siu: HL7 v2 SIU", "messages/s", 8_000, 6_000, _hl7v2(b"SIU"), ("hl7apy",), 100),
        Case("itk: ITK CDA of 50 kB", "documents/s", 400, 500, _each("xml", report), ("lxml",), 100),
        Case("openhr: EMIS OpenHR of 250 kB", "documents/s", 100, 120, _each("xml", gp_record), ("lxml",), 50),
        Case("emis: EMIS extract, observations", "rows/s", 40_000, 40_000, _extract, ("rows", "observations"), 40_000, 100_000),
        Case("gpconnect: GP Connect record", "records/s", 100, None, _example("gpconnect", "record.json"), ("stu3",), 50),
        Case("bars: BaRS update of a referral", "messages/s", 200, None, _example("bars", "update.json"), ("r4b",), 50),
        Case("ers: e-Referral", "messages/s", 1_000, None, _ers, ("stu3",), 200),
    )
}
"""By the name that is asked for."""
