"""The plan of a person as values: headings in order, lines under them, and of each line who says it, where, when and how fresh."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

Json = dict[str, Any]
CURRENT, HISTORY, NEVER = "current", "history", "never"
STANDINGS: Final = (CURRENT, HISTORY, NEVER)
"""How a resource stands by its status: it counts, it is what was once so, or it is told to nobody."""


UNPLACED: Final = "Not under this heading: read the plans' own words"
"""Told of a heading under which nothing stands while a plan has words that stand under none: nobody says that there is nothing."""


class Given(NamedTuple):
    """A resource that the asker may see, as it is stored: ``source`` the contributing organisations with commas between,
    ``updated`` in microseconds, ``feeds`` those by which it came, likewise, '' where it is known by its organisations alone."""

    resource: Json
    version: int
    source: str = ""
    updated: int = 0
    feeds: str = ""


class Health(NamedTuple):
    """How it stands with what a feed or an organisation sends: ``state`` is ``down``, ``stale`` or ``incomplete``, ``since`` in
    microseconds."""

    state: str
    since: int


class Code(NamedTuple):
    """A code as its author gave it."""

    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who says a line: the version of the resource that does, the organisation it comes from and its author.

    ``date`` is when it was said, as FHIR writes it and as precisely as the author gave it; ``until`` when its validity ends and
    ``review`` when it is to be reviewed, likewise; '' for what was not said. ``status`` as the resource has it. ``words`` are the
    author's own where they differ from the line's, ``notes`` what they add. ``overdue``: the review date has passed; ``ended``:
    the validity has. ``health``: the source's state, None while it is well. ``voice`` is the same for what one person says within a
    source, '' where it is not known who that is. ``written``: the author wrote it within other words, and a
    label of theirs places it."""

    type: str
    id: str
    version: int
    source: str = ""
    author: str = ""
    author_reference: str = ""
    date: str = ""
    until: str = ""
    review: str = ""
    status: str = ""
    words: str = ""
    notes: tuple[str, ...] = ()
    updated: int = 0
    overdue: bool = False
    ended: bool = False
    health: Health | None = None
    voice: str = ""
    written: bool = False

    @property
    def reference(self) -> str:
        """As FHIR writes it: ``CarePlan/1``."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said under a heading, by one author or several that say the same.

    ``means`` is the word of ``codes.csv`` for what a code says (``not-for-cpr``, ``home``), '' where it has none. ``trigger``: of
    an anticipatory step, if what; ``text`` is then what to do. ``role``, ``telecom`` (as ``phone:01234 567890``) and ``who``
    belong to people and to what somebody is to do."""

    heading: str
    text: str
    codes: tuple[Code, ...] = ()
    means: str = ""
    trigger: str = ""
    role: str = ""
    who: str = ""
    when: str = ""
    telecom: tuple[str, ...] = ()
    origins: tuple[Origin, ...] = ()

    @property
    def written(self) -> bool:
        """Whether all who say it wrote it within other words, where a label of theirs places it."""
        return bool(self.origins) and all(each.written for each in self.origins)

    @property
    def date(self) -> str:
        """When it was last said, '' where nobody says."""
        return self.origins[0].date if self.origins else ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A row of ``headings.csv``. ``single``: there can be but one value at a time, so that several are a conflict; ``voice``:
    whose later word takes the place of the earlier, that of the same ``author`` or of the same ``source``."""

    name: str
    group: str
    title: str
    single: bool
    voice: str
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it now, the latest first; ``history`` is what no longer holds: replaced by the same author,
    or of a plan that is over. ``conflict``: the lines are values of which one can hold at a time, and authors do not agree."""

    heading: Heading
    lines: tuple[Line, ...] = ()
    history: tuple[Line, ...] = ()
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Contribution:
    """A CarePlan of the person that counts: whose it is, and its version, which ``If-Match`` of its author names."""

    origin: Origin
    title: str
    current: bool


class WrittenLine(NamedTuple):
    """A line of a plan's own words as its author wrote it, and the headings under which it stands, that of plans apart."""

    text: str
    headings: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """The own words of a plan that counts, line by line, none left out."""

    origin: Origin
    title: str
    lines: tuple[WrittenLine, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All headings in their order, empty ones included; ``written``: the own words of every plan that counts, the latest first."""

    sections: tuple[Section, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    written: tuple[Written, ...] = ()
    _named: Mapping[str, Section] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_named", {section.heading.name: section for section in self.sections})

    def section(self, heading: str) -> Section:
        """What stands under a heading. Raises KeyError for a heading that the tables do not have."""
        return self._named[heading]

    def unplaced(self, headings: Set[str]) -> bool:
        """Whether a plan that counts has words that stand under none of these headings."""
        return any(not line.headings & headings for each in self.written for line in each.lines)

    @property
    def conflicts(self) -> tuple[Section, ...]:
        """Headings under which authors do not agree."""
        return tuple(section for section in self.sections if section.conflict)
