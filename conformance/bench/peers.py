"""What others do with the same files: ``python -m conformance.bench.peers NAME FILE...``; a JSON line a message on standard output.

Each peer does what its text says and no more; the engine beside it maps every field, counts what it loses and gives ids.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from lxml import etree

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Peer(NamedTuple):
    """A peer: its distribution, what it does, and how: the outputs of a file."""

    package: str
    does: str
    run: Callable[[Path], Iterator[Any]]


def bridge(path: Path) -> Iterator[Any]:
    """Bundles of MLLP frames."""
    convert = import_module("v2fhir.convert").convert
    configuration = import_module("v2fhir.config").load_config(None)
    parse = import_module("v2fhir.hl7.parser").parse_bytes
    for body in _frames(path):
        parsed = parse(body, configuration.default_charset, configuration.fallback_charsets)
        yield convert(parsed, configuration, NOW).bundle


def segments(path: Path) -> Iterator[Any]:
    """The names of the segments of MLLP frames, parsed down to the subcomponents."""
    parse = import_module("hl7apy.parser").parse_message
    for body in _frames(path):
        yield [segment.name for segment in parse(body.decode(), find_groups=False).children]


def elements(path: Path) -> Iterator[Any]:
    """An XML document as dictionaries."""
    yield _element(etree.fromstring(path.read_bytes()))


def resources(version: str) -> Callable[[Path], Iterator[Any]]:
    """A JSON resource, or those of a Bundle, each read into the model of a FHIR version and written again."""

    def again(said: dict[str, Any]) -> Any:
        kind = said["resourceType"]
        model = getattr(import_module(f"fhir.resources.{version}.{kind.lower()}"), kind)
        try:
            return orjson.Fragment(model.model_validate(said).model_dump_json())
        except ValueError:
            return said

    def run(path: Path) -> Iterator[Any]:
        said = orjson.loads(path.read_bytes())
        if said["resourceType"] != "Bundle":
            yield again(said)
        else:
            yield said | {"entry": [entry | {"resource": again(entry["resource"])} for entry in said["entry"]]}

    return run


def rows(path: Path) -> Iterator[Any]:
    """Rows of a CSV file as dictionaries; one line in a thousand is written."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file, strict=True)):
            if number % 1000 == 0:
                yield row


def observations(path: Path) -> Iterator[Any]:
    """Each row of CareRecord_Observation as an Observation, column by column, by hand."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file, strict=True):
            if row["Deleted"] != "true":
                yield _observation(row)


PEERS = {
    "bridge": Peer("hl7v2-fhir-bridge", "converts, its validation off, losses not told", bridge),
    "hl7apy": Peer("hl7apy", "parses only", segments),
    "lxml": Peer("lxml", "parses to dictionaries only; nothing is mapped", elements),
    "stu3": Peer("fhir.resources", "reads and writes again the resources that it accepts; nothing is mapped", resources("STU3")),
    "r4b": Peer("fhir.resources", "reads and writes again the resources that it accepts; nothing is mapped", resources("R4B")),
    "rows": Peer("", "csv.DictReader: rows to dictionaries only", rows),
    "observations": Peer("", "csv.DictReader and a hand-written Observation: no ids, no codes, no losses", observations),
}


def _frames(path: Path) -> list[bytes]:
    return [part.lstrip(b"\x0b") for part in path.read_bytes().split(b"\x1c\r") if part]


def _element(element: Any) -> dict[str, Any]:
    made: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        if isinstance(child.tag, str):
            made.setdefault(child.tag.rpartition("}")[2], []).append(_element(child))
    if element.text and element.text.strip():
        made["#text"] = element.text.strip()
    return made


def _observation(row: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Observation",
        "id": row["ObservationGuid"],
        "status": "unknown",
        "code": {"coding": [{"code": row["CodeId"]}]},
        "subject": {"reference": f"Patient/{row['PatientGuid']}"},
        "effectiveDateTime": row["EffectiveDate"],
        "issued": f"{row['EnteredDate']}T{row['EnteredTime']}Z",
    }
    if row["ConsultationGuid"]:
        made["encounter"] = {"reference": f"Encounter/{row['ConsultationGuid']}"}
    if row["Value"]:
        made["valueQuantity"] = {"value": float(row["Value"]), "unit": row["NumericUnit"]}
    if row["AssociatedText"]:
        made["note"] = [{"text": row["AssociatedText"]}]
    return made


def main() -> None:
    """The process."""
    run = PEERS[sys.argv[1]].run
    for name in sys.argv[2:]:
        for made in run(Path(name)):
            sys.stdout.buffer.write(orjson.dumps(made) + b"\n")


if __name__ == "__main__":
    main()
