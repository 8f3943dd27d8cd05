"""What a hospital and a practice say of people, a stay at a time."""

from __future__ import annotations

from typing import Any

from tests.spec.engine.messages import adt

SNOMED = "http://snomed.info/sct"
CONTROLS = iter(range(1, 1_000_000))


def stay(
    event: str,
    began: str,
    ended: str = "",
    *,
    at: str = "",
    visit: str = "V1",
    expected: str = "",
    why: str = "",
    more: str = "",
    to: str = "",
    **who: str,
) -> bytes:
    """A message of a stay: PV1-44 and PV1-45, EVN-6 (without it when the stay began, or ended), PV2-9, PV2-3, PV1-36."""
    extra = (*((f"PV2|||{why}||||||{expected}",) if expected or why else ()), *((more,) if more else ()))
    body = adt(event, f"W{next(CONTROLS)}", at=at or ended or began, visit=visit, extra=extra, **who)
    return body.replace(f"|{visit}\r".encode(), f"|{visit}{'|' * 17}{to}{'|' * 8}{began}|{ended}\r".encode())


def fit(since: str = "") -> str:
    """ZU1 of ITK: the person is medically fit to leave; ``since`` when is ZU1-24."""
    fields = {22: "Y", **({24: since} if since else {})}
    return "ZU1|" + "|".join(fields.get(number, "") for number in range(1, 25))


def attendance(number: int, day: str) -> bytes:
    """Somebody has come to A&E on a day (YYYYMMDD)."""
    body = stay("A04", f"{day}100000", visit=f"E{number}")
    return body.replace(b"PV1|1|I|", b"PV1|1|E|")


def condition(
    id: str, patient: str, *codes: str, recorded: str = "2020-05-01", system: str = SNOMED, **more: Any
) -> dict[str, Any]:
    """A problem of somebody's."""
    coding = [{"system": system, "code": code} for code in codes]
    return about("Condition", id, patient, code={"coding": coding}, recordedDate=recorded, **more)


def observed(id: str, patient: str, code: str, value: float | None = None, at: str = "2025-12-01T09:00:00Z") -> dict[str, Any]:
    """What somebody has noted by a code of SNOMED CT."""
    said = {} if value is None else {"valueQuantity": {"value": value}}
    coded = {"coding": [{"system": SNOMED, "code": code}]}
    return about("Observation", id, patient, status="final", code=coded, effectiveDateTime=at, **said)


def about(type: str, id: str, patient: str, /, **content: Any) -> dict[str, Any]:
    """A resource about a Patient."""
    named = {"Task": "for", "EpisodeOfCare": "patient"}.get(type, "subject")
    return {"resourceType": type, "id": id, named: {"reference": f"Patient/{patient}"}, **content}


def person(id: str, **more: Any) -> dict[str, Any]:
    """A Patient as a client keeps it."""
    return {"resourceType": "Patient", "id": id, "name": [{"family": f"Wayfarer-{id}"}], **more}
