"""Which populated fields of an ER7 message no row of its route reads: remembered by the shape of each segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from interop.formats.er7 import WIDTH
from interop.mapping.contribution import Loss
from interop.mapping.er7_access import Er7, stray_parts
from interop.mapping.runtime import MEMORY, NULL, Run, loss

Parts = frozenset[tuple[int, int]]
"""Components with their subcomponents; subcomponent 0 is the whole component."""
FieldReading = tuple[bool, Parts | None, bool]
"""Whether repetitions are read, which parts (None: all), whether only under conditions."""
Reading = dict[str, dict[int, FieldReading]]
"""Segment -> field -> how it is read."""

_END = b"\x1e"
_SHAPES = bytes(_END[0] if code == 13 else code if code in b'|^~\\&"' else 32 for code in range(256))
"""What may stand in a field, all alike; delimiters and ``""`` as they are; the end of a segment."""


class Account(NamedTuple):
    """What becomes of the fields of a segment: how many are read, what is lost; ``conditional`` are those of which only the
    message can tell, by number: what is lost of each where a row has taken it, and where none has."""

    carried: int
    losses: tuple[Loss, ...]
    conditional: tuple[tuple[int, tuple[Loss, ...], Loss], ...]


class MadePlan:
    """Which fields some resources read: segment -> field -> reading. A segment that none of them names reads nothing; ``left``
    are the segments whose other fields are not carried, with the row that says so."""

    def __init__(self, reads: Reading, left: Mapping[str, str]) -> None:
        self.reads = reads
        self.left = left
        self.accounts: dict[tuple[str, bytes, bool], Account] = {}
        """Of segments with standard delimiters, by name and shape, and whether any row has looked at them."""

    def account(self, fields: list[str], touched: bool, m: Er7) -> Account:
        """Ask every populated field of a segment."""
        name = fields[0]
        reads = self.reads.get(name, {})
        row = self.left.get(name, "")
        reason = "not-carried" if row else "unmapped"
        carried = 0
        losses: list[Loss] = []
        conditional = []
        for number in range(3 if name == "MSH" else 1, len(fields)):
            value = fields[number]
            if not value:
                continue
            path = f"{name}-{number}"
            reading = reads.get(number) if number < WIDTH else None
            if reading is None or not touched:
                if value != NULL:
                    losses.append(loss(path, reason, row))
                continue
            repeats, parts, only = reading
            strays = _strays(path, value, repeats, parts, m)
            if only:
                conditional.append((number, tuple(strays), loss(path, "condition", "")))
            else:
                carried += 1
                losses += strays
        return Account(carried, tuple(losses), tuple(conditional))


class RoutePlan:
    """What a route's resources read. Those that a message does not make read nothing, save what decided so."""

    def __init__(
        self, reads: dict[str, tuple[Reading, Reading]], active: frozenset[str], left: Mapping[str, Mapping[str, str]]
    ) -> None:
        self._reads = {name: read for name, read in reads.items() if name in active}
        self._left = {name: segments for name, segments in left.items() if name in active}
        self._plans: dict[frozenset[str], MadePlan] = {}

    def of(self, made: frozenset[str]) -> MadePlan:
        """The plans of a message that makes resources of these names."""
        plan = self._plans.get(made)
        if plan is None:
            fields: Reading = {}
            for name, (rows, decided) in self._reads.items():
                for read in (rows, decided) if name in made else (decided,):
                    for segment, numbers in read.items():
                        known = fields.setdefault(segment, {})
                        for number, (repeats, parts, conditional) in numbers.items():
                            before = known.get(number, (False, frozenset(), True))
                            both = None if parts is None or before[1] is None else parts | before[1]
                            known[number] = (before[0] or repeats, both, before[2] and conditional)
            left = {segment: row for name, rows in self._left.items() if name in made for segment, row in rows.items()}
            plan = self._plans[made] = MadePlan(fields, left)
        return plan


def _strays(path: str, value: str, repeats: bool, parts: Parts | None, m: Er7) -> list[Loss]:
    """The repetitions, components and subcomponents of a field that nobody reads."""
    strays = []
    read = [value]
    if m.repetition in value:
        every = value.split(m.repetition)
        read = every if repeats else every[:1]
        strays += [loss(f"{path}[{again}]", "unmapped", "") for again, more in enumerate(every[len(read) :], 2) if more]
    if parts is not None:
        known = frozenset(component for component, _ in parts)
        partly = known - {component for component, inner in parts if not inner}
        for one in read:
            components = one.split(m.component)
            strays += [loss(f"{path}.{stray}", "unmapped", "") for stray in stray_parts(components, known)]
            for number in sorted(partly):
                if number <= len(components):
                    inner = frozenset(inner for component, inner in parts if component == number)
                    found = stray_parts(components[number - 1].split(m.subcomponent), inner)
                    strays += [loss(f"{path}.{number}.{stray}", "unmapped", "") for stray in found]
    return strays


def shapes(text: str) -> list[bytes]:
    """The segments of a message with standard delimiters, each run of other characters as one blank."""
    runs = (text.encode("utf-8", "surrogatepass") + b"\r").translate(_SHAPES).split()
    return b" ".join(runs).split(_END)[:-1]


def unread(run: Run, m: Er7, plans: RoutePlan) -> None:
    """Note the populated fields that no row reads, and count those that one does.

    A row reads where its resource was made, and only the segments that lie within its context.
    """
    message, touched = m.message, m.touched
    segments = message.segments
    plan = plans.of(frozenset(run.made))
    accounts = plan.accounts
    seen = shapes(message.text) if message.standard else []
    alike = len(seen) == len(segments)
    for place, fields in enumerate(segments):
        account = None
        if alike:
            key = fields[0], seen[place], place in touched
            account = accounts.get(key)
        if account is None:
            account = plan.account(fields, place in touched, m)
            if alike:
                if len(accounts) >= MEMORY:
                    accounts.clear()
                accounts[key] = account
        carried, losses, conditional = account
        run.carried += carried
        run.losses += losses
        for number, strays, unmet in conditional:
            if (number, id(fields)) in run.hits:
                run.carried += 1
                run.losses += strays
            else:
                run.losses.append(unmet)
