"""Clients that read, write and send until their process is gone, and know what they were answered."""

from __future__ import annotations

from pathlib import Path

import httpx

from interop.audit.row import ANSWER, CHANGE, MESSAGE, READ
from tests.spec.audit.test_engine import rows
from tests.spec.engine.messages import adt

JSON = {"content-type": "application/fhir+json"}
READS = 3
"""Reads after each write."""


class Told:
    """What clients were answered with success: ids that they read and wrote, messages that they sent; and ``refused`` writes."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.written: list[str] = []
        self.sent: list[int] = []
        self.refused: list[int] = []

    async def client(self, http: httpx.AsyncClient, name: str) -> None:
        """One client, whose ids begin with ``name``."""
        number = 0
        try:
            while True:
                number += 1
                id_ = f"{name}-{number}"
                put = await http.put(f"/fhir/Patient/{id_}", json={"resourceType": "Patient", "id": id_}, headers=JSON)
                if put.status_code == 201:
                    self.written.append(id_)
                else:
                    self.refused.append(put.status_code)
                for _ in range(READS):
                    if (await http.get(f"/fhir/Patient/{id_}")).status_code == 200:
                        self.read.append(id_)
                sent = await http.post("/ingest/hl7v2", content=adt(control=id_, local=id_, visit="V" + id_))
                if sent.status_code == 202:
                    self.sent.append(sent.json()["message"])
        except httpx.TransportError:
            return

    def add(self, other: Told) -> None:
        """What clients of another process were told."""
        self.read += other.read
        self.written += other.written
        self.sent += other.sent

    def missing(self, data: Path) -> list[str]:
        """What they were answered and the audit has no row of."""
        found = rows(data)
        reads = [row.id for row in found if row.kind == READ and row.status == 200]
        changes = {row.more["keys"][0][2] for row in found if row.kind == CHANGE}
        messages = {number for row in found if row.kind in (MESSAGE, ANSWER) for number in row.more.get("messages", ())}
        return [
            *(id_ for id_ in set(self.read) if reads.count(id_) < self.read.count(id_)),
            *(id_ for id_ in self.written if id_ not in changes),
            *(str(number) for number in self.sent if number not in messages),
        ]
