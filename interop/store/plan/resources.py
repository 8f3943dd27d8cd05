"""Resources as they are given to somebody, each time under a Decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from interop.store.decision import Decision
from interop.store.where import Where


@dataclass(frozen=True, slots=True)
class Read:
    """The present version of ``type/id`` -> [Stored] or []."""

    decision: Decision
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class ReadVersion:
    """One version -> [Stored] or []."""

    decision: Decision
    type: str
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class History:
    """Versions, newest first -> [Stored]. ``before`` is the cursor: (updated, type, id, version) of the last one seen.

    type None = whole system, id None = whole type; ``since`` microseconds, 0 = all. ``at``: only versions that were the
    present one at some time within these microseconds, high exclusive.
    """

    decision: Decision
    type: str | None
    id: str | None
    since: int = 0
    count: int = 100
    before: tuple[int, str, str, int] | None = None
    at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Several:
    """The present versions of ``(type, id)`` pairs -> [Stored], in no order; those that are missing or deleted are left out."""

    decision: Decision
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Search:
    """Present versions of ``type`` ('' = of every type, see ``where.Types``) that satisfy ``where`` -> [Stored], at most
    count + 1 so that the caller sees more.

    ``sort``: pairs of (parameter, descending) over any index, or ``_lastUpdated``/``_id``; what has no value comes last, ties
    in the order in which the resources came to be, those of one commit by type and id; without ``sort`` by type and id.
    ``after`` is the cursor: the sort values, with type '' the type, and id of the last one seen.
    """

    decision: Decision
    type: str
    where: Where | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    count: int = 20
    after: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many of ``type`` ('' = of every type) satisfy ``where`` -> [int]; [] where the type has more than ``most`` resources
    (0: however many)."""

    decision: Decision
    type: str
    where: Where | None = None
    most: int = 0


@dataclass(frozen=True, slots=True)
class Compartment:
    """The Patients of the person's group and everything whose subject is one of them -> [Stored], by type then id; patient '' = of
    everyone.

    ``after`` is the cursor: (type, id) of the last one seen; ``types`` () = all; ``since`` microseconds.
    """

    decision: Decision
    patient: str
    types: tuple[str, ...] = ()
    since: int = 0
    count: int = 100
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Coded:
    """What is about the person of a Patient, is of one of the types, and has one of the codes or is called so -> [Stored], by type
    then id. Of the many that somebody may have only those are read.

    ``by``: types, each with the token parameter that is asked; ``pairs`` of system and code; ``called``: whole texts of it,
    ``holding``: parts of texts of three characters or more, as ``where.Text`` compares them. ``after`` is the cursor: (type, id).
    """

    decision: Decision
    patient: str
    by: tuple[tuple[str, str], ...]
    pairs: tuple[tuple[str, str], ...]
    called: tuple[str, ...] = ()
    holding: tuple[str, ...] = ()
    count: int = 100
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """For ``stream``: all that may be seen of ``types``, each with what narrows it -> Block.

    It is one state of the record, as it was at ``until`` (microseconds), whatever is written meanwhile; what bears that time or an
    earlier one must be committed.

    ``since``: only what was changed after that, and, as Blocks that are ``deleted``, what was taken away after it. ``personal``:
    only what is about a Patient; ``patients``: only what is about these and whoever is one person with them, None = of anyone."""

    decision: Decision
    types: tuple[tuple[str, Where | None], ...]
    until: int
    since: int = 0
    personal: bool = False
    patients: tuple[str, ...] | None = None


ResourcePlan = Read | ReadVersion | History | Several | Search | Count | Compartment | Coded | Export
