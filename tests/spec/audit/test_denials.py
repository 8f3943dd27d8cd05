"""Whoever is refused is in the audit, and cannot fill it."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.api.asgi import Request
from interop.api.auditing.answers import UNSIGNED
from interop.api.inquiring import AuditedRecord
from interop.audit.row import ANSWER, DENIAL, MESSAGE, READ
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.ports import Inquiry, Person
from tests.spec.audit.asking import Asking, asking
from tests.spec.audit.test_engine import rows

pytestmark = pytest.mark.anyio


class Shut:
    """Lets nobody in."""

    asker = None

    async def admit(self, request: Request) -> Asker:
        problem = Problem("unauthenticated")
        problem.why = "expired"  # type: ignore[attr-defined]
        raise problem


async def test_who_has_not_signed_on_is_in_it_with_why(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        services_door(at, Shut())
        assert (await at.get("Patient/p1")).status_code == 401
        assert (await at.http.post("/ingest/hospital", content=b"MSH|")).status_code == 401
    denied = [row for row in rows(tmp_path) if row.kind == DENIAL]
    assert [(row.interaction, row.status, row.who.user, row.patients, row.more) for row in denied] == [
        ("read", 401, "", (), {"reason": "expired", "from": "127.0.0.1"}),
        ("ingest", 401, "", (), {"reason": "expired", "from": "127.0.0.1"}),
    ]


async def test_those_who_have_not_signed_on_cannot_fill_it(tmp_path: Path) -> None:
    """So many rows a second; how many more there were is told with the next."""
    async with asking(tmp_path) as at:
        services_door(at, Shut())
        for _ in range(UNSIGNED + 30):
            assert (await at.get("Patient/p1")).status_code == 401
        at.clock.advance(1)
        await at.get("Patient/p1")
    denied = [row for row in rows(tmp_path) if row.kind == DENIAL]
    assert len(denied) == UNSIGNED + 1
    assert denied[-1].more["unwritten"] == 30


async def test_what_a_role_may_not_is_a_denial_of_that_user(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        analyst = Asker("iss|an", "analyst", "RX1", "c", scopes=None)
        assert (await at.get("Observation/o1", analyst)).status_code == 403
    (row,) = [row for row in rows(tmp_path) if row.kind == DENIAL]
    assert (row.who.user, row.who.role, row.type, row.id, row.resources, row.patients) == (
        "iss|an", "analyst", "Observation", "o1", 0, (),
    )  # fmt: skip
    assert row.rules


async def test_a_write_that_is_refused_before_anything_is_changed_has_its_answer_alone(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.send("PUT", "Patient/p1", content=b"{", headers={"content-type": "application/fhir+json"})
    (row,) = [row for row in rows(tmp_path) if row.kind == ANSWER]
    assert (row.interaction, row.type, row.status, row.more) == ("update", "Patient", 400, {})


async def test_a_message_that_is_refused_is_in_it(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.http.post("/ingest/hospital", content=b"MSH|nothing")
    (row,) = [row for row in rows(tmp_path) if row.kind == MESSAGE]
    assert (row.more["feed"], row.more["state"], row.more["messages"]) == ("hospital", "refused", [1])


class Held:
    """A record of one person, which refuses one question."""

    async def find(self, inquiry: Inquiry, type: str, criteria: object, limit: int) -> list[dict[str, object]]:
        if type == "Encounter":
            raise Problem("forbidden")
        return [{"resourceType": "Patient", "id": "p1"}, {"resourceType": "Patient", "id": "p2"}]

    async def person(self, inquiry: Inquiry, patient: str) -> Person:
        return Person(({"resourceType": "Patient", "id": patient},))

    async def resolve(self, inquiry: Inquiry, references: object) -> dict[str, dict[str, object]]:
        return {"Encounter/e": {"resourceType": "Encounter", "subject": {"reference": "Patient/p3"}}}


async def test_queries_of_other_protocols_are_in_it_before_they_are_answered(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        log = at.audited.log
        record = AuditedRecord(Held(), at.audited.auditing, lambda inquiry: Asker(role="system", client=inquiry.who))  # type: ignore[arg-type]
        who = Inquiry("QBP^Q22", "EPR|RX9")
        await record.find(who, "Patient", [("family", "x")], 10)
        await record.person(who, "p1")
        await record.resolve(who, ["Encounter/e"])
        with pytest.raises(Problem, match="not for who asks"):
            await record.find(who, "Encounter", [], 10)
        assert log.sequence == 5
    found = [row for row in rows(tmp_path) if row.kind in (READ, DENIAL)]
    assert [(row.kind, row.interaction, row.who.client, row.patients, row.resources) for row in found] == [
        (READ, "QBP^Q22", "EPR|RX9", ("p1", "p2"), 2),
        (READ, "QBP^Q22", "EPR|RX9", ("p1",), 1),
        (READ, "QBP^Q22", "EPR|RX9", ("p3",), 1),
        (DENIAL, "QBP^Q22", "EPR|RX9", (), 0),
    ]


def services_door(at: Asking, door: Shut) -> None:
    """Put another door in."""
    at.door.admit = door.admit  # type: ignore[method-assign]
