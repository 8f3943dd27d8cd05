"""The query tree: what a search or a policy asks of resources, free of SQL and of FHIR syntax."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """A token index row of ``parameter`` has this code and, unless None, this system ('' = no system); code None = any.

    ``kind``: ``token``; ``identifier`` (of a reference: the ``:identifier`` modifier); ``of-type`` (an identifier's type:
    ``system`` is that of the type, ``code`` is ``TYPECODE|value``); ``below`` (a media type or canonical URL and what is above it).
    """

    parameter: str
    code: str | None
    system: str | None = None
    kind: str = "token"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token index row of ``parameter`` is one of these (system, code) pairs: ``:in``, ``:below``, ``:above``."""

    parameter: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A string or URI index row of ``parameter`` compares with ``value``: ``match`` starts, equals, contains (both sides
    casefolded, without accents) or exact (as written). ``kind`` '' = string or uri, ``text`` = what a token or reference is
    called (``:text``)."""

    parameter: str
    value: str
    match: str = "starts"
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference index row of ``parameter`` points to one of ``targets`` (``Type/id`` or an absolute URL)."""

    parameter: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A date index row of ``parameter`` overlaps or compares: ``prefix`` eq ne gt lt ge le sa eb ap (overlaps), ``low``/``high`` in
    microseconds, high exclusive (FHIR R4 search, section 3.1.1.4.7)."""

    parameter: str
    prefix: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Range:
    """A number or quantity index row of ``parameter`` compares: ``prefix`` as for Span, ``low``/``high`` the range that the
    precision of the value stands for, high exclusive; low = high is the value itself (3.1.1.4.6). ``units`` () = any; else the
    row has one of these units. ``kind`` '' = number or quantity as written, ``measure`` = quantity in base units."""

    parameter: str
    prefix: str
    low: float
    high: float
    units: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """A position index row of ``parameter`` lies within so many metres of a place in degrees (WGS 84)."""

    parameter: str
    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Composite:
    """One element of ``parameter`` satisfies every part: Token, Tokens, Text, Reference, Span or Range, in the order of the
    components; the parameter of a part is the number of its component, from ``0``."""

    parameter: str
    parts: tuple[Where, ...]


@dataclass(frozen=True, slots=True)
class FullText:
    """The narrative (``_text``) or the whole content (``_content``) holds the words: all of one group, any group; a word that
    begins with ``-`` must be absent, one of several words stands for the phrase."""

    parameter: str
    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Present:
    """There is any index row of ``parameter``, of whatever kind."""

    parameter: str


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
class About:
    """An access row ``parameter`` (``interop.policy.access``) that is in force at ``now`` (microseconds; low <= now < high) and has
    one of ``codes`` (() = any) is there about the person whom the resource is about: about anyone linked with its subject.

    ``every``: where the resource is about several Patients, of each of them; else of any. A resource about nobody has none.
    """

    parameter: str
    codes: tuple[str, ...]
    now: int
    every: bool = True


@dataclass(frozen=True, slots=True)
class Sources:
    """Every organisation that contributed to the resource (``Stored.source``) is one of these."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A reference of ``parameter`` leads to a resource of ``target`` type that satisfies ``where``; for Patients, anyone of
    the same person's group will do."""

    parameter: str
    target: str
    where: Where


@dataclass(frozen=True, slots=True)
class Has:
    """A resource of type ``source`` that satisfies ``where`` refers to this one by ``parameter`` (``_has``, ``_list``); for
    Patients, to anyone of the same person's group."""

    source: str
    parameter: str
    where: Where | None


@dataclass(frozen=True, slots=True)
class Unguarded:
    """The part holds, whatever the reader may see: its chains pass through every resource. The store itself puts what a Decision's
    predicate asks so; else the predicate would be asked of what it leads to, and so without end."""

    part: Where


@dataclass(frozen=True, slots=True)
class Types:
    """The resource is of one of these types; for searches of several."""

    types: tuple[str, ...]


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


Where = (
    Token
    | Tokens
    | Text
    | Reference
    | Span
    | Range
    | Near
    | Composite
    | FullText
    | Present
    | Ids
    | Updated
    | Person
    | About
    | Sources
    | Chain
    | Has
    | Unguarded
    | Types
    | All
    | Any
    | Not
)
