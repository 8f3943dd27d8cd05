"""Clients that write and read a few registers side by side, through any of several addresses, and keep what they were answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Any

import httpx

from conformance.linear.history import Op, fault
from conformance.linear.registers import KINDS

SYSTEM, SEAT = "urn:linear", "urn:linear-seat"
JSON = {"content-type": "application/fhir+json"}
UNSURE = (408, 425, 429, 500, 502, 503, 504)
"""Statuses after which nobody knows whether something happened."""
BACK = 0.02
"""Seconds before a client tries again that was not let in."""
Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


class Unexpected(Exception):
    """A status that no server may give here."""


@dataclass(slots=True)
class Clients:
    """``addresses`` are base URLs of servers that say to be one record; a client takes any of them for each request. ``run`` names
    this run among those on the same server. ``feed``: the HL7 v2 feed to send to and to wait for, '' for none.
    They end after ``most`` operations, 0 for never."""

    addresses: Sequence[str]
    seed: int
    run: str
    registers: int = 4
    feed: str = ""
    token: str = ""
    most: int = 0
    history: list[Op] = field(default_factory=list)
    count: int = 0

    async def work(self, clients: int, stop: asyncio.Event) -> None:
        """Let so many clients work until ``stop``."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=30, trust_env=False, headers=headers, limits=limits) as http:
            await asyncio.gather(
                *(self._client(http, Random(self.seed * 1000 + number), number, stop) for number in range(clients))
            )

    async def _client(self, http: httpx.AsyncClient, random: Random, number: int, stop: asyncio.Event) -> None:
        known: dict[str, int] = {}
        kinds = [self._write, self._swap, self._swap, self._read, self._read, self._search, self._search, self._seat, self._seats]
        kinds += [self._tell, self._told] * 2 if self.feed else []
        while not stop.is_set() and (not self.most or len(self.history) < self.most):
            op = await random.choice(kinds)(http, random, number, known)
            if op is not None:
                self.history.append(op)
                if op.open:
                    await asyncio.sleep(BACK)

    def _place(self, random: Random) -> tuple[str, str]:
        return random.choice(self.addresses), f"{self.run}{random.randrange(self.registers)}"

    def _value(self) -> str:
        self.count += 1
        return f"v{self.count}"

    async def _write(self, http: httpx.AsyncClient, random: Random, number: int, known: dict[str, int]) -> Op | None:
        base, id_ = self._place(random)
        value = self._value()
        return await self._asked(
            f"resource/{id_}",
            "write",
            value,
            number,
            lambda: http.put(f"{base}/fhir/Basic/{id_}", json=basic(id_, value), headers=JSON),
            lambda answer: version_of(answer) if answer.status_code in (200, 201) else _unexpected(answer),
        )

    async def _swap(self, http: httpx.AsyncClient, random: Random, number: int, known: dict[str, int]) -> Op | None:
        """Of the version that this client saw last."""
        base, id_ = self._place(random)
        if id_ not in known:
            return await self._read(http, random, number, known)
        expected, value = known[id_], self._value()
        headers = JSON | {"if-match": f'W/"{expected}"'}

        def result(answer: httpx.Response) -> int:
            if answer.status_code == 412:
                known.pop(id_, None)
                return 0
            return version_of(answer) if answer.status_code == 200 else _unexpected(answer)

        def ask() -> Awaitable[httpx.Response]:
            return http.put(f"{base}/fhir/Basic/{id_}", json=basic(id_, value), headers=headers)

        return await self._asked(f"resource/{id_}", "swap", (expected, value), number, ask, result)

    async def _read(self, http: httpx.AsyncClient, random: Random, number: int, known: dict[str, int]) -> Op | None:
        base, id_ = self._place(random)

        def result(answer: httpx.Response) -> tuple[int, str]:
            if answer.status_code == 404:
                return 0, ""
            if answer.status_code != 200:
                _unexpected(answer)
            known[id_] = version_of(answer)
            return known[id_], answer.json()["code"]["text"]

        return await self._asked(f"resource/{id_}", "read", None, number, lambda: http.get(f"{base}/fhir/Basic/{id_}"), result)

    async def _search(self, http: httpx.AsyncClient, random: Random, number: int, known: dict[str, int]) -> Op | None:
        base, id_ = self._place(random)

        def result(answer: httpx.Response) -> tuple[int, str]:
            found = matches(answer)
            return (int(found[0]["meta"]["versionId"]), found[0]["code"]["text"]) if found else (0, "")

        return await self._asked(
            f"resource/{id_}", "search", None, number, lambda: http.get(f"{base}/fhir/Basic?identifier={SYSTEM}|{id_}"), result
        )

    async def _seat(self, http: httpx.AsyncClient, random: Random, number: int, known: dict[str, int]) -> Op | None:
        """Create unless there is one; a seat is new as often as the registers are written."""
        base, name = random.choice(self.addresses), f"{self.run}s{self.count // 8}"
        headers = JSON | {"if-none-exist": f"identifier={SEAT}|{name}"}
        body = {"resourceType": "Basic", "identifier": [{"system": SEAT, "value": name}], "code": {"text": name}}

        def result(answer: httpx.Response) -> tuple[str, bool]:
            if answer.status_code not in (200, 201):
                _unexpected(answer)
            return answer.headers["location"].partition("/Basic/")[2].partition("/")[0], answer.status_code == 201

        def ask() -> Awaitable[httpx.Response]:
            return http.post(f"{base}/fhir/Basic", json=body, headers=headers)

        return await self._asked(f"seat/{name}", "create", None, number, ask, result)

    async def _seats(self, http: httpx.AsyncClient, random: Random, number: int, known: dict[str, int]) -> Op | None:
        base, name = random.choice(self.addresses), f"{self.run}s{self.count // 8}"
        return await self._asked(
            f"seat/{name}",
            "search",
            None,
            number,
            lambda: http.get(f"{base}/fhir/Basic?identifier={SEAT}|{name}"),
            lambda answer: tuple(one["id"] for one in matches(answer)),
        )

    async def _tell(self, http: httpx.AsyncClient, random: Random, number: int, known: dict[str, int]) -> Op | None:
        base, name = self._place(random)
        self.count += 1
        at = self.count

        def result(answer: httpx.Response) -> None:
            if answer.status_code != 200:
                _unexpected(answer)

        def ask() -> Awaitable[httpx.Response]:
            return http.post(f"{base}/ingest/{self.feed}?wait=applied", content=moved(f"{name}m", at, f"{self.run}{at}"))

        return await self._asked(f"latest/{name}", "tell", at, number, ask, result)

    async def _told(self, http: httpx.AsyncClient, random: Random, number: int, known: dict[str, int]) -> Op | None:
        base, name = self._place(random)

        def result(answer: httpx.Response) -> int:
            found = matches(answer)
            return int(found[0]["telecom"][0]["value"]) if found else 0

        return await self._asked(
            f"latest/{name}", "search", None, number, lambda: http.get(f"{base}/fhir/Patient?identifier={name}m"), result
        )

    async def _asked(
        self,
        register: str,
        kind: str,
        argument: Any,
        number: int,
        ask: Callable[[], Awaitable[httpx.Response]],
        result: Callable[[httpx.Response], Any],
    ) -> Op | None:
        """One operation with its moments; None of a read that was not answered, which tells nothing."""
        called = time.monotonic()
        try:
            answer = await ask()
        except httpx.ConnectError:
            await asyncio.sleep(BACK)
            return None
        except httpx.TransportError:
            answer = None
        answered = time.monotonic()
        if answer is not None and answer.status_code not in UNSURE:
            return Op(register, kind, argument, result(answer), called, answered, number)
        return None if kind in ("read", "search") else Op(register, kind, argument, None, called, inf, number)

    def judged(self) -> dict[str, list[Op]]:
        """Registers whose answers no order explains, each up to the first such answer."""
        return judged(self.history)


def judged(history: Sequence[Op]) -> dict[str, list[Op]]:
    """Registers whose history is not linearizable, by name."""
    by_register: dict[str, list[Op]] = {}
    for op in history:
        by_register.setdefault(op.register, []).append(op)
    found = {}
    for register, ops in sorted(by_register.items()):
        wrong = fault(ops, *KINDS[register.partition("/")[0]])
        if wrong is not None:
            found[register] = wrong
    return found


def basic(id_: str, value: str) -> dict[str, Any]:
    """A resource that holds a value."""
    return {"resourceType": "Basic", "id": id_, "identifier": [{"system": SYSTEM, "value": id_}], "code": {"text": value}}


def moved(patient: str, at: int, control: str) -> bytes:
    """ADT A31 of the moment ``at``: the patient's telephone number is that moment."""
    day, second = divmod(at, 86_400)
    time_ = f"202601{day + 1:02}{second // 3600:02}{second // 60 % 60:02}{second % 60:02}"
    segments = [
        f"MSH|^~\\&|PAS|RX1|ROUTE|ROUTE|{time_}||ADT^A31^ADT_A05|{control}|P|2.4|||||GBR|UNICODE UTF-8|EN||iTKv1.0",
        f"EVN||{time_}||||{time_}",
        f"PID|1||{patient}^^^PAS||REGISTER^ANN||19480312|2|||||{at}",
        "PV1|1|N",
    ]
    return ("\r".join(segments) + "\r").encode()


def version_of(answer: httpx.Response) -> int:
    """The version that an answer is about."""
    return int(answer.headers["etag"].split('"')[1])


def matches(answer: httpx.Response) -> list[dict[str, Any]]:
    """What a search found."""
    if answer.status_code != 200:
        _unexpected(answer)
    return [entry["resource"] for entry in answer.json().get("entry", []) if entry.get("search", {}).get("mode") == "match"]


def _unexpected(answer: httpx.Response) -> Any:
    raise Unexpected(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
