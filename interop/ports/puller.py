"""Pulling messages from a source that does not send: what ``interop pull`` asks of an adapter that can."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from interop.errors import Problem

FHIR_JSON: Final = "application/fhir+json"


@dataclass(slots=True)
class Pulled:
    """One thing that a source was asked for.

    ``what`` names it as a control id would, and says nothing else of a person. ``body`` is the message, empty where there is
    nothing new or where ``problem`` says why it could not be had. ``taken`` is set before the next is asked for: whether the engine
    has it in its journal and did not refuse it.
    """

    what: str
    body: bytes = b""
    problem: Problem | None = None
    media_type: str = FHIR_JSON
    taken: bool = False


class Have(NamedTuple):
    """The newest message of its kind in the journal: its control id and the digest of its content."""

    control_id: str
    digest: bytes


class Seen(Protocol):
    """What the journal has of this feed: the cursor of a puller, which keeps none of its own."""

    def newest(self, stem: str) -> Have | None:
        """The newest message whose control id is ``STEM/`` and a version; None where there is none."""
        ...


@runtime_checkable
class Puller(Protocol):
    """An adapter that can also fetch; most cannot."""

    def pull(self, settings: Mapping[str, Any], seen: Seen) -> AsyncIterator[Pulled]:
        """Fetch what is new, one after another: the next is asked for when the one before is on disk. ``settings`` are those of
        the feed. Raises ValueError for settings it cannot use, Problem where the source as a whole cannot be had
        (``source-denied``, ``source-unavailable``, ``source-busy``, ``source-timeout``)."""
        ...
