"""What the fields of an ER7 message alone decide is worked out once and kept: the registers of a unit of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from interop.mapping.contribution import Loss

LIMIT = 2_048
SENDERS = 64


class Kept(dict[str, Any]):
    """What a unit of rows makes of its fields: registers; and registers deleted, losses, which conditional fields were met.

    Shared by all messages that have these fields: nobody changes it.
    """

    deleted: Sequence[str] = ()
    losses: Sequence[Loss] = ()
    hits: Sequence[str] = ()
    more = False
    """Whether there is anything besides the registers."""


class Unit(dict[Any, Kept]):
    """One unit's results by its raw fields. It gives up where most messages bring something new."""

    __slots__ = ("_idle", "_owner", "_since")

    def __init__(self, owner: Sender, idle: bool = False) -> None:
        super().__init__()
        self._owner, self._since, self._idle = owner, owner.messages, idle

    def keep(self, fields: Any, made: Kept) -> None:
        """Keep a result; where there are too many, begin anew, or never again where fewer than half came twice."""
        if self._idle:
            return
        if len(self) >= LIMIT:
            self._idle = self._owner.messages - self._since < 2 * LIMIT
            self._since = self._owner.messages
            self.clear()
            if self._idle:
                return
        self[fields] = made


class Sender:
    """The units of one organisation's messages: what a namespace means depends on who sends it."""

    __slots__ = ("messages", "units")

    def __init__(self, count: int, idle: bool = False) -> None:
        self.messages = 0
        self.units = [Unit(self, idle) for _ in range(count)]


class Units:
    """All units of a family's tables, by sender."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._never = Sender(count, idle=True)
        self._senders: dict[str, Sender] = {}

    def of(self, organisation: str, simple: bool) -> list[Unit]:
        """The units for one message; ones that keep nothing unless the same raw text means the same in ``simple`` messages."""
        if not simple:
            return self._never.units
        sender = self._senders.get(organisation)
        if sender is None:
            if len(self._senders) >= SENDERS:
                self._senders.clear()
            sender = self._senders[organisation] = Sender(self._count)
        sender.messages += 1
        return sender.units
