"""Writing the journal: numbering, repeats, acknowledgement states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from interop.store.sql.dialect import Dialect
from interop.store.sql.retention import empty
from interop.store.sql.statement import Steps, marks, padded, rounded
from interop.store.sql.writer import Result
from interop.store.values import TAKEDOWN, Change, Committed, Entry, taken_down

WINDOW = 7 * 24 * 3600 * 1_000_000
"""How long a duplicate key stands for the same message, in microseconds, where the feed has no window of its own."""

ENTRY = (
    "entry (message, feed, adapter, received, control_id, type, duplicate, digest, "
    "state, ack, reason, detail, place, size, repeats)"
)

LAST = (
    "SELECT l.message, e.duplicate, e.digest, e.type FROM (SELECT coalesce(max(message), 0) AS message FROM entry) l "
    "LEFT JOIN entry e ON e.message > ? AND e.feed = ? AND e.adapter = ? AND e.duplicate <> ''"
)
"""The last number, with the takedowns that came after another."""


class Earlier(NamedTuple):
    """A message that is in the journal under the same duplicate key."""

    message: int
    received: int
    digest: bytes


class Verdict(NamedTuple):
    """What an entry becomes once the transaction is on disk."""

    entry: Entry
    message: int
    repeats: int
    state: str
    reason: str


class JournalWriter:
    """Adds entries. ``windows`` in microseconds by feed; ``wrong_content`` (``accept`` or ``refuse``, for all or by feed) says
    what to do with a known key and other content."""

    def __init__(self, dialect: Dialect, windows: Mapping[str, int], wrong_content: Mapping[str, str] | str) -> None:
        self._dialect = dialect
        self._windows = windows
        self._wrong_content = wrong_content
        self._next = 1
        self._verdicts: list[Verdict] = []
        self._down: dict[tuple[str, bytes], int] = {}
        """Messages that are taken down, by duplicate key and content: they stay down however late they are sent again."""
        self.entries = 0
        """Entries added since the start."""

    def load(self) -> Steps[None]:
        rows = yield LAST, (self.last, TAKEDOWN, TAKEDOWN)
        self._next = rows[0][0] + 1
        for _, key, digest, said in rows:
            if key is not None:
                self._down[key, bytes(digest)] = int(said.rpartition(" ")[2])

    @property
    def last(self) -> int:
        """The number of the last entry on disk."""
        return self._next - 1

    def write(self, changes: Sequence[Change]) -> Steps[list[Result]]:
        entries = changes[0].entries if len(changes) == 1 else [entry for change in changes for entry in change.entries]
        if entries:
            yield from self._add(entries)
        if any(change.acks for change in changes):
            yield from self._acknowledge([ack for change in changes for ack in change.acks])
        if any(change.husks for change in changes):
            yield from empty([husk for change in changes for husk in change.husks])
        return [Committed(change.entries) for change in changes]

    def settle(self) -> None:
        added = 0
        for entry, message, repeats, state, reason in self._verdicts:
            if message and entry.adapter == TAKEDOWN and entry.duplicate:
                self._down[entry.duplicate, entry.digest] = int(entry.type.rpartition(" ")[2])
            entry.message, entry.repeats, entry.state, entry.reason, entry.size = message, repeats, state, reason, len(entry.body)
            added += message != 0
        self._next += added
        self.entries += added
        self._verdicts.clear()

    def abandon(self) -> None:
        self._verdicts.clear()

    def _add(self, entries: Sequence[Entry]) -> Steps[None]:
        known = yield from self._known(entries)
        number = self._next
        rows: list[tuple[Any, ...]] = []
        bodies: list[tuple[Any, ...]] = []
        keys: list[tuple[Any, ...]] = []
        again: list[tuple[Any, ...]] = []
        for entry in entries:
            state, reason, repeats = entry.state, entry.reason, 0
            if entry.duplicate and state != "refused":
                same, other = self._compare(entry, known.setdefault((entry.feed, entry.duplicate), []))
                same = same or (self._down.get((taken_down(entry.feed, entry.duplicate), entry.digest), 0) if self._down else 0)
                if same:
                    again.append((same, entry.received))
                    self._verdicts.append(Verdict(entry, 0, same, state, reason))
                    continue
                if other:
                    repeats, reason = other, "wrong-content"
                    state = "refused" if self._refuses(entry.feed) else state
                if state != "refused":
                    known[entry.feed, entry.duplicate].append(Earlier(number, entry.received, entry.digest))
            rows.append(
                (number, entry.feed, entry.adapter, entry.received, entry.control_id, entry.type, entry.duplicate, entry.digest,
                 state, entry.ack, reason, entry.detail, entry.where, len(entry.body), repeats)
            )  # fmt: skip
            bodies.append((number, entry.body))
            keys.extend((number, place, key) for place, key in enumerate(entry.keys))
            self._verdicts.append(Verdict(entry, number, repeats, state, reason))
            number += 1
        for head, lines in (
            (ENTRY, rows),
            ("body (message, body)", bodies),
            ("journal_key (message, place, key)", keys),
            ("repetition (message, received)", again),
        ):
            yield from self._dialect.insert(head, lines)

    def _known(self, entries: Sequence[Entry]) -> Steps[dict[tuple[str, str], list[Earlier]]]:
        """What the journal holds under the duplicate keys of ``entries``, oldest first."""
        wanted = {
            (entry.feed, entry.duplicate): entry.received - self._windows.get(entry.feed, WINDOW)
            for entry in reversed(entries)
            if entry.duplicate and entry.state != "refused"
        }
        known: dict[tuple[str, str], list[Earlier]] = {}
        pairs = list(wanted)
        for start in range(0, len(pairs), 256):
            some = padded(pairs[start : start + 256], ("", ""))
            rows = yield (
                f"{self._dialect.wanted(('feed', 'duplicate'), len(some))} "
                "SELECT e.feed, e.duplicate, e.message, e.received, e.digest FROM wanted w CROSS JOIN entry e "
                "WHERE e.feed = w.feed AND e.duplicate = w.duplicate AND e.received >= ? "
                "AND e.duplicate <> '' AND e.state <> 'refused' ORDER BY e.message",
                [*chain.from_iterable(some), min(wanted.values())],
            )
            for feed, duplicate, message, received, digest in rows:
                known.setdefault((feed, duplicate), []).append(Earlier(message, received, digest))
        return known

    def _compare(self, entry: Entry, earlier: list[Earlier]) -> tuple[int, int]:
        """The first earlier message with the same content and the last with other content, within the window; 0 = none."""
        since = entry.received - self._windows.get(entry.feed, WINDOW)
        other = 0
        for message, received, digest in earlier:
            if received >= since:
                if digest == entry.digest:
                    return message, 0
                other = message
        return 0, other

    def _refuses(self, feed: str) -> bool:
        policy = self._wrong_content
        return (policy if isinstance(policy, str) else policy.get(feed, "accept")) == "refuse"

    def _acknowledge(self, acks: Sequence[tuple[int, str]]) -> Steps[None]:
        states: dict[str, list[int]] = {}
        for message, state in dict(acks).items():
            states.setdefault(state, []).append(message)
        for state, messages in states.items():
            for start in range(0, len(messages), 256):
                some = messages[start : start + 256]
                yield (
                    f"UPDATE entry SET ack = ? WHERE message IN ({marks(rounded(len(some)))})",
                    [state, *padded(some, 0)],
                )
