"""How generated code reaches into ER7 fields. Absent and ``""`` both give '' below the field; the emitter asks for ``""`` first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from interop.formats.er7 import Message, unescape
from interop.mapping.runtime import NULL, Instance, Run

EMPTY: list[str] = [""] * 64
PARTS = 32
NOTHING = [""] * PARTS
_PADS = [[""] * (PARTS - length) for length in range(PARTS)]


class Er7:
    """One message with its delimiters at hand."""

    __slots__ = (
        "_unclean",
        "charset",
        "clean",
        "component",
        "delimiters",
        "escape",
        "index",
        "message",
        "only",
        "repetition",
        "simple",
        "subcomponent",
        "tidy",
        "touched",
    )

    def __init__(self, message: Message) -> None:
        self.message = message
        self.index = message.index
        self.delimiters = message.delimiters
        self.component = message.delimiters.component or "\0"
        self.repetition = message.delimiters.repetition or "\0"
        self.subcomponent = message.delimiters.subcomponent or "\0"
        self.escape = message.delimiters.escape if message.escaped else ""
        self.charset = message.charset
        self.simple = message.standard and (not self.escape or message.charset == "utf-8")
        """Whether the same raw text means the same in every such message."""
        self.tidy = message.tidy and not self.escape
        self._unclean = not message.tidy
        self.only: dict[str, list[str]] = {}
        """The segments asked for of which there is but one."""
        self.touched: set[int] = set()
        """The positions of the segments that any row has looked at."""

    def raw_parts(self, raw: str, separator: str) -> list[str]:
        """The parts of a raw repetition or component, raw, at least ``PARTS`` of them."""
        found = raw.split(separator)
        return found + _PADS[len(found)] if len(found) < PARTS else found

    def parts(self, raw: str, separator: str) -> list[str]:
        """The same as text: unescaped, without blanks around them, '' for ``""``."""
        found = raw.split(separator)
        if self._unclean or (self.escape and self.escape in raw):
            found = [self.plain(part) for part in found]
        return found + _PADS[len(found)] if len(found) < PARTS else found

    def once_parts(self, field: str) -> list[str]:
        """The components of a field's first repetition, as text."""
        if not field:
            return NOTHING
        return self.parts(field.partition(self.repetition)[0], self.component)

    def plain(self, value: str) -> str:
        """A leaf's text: unescaped, blanks around it gone, '' for ``""``."""
        if value == NULL:
            return ""
        if self.escape and self.escape in value:
            value = unescape(value, self.delimiters, self.charset)
        return value.strip()

    def text(self, field: str) -> str:
        """The text of a field: its first repetition's first component; a subcomponent separator in it is text."""
        if field.isalnum() or (self.tidy and "^" not in field and "~" not in field):
            return field
        return self.plain(field.partition(self.repetition)[0].partition(self.component)[0])

    def once(self, field: str) -> str:
        """The first repetition of a field, raw."""
        return field.partition(self.repetition)[0]

    def component_of(self, field: str, number: int) -> str:
        """Component ``number`` of a field's first repetition, as text."""
        parts = field.partition(self.repetition)[0].split(self.component, number)
        if number > len(parts):
            return ""
        return parts[number - 1] if self.tidy else self.plain(parts[number - 1])

    def subcomponent_of(self, field: str, number: int, inner: int) -> str:
        """A subcomponent, as text."""
        parts = field.partition(self.repetition)[0].split(self.component, number)
        return self.part(parts[number - 1], self.subcomponent, inner) if number <= len(parts) else ""

    def part(self, raw: str, separator: str, number: int) -> str:
        """Part ``number`` of a raw repetition or component, as text."""
        if separator not in raw:
            return "" if number > 1 else raw if self.tidy else self.plain(raw)
        parts = raw.split(separator, number)
        return self.plain(parts[number - 1]) if number <= len(parts) else ""

    def raw_part(self, raw: str, separator: str, number: int) -> str:
        """Part ``number``, raw, for a sub-table that goes deeper."""
        parts = raw.split(separator, number)
        value = parts[number - 1] if number <= len(parts) else ""
        return "" if value == NULL else value

    def repetitions(self, field: str) -> list[str]:
        """The repetitions of a field, raw."""
        return field.split(self.repetition) if self.repetition in field else [field]

    def texts(self, field: str, number: int) -> list[str]:
        """Component ``number`` of every repetition, as text."""
        return [self.part(raw, self.component, number) for raw in self.repetitions(field)]

    def texts_within(
        self, name: str, field: int, number: int, scope: Instance, asked: int = 0, values: tuple[str, ...] = ()
    ) -> list[str]:
        """The same of every segment of that name in the context, of those alone whose field ``asked`` is one of ``values``, or of
        the nearest one outside it."""
        within = [fields for _, fields in self.within(name, scope)]
        if asked:
            within = [fields for fields in within if self.part(fields[asked], self.component, 1) in values]
        found = [text for fields in within for text in self.texts(fields[field], number)]
        return found or self.texts(self.near(name, scope)[field], number)

    def known(self, field: str, table: Mapping[str, object], number: int) -> str:
        """The first repetition that a code table has; '' where it has none."""
        return next((text for text in self.texts(field, number) if text in table), "")

    def left_over(
        self, field: str, own: Mapping[str, object], every: tuple[Mapping[str, object], ...] | None, number: int
    ) -> Iterator[tuple[int, str]]:
        """The repetitions that nobody takes, with the reason: a second one that ``own`` has; what none of ``every`` has."""
        taken = False
        for place, text in enumerate(self.texts(field, number), 1):
            if text and text in own:
                if taken:
                    yield place, "unmapped"
                taken = True
            elif text and every is not None and not any(text in table for table in every):
                yield place, "no-code"

    def near(self, name: str, scope: Instance) -> list[str]:
        """The first segment of that name within the innermost enclosing context that has one; an empty one if none has."""
        only = self.only.get(name)
        if only is not None:
            return only
        positions = self.message.index.get(name)
        if not positions:
            self.only[name] = EMPTY
            return EMPTY
        position = positions[0]
        segment = self.message.segments[position]
        if len(positions) > 1:
            position = self._nearest(positions, scope)
            segment = self.message.segments[position]
        else:
            self.only[name] = segment
        self.touched.add(position)
        return segment

    @staticmethod
    def _nearest(positions: list[int], scope: Instance) -> int:
        up: Instance | None = scope
        while up is not None:
            for position in positions:
                if up.lo <= position < up.hi:
                    return position
            up = up.up
        return positions[0]

    def within(self, name: str, scope: Instance) -> Sequence[tuple[int, list[str]]]:
        """The segments of that name that belong to a context, with their positions."""
        positions = self.message.index.get(name)
        if positions is None:
            return ()
        segments = self.message.segments
        found = [(position, segments[position]) for position in positions if scope.lo <= position < scope.hi]
        for position, _ in found:
            self.touched.add(position)
        return found

    def end(self, position: int, scope: Instance, stops: frozenset[str]) -> int:
        """Where the context that begins at ``position`` ends: at the next of ``stops`` or with the enclosing one."""
        end = scope.hi
        for name, positions in self.message.index.items():
            if name in stops:
                for other in positions:
                    if position < other < end:
                        end = other
                        break
        return end

    def key_of(self, run: Run, name: str, field: str) -> tuple[str, str] | None:
        """The key that an identifier field gives: CX.1 within the namespace CX.4, else CX.5 (HL7 v2.4, 2.9.12)."""
        parts = field.partition(self.repetition)[0].split(self.component)
        value = self.plain(parts[0])
        if not value:
            return None
        namespace = self.plain(parts[3].partition(self.subcomponent)[0]) if len(parts) > 3 else ""
        if not namespace and len(parts) > 4:
            namespace = self.plain(parts[4])
        return run.key(name, [value], namespace)


def stray_parts(parts: list[str], known: frozenset[int]) -> list[int]:
    """The populated parts of a split field that no row reads, by number."""
    return [number for number, part in enumerate(parts, 1) if part and part != NULL and number not in known]
