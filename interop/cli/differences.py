"""What a replay changes, as it is shown: by FHIR path with counts, examples by id, values only where they were asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from interop.cli.shown import json_line, say

if TYPE_CHECKING:
    from interop.apply.replayed import Replayed

KINDS: Final = ("change", "vanish", "new")


class Difference(NamedTuple):
    """What becomes of ``Type/id``: ``paths`` are ``Type.path`` each with what becomes of it, ``said`` their values."""

    reference: str
    kind: str
    message: int
    paths: dict[str, str]
    said: dict[str, tuple[list[Any], list[Any]]] = {}


@dataclass(slots=True)
class Summary:
    """What all batches came to."""

    messages: int = 0
    waiting: int = 0
    """Left out, for their feed stands still and holds them back."""
    replays: list[int] = field(default_factory=list)
    moved: list[tuple[int, str, str]] = field(default_factory=list)
    held: dict[int, tuple[str, set[str]]] = field(default_factory=dict)
    differences: dict[str, Difference] = field(default_factory=dict)

    def add(self, one: Difference) -> None:
        """A difference; of one resource in several batches it is one."""
        before = self.differences.get(one.reference)
        if before is not None:
            one = one._replace(paths=before.paths | one.paths, said=before.said | one.said)
        self.differences[one.reference] = one

    def hold(self, message: int, why: str, references: list[str]) -> None:
        """A message that stays as it is, with resources."""
        self.held.setdefault(message, (why, set()))[1].update(references)

    def take(self, told: Replayed, *, values: bool) -> None:
        """What was computed beside the engine."""
        from interop.formats.json import load_json
        from interop.record.differing import values as values_of

        self.messages += told.messages
        self.waiting += told.waiting
        self.moved += told.moved
        for held in told.held:
            self.hold(held.message, held.why, ["/".join(key) for key in held.resources])
        for one in told.differences:
            was, now = ({} if not body else values_of(load_json(body, values=None)) for body in (one.before, one.after))
            known = values and bool(one.before or one.after)
            said = {f"{one.type}.{path}": (was.get(path, []), now.get(path, [])) for path in one.paths} if known else {}
            paths = {f"{one.type}.{path}": kind for path, kind in one.paths.items()}
            self.add(Difference(f"{one.type}/{one.id}", one.kind, one.message, paths, said))

    def paths(self) -> dict[str, Counter[str]]:
        """How many resources change, vanish or are new at each path."""
        found: dict[str, Counter[str]] = {}
        for one in self.differences.values():
            for path, kind in one.paths.items():
                found.setdefault(path, Counter())[kind] += 1
        return dict(sorted(found.items()))

    def counts(self) -> dict[str, int]:
        """How many resources change, vanish and are new."""
        counted = Counter(one.kind for one in self.differences.values())
        return {kind: counted[kind] for kind in KINDS}


def show(summary: Summary, examples: int, *, dry: bool, as_json: bool, to_errors: bool = False) -> None:
    """Print it, or one JSON line."""
    if as_json:
        json_line(_plain(summary, examples, dry))
        return

    line = partial(say, errors=to_errors)
    for path, counted in summary.paths().items():
        line(f"{path}: " + ", ".join(f"{counted[kind]} {kind}" for kind in KINDS if counted[kind]))
        for one in _examples(summary, path, examples):
            line(f"  {one.reference}" + (f", message {one.message}" if one.message else "") + _said(one, path))
    now = Counter((before, after) for _, before, after in summary.moved)
    for (before, after), number in sorted(now.items()):
        line(f"{_messages(number)} {before} before: {after}")
    for number, (why, references) in sorted(summary.held.items()):
        said = "its content is no longer kept" if why == "purged" else f"the tables refuse it now ({why})"
        line(f"Message {number} stays as it is, with {len(references)} resources: {said}.")
    if summary.waiting:
        line(f"{_messages(summary.waiting)} left out, held back by a feed that stands still: interop replay --resume FEED")
    counts = summary.counts()
    line(", ".join(f"{counts[kind]} {kind}" for kind in KINDS) + f" ({_messages(summary.messages)})")
    if dry:
        line("Nothing has been done yet.")


def _messages(number: int) -> str:
    return f"{number} message{'' if number == 1 else 's'}"


def _examples(summary: Summary, path: str, most: int) -> list[Difference]:
    return [one for one in summary.differences.values() if path in one.paths][:most]


def _said(one: Difference, path: str) -> str:
    if path not in one.said:
        return ""
    before, after = ("; ".join(map(str, values)) or "nothing" for values in one.said[path])
    return f": {before} -> {after}"


def _plain(summary: Summary, examples: int, dry: bool) -> dict[str, Any]:
    paths = {}
    for path, counted in summary.paths().items():
        shown = []
        for one in _examples(summary, path, examples):
            said = dict(zip(("before", "after"), one.said[path], strict=True)) if path in one.said else {}
            shown.append({"reference": one.reference, "message": one.message, **said})
        paths[path] = {**{kind: counted[kind] for kind in KINDS if counted[kind]}, "examples": shown}
    return {
        "dryRun": dry,
        "messages": summary.messages,
        "waiting": summary.waiting,
        **summary.counts(),
        "paths": paths,
        "moved": [{"message": number, "before": before, "now": now} for number, before, now in summary.moved],
        "held": [{"message": number, "why": why, "resources": sorted(of)} for number, (why, of) in sorted(summary.held.items())],
        "replays": summary.replays,
    }
