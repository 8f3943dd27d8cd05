"""Questions to the record: what an adapter needs that answers queries of its own protocol (HL7 v2 QBP)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

Resource = dict[str, Any]
"""A resource as JSON."""


class Inquiry(NamedTuple):
    """What is done, in the protocol's own name (``QBP^Q22``), and who asks: ``who`` as the message tells it, unproved;
    ``organisation`` the ODS code of the organisation that the way in belongs to, '' where it belongs to none. Policy decides by
    these."""

    interaction: str
    who: str
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """The source records that are linked as one person, as far as the asker may see them, the latest first; ``retired`` are those
    that were merged into another."""

    records: tuple[Resource, ...]
    retired: tuple[Resource, ...] = ()


class Record(Protocol):
    """The shared record, to be read. Whoever asks sees what policy lets them see, and nothing tells what it holds back."""

    async def find(self, inquiry: Inquiry, type: str, criteria: Sequence[tuple[str, str]], limit: int) -> list[Resource]:
        """The resources that satisfy criteria of a FHIR search, by id; ``:exact`` regards neither case nor accents. Raises Problem
        ``too-many-matches`` beyond ``limit``, ``bad-parameter``."""
        ...

    async def person(self, inquiry: Inquiry, patient: str) -> Person:
        """All records of the person that the Patient of that id belongs to."""
        ...

    async def resolve(self, inquiry: Inquiry, references: Iterable[str]) -> dict[str, Resource]:
        """What references such as ``Organization/…`` lead to; what is not there, or not to be seen, is left out."""
        ...


@runtime_checkable
class Asks(Protocol):
    """An adapter some of whose messages are questions: they are answered and not journalled."""

    def asks(self, body: bytes) -> bool:
        """Whether a message is one, told by its header alone."""
        ...

    async def answer_from(self, record: Record, body: bytes, organisation: str = "") -> bytes:
        """The whole answer in the adapter's own protocol, refusals included; ``organisation`` is whose the way in is.
        Never raises."""
        ...
