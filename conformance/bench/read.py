"""Reads of the FHIR API: GET by id, and search by patient, over connections that are kept."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.bench import load
from conformance.bench.data import Data, sample
from conformance.bench.machine import calibration
from conformance.bench.reading import Reader
from conformance.bench.report import Figure, WrongOutcome
from conformance.bench.server import Server

CONNECTIONS = 16
READS = 20_000
SEARCHES = 4_000
PEOPLE = 300
METHOD = "Lock-step over 16 connections that are kept; the client is one process of asyncio and uvloop on the same cores."


def measure(data: Data, runs: int, directory: Path) -> list[Figure]:
    """Two rates; raises WrongOutcome where an answer is not 200 or a search finds nothing."""
    reads = Figure("GET Patient/[id] and Encounter/[id]", "requests/s", [])
    searches = Figure("GET Encounter?patient=", "requests/s", [])
    with TemporaryDirectory(dir=directory) as place, Server(Path(place)) as server:
        load.finish(load.start("mllp", server.mllp, data.path, 0, data.count, CONNECTIONS), data.count)
        server.settled(data.count, 30 + data.count / 100)
        patients, encounters = _ids(server, data)
        chance = random.Random(data.seed)
        by_id, by_patient = directory / "by-id", directory / "by-patient"
        ids = [f"/fhir/Patient/{id_}" for id_ in patients] + [f"/fhir/Encounter/{id_}" for id_ in encounters]
        by_id.write_text("\n".join(chance.choices(ids, k=READS)))
        by_patient.write_text("\n".join(f"/fhir/Encounter?patient={id_}" for id_ in chance.choices(patients, k=SEARCHES)))
        for figure, path, count in ((reads, by_id, READS), (searches, by_patient, SEARCHES)):
            for _ in range(runs):
                figure.calibration.append(calibration())
                said = load.finish(load.start("http", server.http, path, 0, count, CONNECTIONS), count)
                figure.runs.append(count / (said["end"] - said["start"]))
                figure.notes = {"answers 200": f"{count:,}", "wait for the answer, ms": said["waits"]}
    return [reads, searches]


def _ids(server: Server, data: Data) -> tuple[list[str], list[str]]:
    """Patients and Encounters of a sample of the stays; each search by patient is seen to find the stay."""
    reader = Reader(server.http)
    patients: list[str] = []
    encounters: list[str] = []
    try:
        for _, number in sample(data, PEOPLE):
            (entry,) = reader.json(f"/fhir/Encounter?identifier={number}")["entry"]
            encounters.append(entry["resource"]["id"])
            patients.append(entry["resource"]["subject"]["reference"].removeprefix("Patient/"))
            found = reader.json(f"/fhir/Encounter?patient={patients[-1]}")["entry"]
            if encounters[-1] not in [one["resource"]["id"] for one in found]:
                raise WrongOutcome("a search by patient does not find the stay")
    finally:
        reader.close()
    return patients, encounters
