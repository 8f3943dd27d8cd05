"""What a card is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from interop.careplan.crew.sections import CardTables
from interop.careplan.crew.states import WITHHELD
from interop.careplan.crew.who import Number
from interop.careplan.plan import Given, Plan


class Absent(NamedTuple):
    """Something that is not here: ``code`` as ``interop.policy.absence`` has it, ``words`` for a screen, ``source`` the
    organisation, '' for none, ``since`` as an instant, '' where that is not known."""

    code: str
    words: str
    source: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What a card is made of. ``given``: the Patients of the person, all that is about them and what it refers to, as far as the
    asker may see it; ``plan`` is folded of the same. ``stated``: the NHS numbers of Patients by id. ``names``: what organisations
    are called, by code. ``unseen``: types that the asker's role or token is not for. ``now`` in microseconds."""

    patient: str
    given: Sequence[Given]
    plan: Plan
    tables: CardTables
    now: int
    absent: Sequence[Absent] = ()
    stated: Mapping[str, Sequence[Number]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()

    @property
    def withheld(self) -> bool:
        """Whether the person's record as a whole is."""
        return any(each.code == WITHHELD for each in self.absent)
