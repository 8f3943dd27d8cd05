"""Worked examples of a family: a message and what is expected of it, beside the tables (docs/mapping-language.md, Examples).

``mappings/FAMILY/examples/NAME.EXT`` is a message as it would arrive, ``NAME.csv`` says what it makes, a line each:

``RESOURCE,PATH,VALUE``    a resource by its name in resources.csv (``NAME#2`` the second that the message makes), a FHIR path with
                           places (``name[0].family``), the value as JSON writes it; ``@NAME`` a reference to that resource; empty:
                           nothing stands there. PATH ``effect``: ``upsert``, ``delete``, ``cancel``
``loss,SOURCE,REASON``     a source field that reaches no element
``delete,NAME,REGISTER``   what the source deletes (``""``): an element, or a register with its group
``cancel,NAME,EVENTS``     what these events said of the resource is undone
``snapshot,SCOPE,whole``     the message tells all of that scope, where its feed says so or by itself
``link,NAME,NAME``         the first Patient was merged into the second
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from interop.ids import Mint
from interop.mapping.assemble import assemble
from interop.mapping.contribution import Contribution, Loss, Relink
from interop.mapping.library import Family, adapters
from interop.mapping.places import mappings_root
from interop.mapping.sites import FOLDER
from interop.mapping.snapshots import told
from interop.ports import Adapter, Envelope, Source

COLUMNS = ["resource", "path", "value"]
_OF_A_RESOURCE = frozenset({"delete", "cancel", "link"})
_STEP = re.compile(r"([A-Za-z_]\w*)(?:\[(\d+)\])?")
_MINT = Mint()


class Expectation(NamedTuple):
    """A line of an example's CSV."""

    resource: str
    path: str
    value: str


class Mismatch(NamedTuple):
    """An expectation that does not hold: what was found instead ('' is nothing)."""

    example: str
    resource: str
    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        expected, found = self.expected or "nothing", self.found or "nothing"
        return f"{self.example}: {self.resource} {self.path}: {expected} expected, found {found}"


@dataclass(slots=True)
class Example:
    """A worked example, its messages already parsed by ``load_example``."""

    name: str
    expected: list[Expectation]
    bodies: list[bytes]
    adapter: Adapter

    def opened(self) -> list[tuple[Envelope, Source]]:
        """The messages parsed afresh: trees carry the marks of whoever read them."""
        return [self.adapter.open(body) for body in self.bodies]


@dataclass(slots=True)
class Outcome:
    """What an example's messages make. ``named`` holds contributions by their names in the tables, in order; ``bodies`` what
    their registers make, by (name, place from 0)."""

    named: dict[str, list[Contribution]] = field(default_factory=dict)
    bodies: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    relinks: list[Relink] = field(default_factory=list)

    def add(self, contribution: Contribution) -> None:
        """Take in what a message says of one resource."""
        same = self.named.setdefault(contribution.name, [])
        self.bodies[contribution.name, len(same)] = assemble(contribution.type, contribution.registers)
        same.append(contribution)

    def one(self, label: str) -> tuple[Contribution, dict[str, Any]] | None:
        """The contribution of that name or ``NAME#N`` with its body."""
        name, _, number = label.partition("#")
        place = int(number or 1) - 1
        found = self.named.get(name, [])
        return (found[place], self.bodies[name, place]) if place < len(found) else None

    def label(self, id_: str, wanted: str) -> str:
        """The label of the resource with that id: ``wanted`` where it is one of its labels; '' where there is none."""
        labels = [
            label
            for name, found in self.named.items()
            for number, one in enumerate(found, 1)
            for label in ([f"{name}#{number}", name] if number == 1 else [f"{name}#{number}"])
            if one.id == id_
        ]
        return wanted if wanted in labels else labels[-1] if labels else ""


def examples(family: str, root: Traversable | None = None, site: str = "") -> list[Example]:
    """The worked examples of a family or of one of its sites, by name; raises ValueError for one that is not of its form."""
    folder = (root or mappings_root()).joinpath(family, *((FOLDER, site) if site else ()), "examples")
    if not folder.is_dir():
        return []
    messages = sorted((entry for entry in folder.iterdir() if not entry.name.endswith(".csv")), key=lambda entry: entry.name)
    return [load_example(family, message, folder) for message in messages]


def load_example(family: str, message: Traversable, folder: Traversable) -> Example:
    """One example: the message file and the CSV of the same name in ``folder``."""
    stem = message.name.rpartition(".")[0]
    wanted = folder.joinpath(f"{stem}.csv")
    if not wanted.is_file():
        raise ValueError(f"{family}/examples/{message.name} has no {stem}.csv that says what is expected")
    rows = csv.reader(io.StringIO(wanted.read_text("utf-8"), newline=""))
    if next(rows, None) != COLUMNS:
        raise ValueError(f"{family}/examples/{stem}.csv: the columns must be {','.join(COLUMNS)}")
    expected = [Expectation(*row) for row in rows if row and not row[0].startswith("#")]
    adapter = adapters()[family]
    return Example(stem, expected, list(adapter.split(io.BytesIO(message.read_bytes()))), adapter)


def run(family: Family, example: Example) -> Outcome:
    """Map the example's messages."""
    outcome = Outcome()
    for envelope, source in example.opened():
        mapped = family.map(source, envelope, _MINT)
        for one in mapped.contributions:
            outcome.add(one)
        outcome.losses += mapped.losses
        outcome.whole += told(mapped, family.model.tables.snapshots)
        outcome.relinks += mapped.relinks
    return outcome


def run_example(family: Family, example: Example) -> list[Mismatch]:
    """Map the example's messages and compare; empty where everything is as expected."""
    return list(compare(example, run(family, example)))


def compare(example: Example, outcome: Outcome) -> Iterable[Mismatch]:
    """The expectations that do not hold, in the order of the file."""
    for expected in example.expected:
        found = _found(outcome, expected)
        if expected.value not in found and (expected.value or found):
            yield Mismatch(example.name, *expected, ", ".join(found))


def _found(outcome: Outcome, expected: Expectation) -> list[str]:
    """What stands where the expectation looks: none, one, or several."""
    if expected.resource == "loss":
        return sorted({loss.reason for loss in outcome.losses if loss.path == expected.path})
    if expected.resource == "snapshot":
        return ["whole"] if expected.path in outcome.whole else []
    made = outcome.one(expected.path if expected.resource in _OF_A_RESOURCE else expected.resource)
    if made is None:
        return []
    contribution, body = made
    if expected.resource == "delete":
        registers = contribution.deleted
        return registers if ":" in expected.value else sorted({register.partition(":")[0] for register in registers})
    if expected.resource == "cancel":
        key = contribution.type, contribution.id
        return [one.cancels for named in outcome.named.values() for one in named if one.cancels and (one.type, one.id) == key]
    if expected.resource == "link":
        return [outcome.label(relink.into, expected.value) for relink in outcome.relinks if relink.patient == contribution.id]
    if expected.path == "effect":
        return [contribution.effect]
    value = value_at(body, expected.path)
    if expected.value.startswith("@"):
        reference = value.get("reference", "") if isinstance(value, dict) else value
        if isinstance(reference, str):
            return [f"@{label}"] if (label := outcome.label(reference.rpartition("/")[2], expected.value[1:])) else [reference]
    return [] if value is None else [said(value)]


def value_at(body: Any, path: str) -> Any:
    """The value at a path such as ``name[0].family``; None where there is none. Raises ValueError for what is no path."""
    for step in path.split("."):
        matched = _STEP.fullmatch(step)
        if matched is None:
            raise ValueError(f"{path} is not a path such as name[0].family")
        body = body.get(matched[1]) if isinstance(body, dict) else None
        if matched[2] is not None:
            body = body[int(matched[2])] if isinstance(body, list) and int(matched[2]) < len(body) else None
    return body


def said(value: Any) -> str:
    """A JSON value as an example says it: a primitive as it is written; of what is larger, how much there is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"an element with {', '.join(sorted(value))}"
    if isinstance(value, list):
        return f"{len(value)} elements"
    return str(value)
