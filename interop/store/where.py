"""The query tree: what a search or a policy asks of resources, free of SQL and of FHIR syntax."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A token index row of ``parameter`` has this code and, unless None, this system ('' = no system); code None = any."""

    parameter: str
    code: str | None
    system: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A string index row of ``parameter`` (stored casefolded, without accents) starts with, equals or contains ``value``."""

    parameter: str
    value: str
    match: str = "starts"


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference index row of ``parameter`` points to one of ``targets`` (``Type/id`` or an absolute URL)."""

    parameter: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A date index row of ``parameter`` overlaps or compares: ``prefix`` eq ne gt lt ge le sa eb, ``low``/``high`` in
    microseconds, high exclusive (FHIR R4 search, section 3.1.1.4.7)."""

    parameter: str
    prefix: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Ids:
    """The resource has one of these ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Updated:
    """The resource was last updated within: ``prefix`` as for Span, microseconds."""

    prefix: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Person:
    """The resource belongs to the person of one of these Patients: its subject's linked group holds any of them.

    ``parameter`` is the reference parameter that names the subject (``patient``, ``subject``); '' means the compartment.
    """

    parameter: str
    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A reference of ``parameter`` leads to a resource of ``target`` type that satisfies ``where``; for Patients, anyone of
    the same person's group will do."""

    parameter: str
    target: str
    where: Where


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds."""

    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Where


Where = Token | Text | Reference | Span | Ids | Updated | Person | Chain | All | Any | Not
