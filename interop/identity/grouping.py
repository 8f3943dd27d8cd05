"""Which Patients are one person: a pure function of what is said of them, so that it does not matter who came first.

1. The rules (``rules.csv``) link who has one number, save whoever agrees with two that are against each other: one number and
   another birth date or given name. Such a record goes with neither, so that two people never meet through a third. A number that
   the national service has withdrawn links nobody.
2. What people decided is *same* holds together, unless they decided of two of these that they are apart: then none of it holds.
3. Who was merged (A40) into several who are not one person without that is merged into none of them: a number that was retired is
   not to be spoken of again (HL7 v2.4 3.3.40), so one of the merges is wrong and nobody knows which.
4. What the rules link, and what sources merged or linked (A24), holds together where nobody decided otherwise: both sides
   must be apart, by people's decision, from the same ones among all that would hang together.
5. Who is known by a number alone goes with those who hold it, where they are one person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Final

from interop.identity.linking import is_number_alone, is_verified, number_of, verdict, withdrawn_by
from interop.identity.rules import CONFLICT, LINK

Pair = tuple[str, str]
SAME, APART = "same", "apart"
DIFFERENT: Final = 64
"""Different identities under one number that are compared with each other; a number with more is nobody's, and only those who
agree in everything are linked."""


class Union:
    """Disjoint sets; the first in order stands for a set."""

    def __init__(self, members: Iterable[str]) -> None:
        self._above = {member: member for member in members}

    def root(self, member: str) -> str:
        """Who stands for the set."""
        while self._above[member] != member:
            self._above[member] = self._above[self._above[member]]
            member = self._above[member]
        return member

    def join(self, a: str, b: str) -> None:
        """Make two sets one."""
        one, other = sorted((self.root(a), self.root(b)))
        self._above[other] = one

    def sets(self) -> list[list[str]]:
        """All sets, each in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for member in sorted(self._above):
            found[self.root(member)].append(member)
        return list(found.values())


def pair(a: str, b: str) -> Pair:
    """Two Patients in order."""
    return (a, b) if a < b else (b, a)


def groups(
    identities: Mapping[str, str], ties: Iterable[Pair], decisions: Mapping[Pair, str], merges: Iterable[Pair] = ()
) -> list[list[str]]:
    """The persons among these Patients, each in order: ``identities`` of everyone ('' = none), ``ties`` of sources, ``decisions``
    of people (SAME, APART), ``merges`` of sources: who was retired, and into whom. Whoever stands in any must be among them."""
    edges, conflicts, alone = _by_number(identities)
    linked = _held(edges, [two for two in conflicts if decisions.get(two) != SAME], str)
    joined = _decided(identities, decisions)
    apart = [two for two, said in decisions.items() if said == APART]
    known = [*linked, *ties]
    for two in _held([*known, *uncontradicted(known, merges, apart, joined.root)], apart, joined.root):
        joined.join(*two)
    for patient, holders in alone.items():
        roots = {joined.root(each) for each in holders}
        if len(roots) == 1 and not _opposed(joined, patient, roots.copy().pop(), apart):
            joined.join(patient, holders[0])
    return joined.sets()


def uncontradicted(edges: Iterable[Pair], merges: Iterable[Pair], apart: Iterable[Pair], root: Callable[[str], str]) -> list[Pair]:
    """The merges of those whose survivors are one person: there is one of them, or the ``edges`` and the other merges say so. Where
    people hold two ``apart`` among all that hangs together, only ``root``, which is what people joined, says so of several."""
    into: dict[str, set[str]] = defaultdict(set)
    refused = {pair(a, b) for a, b in apart}
    for retired, survivor in merges:
        if retired != survivor and pair(retired, survivor) not in refused:
            into[retired].add(survivor)
    said = [*edges, *((retired, survivor) for retired, survivors in into.items() for survivor in survivors)]
    together = _joined([*said, *refused], said, root)
    contested = {
        together.root(root(a)) for a, b in refused if root(a) != root(b) and together.root(root(a)) == together.root(root(b))
    }
    left = {retired: survivors for retired, survivors in into.items() if together.root(root(retired)) not in contested}
    taken = {retired for retired, survivors in into.items() if len({root(each) for each in survivors}) == 1}
    while True:
        held = _joined(said, [*edges, *((retired, each) for retired in taken for each in into[retired])], root)
        more = {retired for retired, of in left.items() if len({held.root(root(each)) for each in of}) == 1} - taken
        if not more:
            return [(retired, survivor) for retired in taken for survivor in into[retired]]
        taken |= more


def _joined(named: Iterable[Pair], edges: Iterable[Pair], root: Callable[[str], str]) -> Union:
    """The sets that edges make of all who are named."""
    made = Union({root(each) for two in named for each in two})
    for a, b in edges:
        made.join(root(a), root(b))
    return made


def _decided(identities: Mapping[str, str], decisions: Mapping[Pair, str]) -> Union:
    joined = Union(identities)
    for two, said in decisions.items():
        if said == SAME:
            joined.join(*two)
    broken = {joined.root(a) for (a, b), said in decisions.items() if said == APART and joined.root(a) == joined.root(b)}
    if not broken:
        return joined
    kept = Union(identities)
    for two, said in decisions.items():
        if said == SAME and joined.root(two[0]) not in broken:
            kept.join(*two)
    return kept


def _opposed(joined: Union, a: str, b: str, apart: Iterable[Pair]) -> bool:
    ends = {joined.root(a), joined.root(b)}
    return any({joined.root(x), joined.root(y)} == ends for x, y in apart)


def _held(edges: Iterable[Pair], opponents: Iterable[Pair], root: Callable[[str], str]) -> list[Pair]:
    """The edges of which both ends have the same opponents among all that hangs together by the edges; ``root`` names the set to
    which a Patient belongs already."""
    between = {pair(root(a), root(b)) for a, b in edges}
    between = {(a, b) for a, b in between if a != b}
    together = Union({end for edge in between for end in edge})
    for edge in between:
        together.join(*edge)
    place = {end: together.root(end) for edge in between for end in edge}
    against: dict[str, set[str]] = defaultdict(set)
    for a, b in opponents:
        one, other = root(a), root(b)
        if one != other and one in place and place[one] == place.get(other):
            against[one].add(other)
            against[other].add(one)
    nobody: set[str] = set()
    return sorted((a, b) for a, b in between if against.get(a, nobody) == against.get(b, nobody))


def _by_number(identities: Mapping[str, str]) -> tuple[list[Pair], list[Pair], dict[str, list[str]]]:
    """What the rules link, what they hold against each other, and who is known by a number alone with those who hold it."""
    holders: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    withdrawn = {number for identity in identities.values() for number in withdrawn_by(identity)}
    for patient in sorted(identities):
        if (number := number_of(identities[patient])) and number not in withdrawn:
            holders[number][identities[patient]].append(patient)
    edges: list[Pair] = []
    conflicts: list[Pair] = []
    alone: dict[str, list[str]] = {}
    for held in holders.values():
        kinds = [kind for kind in held if not is_number_alone(kind)]
        for kind in kinds:
            if is_verified(kind):
                same = held[kind]
                edges += combinations(same, 2) if len(same) <= DIFFERENT else [(same[0], other) for other in same[1:]]
        for one, other in combinations(kinds, 2) if len(kinds) <= DIFFERENT else ():
            said = verdict(one, other).verdict
            between = [pair(a, b) for a in held[one] for b in held[other]]
            if said == LINK:
                edges += between
            elif said == CONFLICT:
                conflicts += between
        owners = [patient for kind in kinds if is_verified(kind) for patient in held[kind]]
        if owners:
            alone |= {patient: owners for kind in held if is_number_alone(kind) for patient in held[kind]}
    return edges, conflicts, alone
