"""What the API asks of whoever writes the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from interop.api.asgi import Request, Response
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.store.decision import Account
from interop.store.values import Entry

Key = tuple[str, str]


class Auditor(Protocol):
    """What the application asks."""

    telling: asyncio.Lock
    """Held by whoever tells who saw what was taken down."""
    opening: asyncio.Lock
    """Held by whoever says that a copy was opened without a network."""

    @property
    def problem(self) -> Problem | None:
        """Why nothing can be given, or None."""
        ...

    def ids(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Ids as they stand in the audit."""
        ...

    def judge(self, asker: Asker, item: str, outcome: str) -> None:
        """Write what a privacy officer found; raises Problem ``audit-unavailable``."""
        ...

    async def take_down(self, entry: Entry, keys: Sequence[Key], patients: Sequence[str]) -> None:
        """Before the journal has a takedown: what it takes away and of whom. Raises Problem ``audit-unavailable``."""
        ...

    async def replay(self, entry: Entry, done: Sequence[tuple[str, str, str]], patients: Sequence[str]) -> None:
        """Before the journal has a replay: what becomes of what, and of whom. Raises Problem ``audit-unavailable``."""
        ...

    def journalled(self, entry: Entry) -> None:
        """The journal has a change under its number."""
        ...

    def seen(self, asker: Asker, takedown: int, who_saw: Sequence[tuple[str, str, str]], subscribers: Sequence[str]) -> None:
        """Who saw what a takedown has taken away, and Subscriptions to it: they are to be told; raises Problem
        ``audit-unavailable``."""
        ...

    def bound(self, asker: Asker, id: str, place: str) -> None:
        """Before a Subscription is told over a websocket: to whom, and where. Raises Problem ``audit-unavailable``."""
        ...

    async def exported(self, asker: Asker, export: str, level: tuple[str, str], account: Account, types: Sequence[str]) -> None:
        """Before anyone can have what was exported: of whom, and wait until that is on disk; raises Problem
        ``audit-unavailable``."""
        ...

    def begin(self, request: Request) -> None:
        """A request begins that may change something."""
        ...

    def answered(self, request: Request, part: str, response: Response) -> Response:
        """Before an answer goes out; the answer, or what is said instead."""
        ...


class Unaudited:
    """Nothing is written: for parts of an engine in tests."""

    problem: Problem | None = None

    def __init__(self) -> None:
        self.telling, self.opening = asyncio.Lock(), asyncio.Lock()

    def ids(self, ids: Sequence[str]) -> tuple[str, ...]:
        """The ids."""
        return tuple(ids)

    def judge(self, asker: Asker, item: str, outcome: str) -> None:
        """Nothing."""

    async def take_down(self, entry: Entry, keys: Sequence[Key], patients: Sequence[str]) -> None:
        """Nothing."""

    async def replay(self, entry: Entry, done: Sequence[tuple[str, str, str]], patients: Sequence[str]) -> None:
        """Nothing."""

    def journalled(self, entry: Entry) -> None:
        """Nothing."""

    def seen(self, asker: Asker, takedown: int, who_saw: Sequence[tuple[str, str, str]], subscribers: Sequence[str]) -> None:
        """Nothing."""

    def bound(self, asker: Asker, id: str, place: str) -> None:
        """Nothing."""

    async def exported(self, asker: Asker, export: str, level: tuple[str, str], account: Account, types: Sequence[str]) -> None:
        """Nothing."""

    def begin(self, request: Request) -> None:
        """Nothing."""

    def answered(self, request: Request, part: str, response: Response) -> Response:
        """The answer."""
        return response
