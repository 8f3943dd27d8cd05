"""Versions of resources, as they are read and as a change puts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from interop.fhir.rows import IndexRow


@dataclass(slots=True)
class Stored:
    """One version of a resource: ``body`` is the JSON that is served, byte for byte; b'' for a deletion.

    ``told`` is what a history says of it, method and status (``POST 201``); '' = what its number and ``deleted`` say. Of what is
    read, a history alone fills it. ``source`` are the organisations that contributed to it, in order, with commas between (see
    ``interop.record.sources``); ``subject`` the Patient that it is about, '' for none, filled by reads."""

    type: str
    id: str
    version: int
    updated: int
    body: bytes
    deleted: bool = False
    owner: str = ""
    message: int = 0
    tables: str = ""
    sort: tuple[Any, ...] = ()
    told: str = ""
    source: str = ""
    subject: str = ""


@dataclass(slots=True)
class Block:
    """Resources of one type as an export gives them. ``lines``: their bodies, each as ``Stored.body`` has it, line breaks between;
    b'' where they are ``deleted``. By place: ``ids``, ``subjects`` (as ``Stored.subject``) and ``several``, whether the body may
    name Patients besides."""

    type: str
    ids: list[str]
    subjects: list[str]
    several: list[bool]
    lines: bytes
    deleted: bool = False


@dataclass(slots=True)
class Put:
    """A new version of a resource. ``version`` is expected to be the present one plus 1. ``body`` b'' = deletion. ``base`` is a
    service base under which its references mean resources of ours, '' for none."""

    stored: Stored
    index: list[IndexRow]
    base: str = ""


@dataclass(slots=True)
class Reindexed:
    """The index rows of a present version anew, without a new version. Passed over where ``version`` is not the present one."""

    type: str
    id: str
    version: int
    index: list[IndexRow]


class Withheld(NamedTuple):
    """Earlier versions of a resource, ``first`` to ``last``, that nobody is to see again: the record holds them no longer."""

    type: str
    id: str
    first: int
    last: int
