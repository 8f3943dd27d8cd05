"""What a stay did to a person's medicines, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from interop.careplan.plan import Code, Origin

BEFORE, DURING, AFTER, LATER, UNDATED = "before", "during", "after", "later", "undated"
SIDES: Final = (BEFORE, DURING, AFTER, LATER, UNDATED)
"""When a statement holds: as the stay began; given in it; as the hospital says at discharge; as others say since; nobody tells."""
TAKING, HELD, STOPPED, FINISHED, GIVEN, UNSURE = "taking", "on-hold", "stopped", "finished", "given", "unsure"
ADDED, AMENDED, CONTINUED = "added", "amended", "continued"
STARTED, CHANGED, UNCHANGED, NOT_KNOWN = "started", "changed", "unchanged", "not-known"
KINDS: Final = (STARTED, STOPPED, CHANGED, UNCHANGED, NOT_KNOWN)
"""What became of a medicine, in the order in which it is told."""
CODE, WORDS = "code", "words"


@dataclass(frozen=True, slots=True)
class Told:
    """What one version of a resource says of a medicine on one side of a stay.

    ``standing`` is TAKING, HELD, STOPPED, FINISHED, GIVEN or UNSURE; ``said`` the source's own word for what changed (ADDED,
    AMENDED, CONTINUED, HELD, STOPPED), '' for none. ``strength``, ``dose``, ``frequency``, ``route``, ``form`` are '' where nobody
    says; ``directions`` the words, as their author has them. ``plain`` is what it tells the person, '' where nothing is.
    ``begun``: its own dates put its beginning into the stay."""

    side: str
    name: str
    codes: tuple[Code, ...]
    standing: str
    origin: Origin
    said: str = ""
    strength: str = ""
    dose: str = ""
    frequency: str = ""
    route: str = ""
    form: str = ""
    directions: str = ""
    plain: str = ""
    reason: str = ""
    amendment: str = ""
    begun: bool = False

    @property
    def order(self) -> tuple[str, str, int, str]:
        """By which statements stand, whatever order they came in."""
        return (self.origin.type, self.origin.id, self.origin.version, self.side)


@dataclass(frozen=True, slots=True)
class Change:
    """A medicine and what became of it. ``by``: its statements belong together by CODE, or by WORDS alone. ``differs`` names what
    is another after than before. ``conflict``: sources do not agree; all that they say is here. ``note`` is why nothing more is
    known, or by what a stop is known."""

    name: str
    kind: str
    by: str
    told: tuple[Told, ...]
    differs: tuple[str, ...] = ()
    conflict: bool = False
    note: str = ""

    def of(self, side: str) -> tuple[Told, ...]:
        """What is said of a side."""
        return tuple(each for each in self.told if each.side == side)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, as the hospital says."""
        return tuple(dict.fromkeys(each.reason for each in self.of(AFTER) if each.reason))


@dataclass(frozen=True, slots=True)
class Aside:
    """A statement that says nothing of a change, and why it does not."""

    origin: Origin
    why: str


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in hospital: Encounters that tell of it, what its letters hold, its times in microseconds and as they were written.

    ``letters`` are the references of its Compositions. ``held``: what they and their lists refer to; ``stopped``: what a list of
    discontinued medicines does; ``replaced``: of letters that others took the place of. ``complete``: a list is, by its own word,
    of all medicines at discharge, and all of it may be seen."""

    encounters: frozenset[str]
    start: int
    end: int
    began: str = ""
    ended: str = ""
    letters: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """All medicines of a stay: every statement is in one of ``lines``, or in ``aside``. ``stay`` None: there is none to see."""

    stay: Stay | None
    lines: tuple[Change, ...] = ()
    aside: tuple[Aside, ...] = ()

    def of(self, kind: str) -> tuple[Change, ...]:
        """Those of a kind."""
        return tuple(each for each in self.lines if each.kind == kind)
