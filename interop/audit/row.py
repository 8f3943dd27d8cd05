"""A row of the audit: who did what to whose record, without a word of what is in the record."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

READ: Final = "read"
"""A read, search or query was answered; ``resources`` were disclosed, of ``patients``."""
DENIAL: Final = "denial"
CHANGE: Final = "change"
"""A change is about to be made: on disk before the journal has it."""
ANSWER: Final = "answer"
"""What the client of a change was answered; ``of`` are the changes."""
MESSAGE: Final = "message"
SIGNED: Final = "sign-on"
"""A token was given or ended."""
NOTIFICATION: Final = "notification"
NOTICE: Final = "notice"
"""Something for the privacy officer that rows alone do not tell."""
JUDGED: Final = "judged"
"""A privacy officer's outcome of an item of the queue."""
DECLARED: Final = "declared"
"""Which feeds there are, and what of them, is another since."""
OPENED: Final = "opened"
CLOSED: Final = "closed"


class Who(NamedTuple):
    """Who asked, as ``interop.policy.asker.Asker`` has it."""

    user: str = ""
    role: str = ""
    organisation: str = ""
    client: str = ""
    purpose: str = ""
    session: str = ""
    agent: str = ""
    """The resource that stands for the user."""


class Row(NamedTuple):
    """``time`` in microseconds; ``status`` the HTTP status, 0 for none; ``resources`` how many were given; ``patients`` the ids of
    the Patients whom they are about; ``rules`` the rows of the policy that decided. ``more`` is the kind's own:

    change: ``keys`` (``[create, Type, id]``), ``mark`` (a rule of ``tables/privacy.csv``, such as ``break-glass``); answer: ``of``,
    ``messages``; message: ``messages`` (numbers in the journal), ``feed``, ``state``; read: ``query`` (names of parameters),
    ``destination``, ``delivery`` (what was sent unasked), ``from`` (where a Subscription was bound to a websocket), ``reason``,
    ``message`` (whose content was opened), ``offline`` (when a copy was opened that had been given before), ``mark`` as of a
    change;
    denial: ``reason``, ``unwritten`` (so many before it), and as sign-on ``from`` (the address of who asked; of IPv6 the network);
    notice: ``rule``; declared: ``new``, ``changed``, ``gone`` (names of feeds), ``digest`` (SHA-256 of the feeds file);
    judged: ``item``, ``outcome``; notification: ``item``, ``channel``.
    """

    sequence: int
    time: int
    kind: str
    who: Who = Who()
    interaction: str = ""
    type: str = ""
    id: str = ""
    status: int = 0
    resources: int = 0
    patients: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    more: dict[str, Any] = {}


def encode(row: Row) -> bytes:
    """The row as it is written."""
    sequence, time, kind, who, *rest = row
    return orjson.dumps((sequence, time, kind, tuple(who), *rest))


def decode(text: bytes) -> Row:
    """A row that ``encode`` made; raises ValueError."""
    said = orjson.loads(text)
    try:
        sequence, time, kind, who, interaction, type_, id_, status, resources, patients, rules, more = said
        return Row(sequence, time, kind, Who(*who), interaction, type_, id_, status, resources, tuple(patients), tuple(rules), more)
    except TypeError as error:
        raise ValueError("no row of the audit") from error


_NUMBER: Final = re.compile(r"(?<!\d)\d{3}[-.]?\d{3}[-.]?\d{4}(?!\d)")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Names:
    """Ids as they may be written: one that holds what may be an NHS number is replaced by a keyed digest of it."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.one = lru_cache(maxsize=65_536)(self._one)

    def _one(self, id: str) -> str:
        """The id, or what stands for it; the same for the same id."""
        if _NUMBER.search(id) is None or id[:1] == "~" or _UUID.fullmatch(id):
            return id
        return "~" + blake2b(id.encode(), key=self._key, digest_size=12).hexdigest()

    def all(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Each of them."""
        return tuple(map(self.one, ids))
