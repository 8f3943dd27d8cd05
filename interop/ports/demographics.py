"""The national demographics service, as the engine asks it: by a number, or by who somebody is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

PDS: Final = "pds"
"""The feed under which the engine takes its answers in; nobody else sends under it."""
FOUND, NOT_FOUND, INVALIDATED = "found", "not-found", "invalidated"
ONE, SEVERAL, NONE = "one", "several", "none"


@dataclass(frozen=True, slots=True)
class Reached:
    """How it is reached: ``url`` the base before ``/Patient``; ``client`` the application's key, ``kid`` the id of the private
    key in the file ``key`` (None: it asks for no sign-on, as the sandbox); ``token_url`` where tokens are given ('' = beside
    ``url``). ``timeout`` is seconds for one answer."""

    url: str
    client: str = ""
    kid: str = ""
    key: Path | None = None
    token_url: str = ""
    timeout: float = 10.0


class Criteria(NamedTuple):
    """Who is looked for: ``birth`` as YYYY-MM-DD; the rest may be empty but for the family name. ``history``: by former names and
    addresses too. By a postcode nobody is found whose whereabouts are restricted."""

    family: str
    birth: str
    given: str = ""
    gender: str = ""
    postcode: str = ""
    fuzzy: bool = False
    history: bool = False


class Match(NamedTuple):
    """A Patient as it was given, and how well it fits the criteria, 0 to 1; 1 where it was asked for by its number."""

    patient: dict[str, Any]
    score: float = 1.0


class Reply(NamedTuple):
    """What it says: ``outcome`` FOUND, NOT_FOUND or INVALIDATED of a number, ONE, SEVERAL or NONE of criteria. Of several none
    need be told."""

    outcome: str
    matches: tuple[Match, ...] = ()


class Demographics(Protocol):
    """Connections to the service. What is asked raises Problem: ``source-denied``, ``source-busy``, ``source-unavailable`` and
    ``source-timeout`` of the service as a whole, ``source-error`` of this request, ``bad-parameter`` for what cannot be asked."""

    calls: Counter[str]
    """Requests by outcome."""

    async def read(self, number: str) -> Reply:
        """Who has an NHS number."""
        ...

    async def search(self, criteria: Criteria) -> Reply:
        """Who fits the criteria."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


@runtime_checkable
class Reaches(Protocol):
    """Makes connections to a service; an entry point of the group ``interop.demographics``. ``reads`` names the adapter that reads
    its Patients."""

    @property
    def reads(self) -> str: ...

    def connect(self, reached: Reached, now: Callable[[], int]) -> Demographics:
        """``now`` tells microseconds since the epoch. Raises ValueError for settings or a key that cannot be used."""
        ...
