"""Clients that write through the API side by side, remember what they were answered, and judge a server by it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

JSON = {"content-type": "application/fhir+json"}
MARK, SEAT = "urn:mark", "urn:seat"
SHARED = 4
"""Patients that all clients write."""
SEATS = 12
"""Criteria under which clients create; each is to find one resource at most."""
OWN = 3
"""Patients that a transaction alone writes."""


@dataclass(slots=True)
class Writers:
    """``answered``: mark -> ``Type/id/_history/version`` of a write that was answered with success; ``whole`` the transactions that
    were sent and ``done`` those that were answered; ``seats`` the ids that conditional creates were answered with; ``winners`` how
    many updates were answered with success, by resource and the version that they insisted on."""

    seed: int
    answered: dict[str, list[str]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    seats: dict[str, set[str]] = field(default_factory=dict)
    winners: Counter[tuple[str, str]] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    marks: int = 0

    async def write(self, http: httpx.AsyncClient, clients: int, stop: asyncio.Event) -> None:
        """Let so many clients write until ``stop``, or until the server is gone."""
        await asyncio.gather(*(self._client(http, Random(self.seed * 1000 + number), stop) for number in range(clients)))

    async def _client(self, http: httpx.AsyncClient, random: Random, stop: asyncio.Event) -> None:
        kinds = (
            self._create,
            self._update,
            self._insist,
            self._patch,
            self._transaction,
            self._transaction,
            self._seat,
            self._delete,
        )
        while not stop.is_set():
            self.marks += 1
            try:
                answer = await random.choice(kinds)(http, random, f"m{self.marks}")
            except httpx.TransportError:
                return
            self.statuses[answer.status_code] += 1

    async def _create(self, http: httpx.AsyncClient, random: Random, mark: str) -> httpx.Response:
        return self._told(await http.post("/fhir/Patient", json=patient(mark), headers=JSON), mark)

    async def _update(self, http: httpx.AsyncClient, random: Random, mark: str) -> httpx.Response:
        id = f"shared{random.randrange(SHARED)}"
        return self._told(await http.put(f"/fhir/Patient/{id}", json=patient(mark, id=id), headers=JSON), mark)

    async def _insist(self, http: httpx.AsyncClient, random: Random, mark: str) -> httpx.Response:
        """Read, then update that version."""
        id = f"shared{random.randrange(SHARED)}"
        read = await http.get(f"/fhir/Patient/{id}")
        if read.status_code != 200:
            return read
        match = {"if-match": read.headers["etag"]}
        answer = self._told(await http.put(f"/fhir/Patient/{id}", json=patient(mark, id=id), headers=JSON | match), mark)
        self.winners[id, match["if-match"]] += answer.status_code == 200
        return answer

    async def _patch(self, http: httpx.AsyncClient, random: Random, mark: str) -> httpx.Response:
        content = json.dumps([{"op": "replace", "path": "/identifier/0/value", "value": mark}])
        address = f"/fhir/Patient/shared{random.randrange(SHARED)}"
        return self._told(await http.patch(address, content=content, headers={"content-type": "application/json-patch+json"}), mark)

    async def _transaction(self, http: httpx.AsyncClient, random: Random, mark: str) -> httpx.Response:
        """Patients of its own, two that all write, a seat; in any order."""
        seat = f"s{random.randrange(SEATS)}"
        entries = [put({"resourceType": "Patient", "id": id}) for id in own(mark)]
        entries += [put(patient(mark, id=f"shared{number}")) for number in random.sample(range(SHARED), 2)]
        condition = {"method": "POST", "url": "Basic", "ifNoneExist": f"identifier={SEAT}|{seat}"}
        entries.append({"request": condition, "resource": basic(seat)})
        random.shuffle(entries)
        self.whole.add(mark)
        answer = await http.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}, headers=JSON)
        if answer.status_code == 200:
            self.done.add(mark)
            for entry, said in zip(entries, answer.json()["entry"], strict=True):
                where = said["response"]["location"]
                if entry["resource"]["resourceType"] == "Basic":
                    self.seats.setdefault(seat, set()).add(where.split("/")[1])
                elif "identifier" in entry["resource"]:
                    self.answered.setdefault(mark, []).append(where)
        return answer

    async def _seat(self, http: httpx.AsyncClient, random: Random, mark: str) -> httpx.Response:
        seat = f"s{random.randrange(SEATS)}"
        condition = {"if-none-exist": f"identifier={SEAT}|{seat}"}
        answer = await http.post("/fhir/Basic", json=basic(seat), headers=JSON | condition)
        if answer.is_success:
            self.seats.setdefault(seat, set()).add(place(answer).split("/")[1])
        return answer

    async def _delete(self, http: httpx.AsyncClient, random: Random, mark: str) -> httpx.Response:
        return await http.delete(f"/fhir/Patient/shared{random.randrange(SHARED)}")

    def _told(self, answer: httpx.Response, mark: str) -> httpx.Response:
        if answer.is_success:
            self.answered.setdefault(mark, []).append(place(answer))
        return answer

    async def judge(self, http: httpx.AsyncClient) -> list[str]:
        """What the server does not hold as it should; [] where all is well."""
        wrong = [f"{count} updates won {what}" for what, count in self.winners.items() if count > 1]
        addresses = [where for some in self.answered.values() for where in some]
        wrong += [f"two writes are {where}" for where, count in Counter(addresses).items() if count > 1]
        for mark, some in self.answered.items():
            for where in some:
                found = await http.get(f"/fhir/{where}")
                if found.status_code != 200 or marks(found.json()) != [mark]:
                    wrong.append(f"{mark} is not {where}: {found.status_code}")
        for mark in self.whole:
            bundle = (await http.get("/fhir/Patient", params={"_id": ",".join(own(mark)), "_summary": "count"})).json()
            if bundle["total"] not in ((OWN,) if mark in self.done else (0, OWN)):
                wrong.append(f"{bundle['total']} of transaction {mark}")
        for number in range(SEATS):
            bundle = (await http.get("/fhir/Basic", params={"identifier": f"{SEAT}|s{number}"})).json()
            ids = {entry["resource"]["id"] for entry in bundle.get("entry", [])}
            if len(ids) > 1 or not self.seats.get(f"s{number}", set()) <= ids:
                wrong.append(f"seat {number} has {len(ids)}")
        for number in range(SHARED):
            wrong += await self._history(http, f"shared{number}")
        return wrong

    async def _history(self, http: httpx.AsyncClient, id: str) -> list[str]:
        """Versions are 1 to n, and no write is there twice."""
        versions: list[int] = []
        seen: Counter[str] = Counter()
        address: str | None = f"/fhir/Patient/{id}/_history"
        while address:
            answer = await http.get(address)
            if answer.status_code == 404:
                break
            bundle = answer.json()
            for entry in bundle["entry"]:
                versions.append(int(entry["response"]["etag"][3:-1]))
                seen.update(marks(entry.get("resource", {})))
            address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        wrong = [f"{mark} twice in {id}" for mark, count in seen.items() if count > 1]
        return wrong if versions == list(range(len(versions), 0, -1)) else [*wrong, f"versions of {id}: {versions}"]


def patient(mark: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **more, "identifier": [{"system": MARK, "value": mark}]}


def basic(seat: str) -> dict[str, Any]:
    return {"resourceType": "Basic", "code": {"text": "test"}, "identifier": [{"system": SEAT, "value": seat}]}


def put(resource: dict[str, Any]) -> dict[str, Any]:
    return {"request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}, "resource": resource}


def own(mark: str) -> list[str]:
    """The ids that a transaction alone writes."""
    return [f"{mark}-{number}" for number in range(OWN)]


def marks(resource: dict[str, Any]) -> list[str]:
    return [each["value"] for each in resource.get("identifier", [])]


def place(answer: httpx.Response) -> str:
    """``Type/id/_history/version`` of what was written."""
    return str(answer.headers["location"]).partition("/fhir/")[2]
