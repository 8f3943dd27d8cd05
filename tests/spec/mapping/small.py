"""A small family of tables for one test, and short ways to load it and to map a message by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interop.formats.csv import read_csv
from interop.formats.er7 import Message
from interop.formats.json import read_json
from interop.formats.references import split_references
from interop.formats.xml import read_xml
from interop.ids import Mint
from interop.mapping.assemble import assemble
from interop.mapping.contribution import Contribution, Mapped
from interop.mapping.library import Family
from interop.mapping.refusal import Refusal, TablesRefused
from interop.mapping.source import COLUMNS as SOURCE
from interop.mapping.table_files import COLUMNS
from interop.ports import Envelope, Order, Source

NAME = "small"
MINT = Mint(b"a key for tests only")

SHARED = {
    "required": "Encounter,status,unknown,\nEncounter,class,unknown,\nCarePlan,status,unknown,\nCarePlan,intent,plan,\n",
    "extensions": "birthPlace,http://example.org/birth-place,\nbirthTime,http://example.org/birth-time,\n",
    "systems": "NHS,https://fhir.nhs.uk/Id/nhs-number,\n2.16.840.1.113883.6.96,http://snomed.info/sct,\n",
}


OF_ALL = ("systems", "extensions", "required", "fold", "precedence", "profiles")
"""Files of all families."""


def load(root: Path, form: str = "er7", *, traced: bool = False, **tables: Any) -> Family:
    """A family of these tables: lines by the name of the file without headers, ``codes`` by the names of its tables; ``site`` are
    those of the site RXX, and the family is what holds for it."""
    site = tables.pop("site", None)
    write(root, **tables)
    if site is not None and site != "-":
        write_files(root / NAME / "sites" / "RXX", **site)
    return Family.load(NAME, form=form, root=root, traced=traced, site="" if site is None else "RXX")


def refused(root: Path, form: str = "er7", **tables: Any) -> list[Refusal]:
    """Why a family of these tables does not load; empty where it does."""
    try:
        load(root, form, **tables)
    except TablesRefused as error:
        return error.refusals
    return []


def write(root: Path, **tables: Any) -> None:
    """Write the tables; bytes are a whole file with its header, '-' is a file that is absent. ``labels`` are the files of that
    folder."""
    together = {**SHARED, **tables}
    shared = {name: together.pop(name) for name in list(together) if name in OF_ALL}
    labels = together.pop("labels", {})
    write_files(root / NAME, **together)
    write_files(root, **shared)
    if labels:
        (root / "labels").mkdir(exist_ok=True)
        for name, lines in labels.items():
            columns = COLUMNS["sets" if name == "sets" else "labels"]
            (root / "labels" / f"{name}.csv").write_text(",".join(columns) + "\n" + lines)


def write_files(place: Path, **tables: Any) -> None:
    """The same in one folder."""
    (place / "codes").mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        if isinstance(text, dict):
            for codes, lines in text.items():
                (place / "codes" / f"{codes}.csv").write_text(",".join(COLUMNS["codes"]) + "\n" + lines)
            continue
        columns = SOURCE if name == "source" else COLUMNS["elements" if name.startswith("elements") else name]
        if isinstance(text, bytes):
            (place / f"{name}.csv").write_bytes(text)
        elif text != "-":
            (place / f"{name}.csv").write_text(",".join(columns) + "\n" + text)


def envelope(message: str, **more: Any) -> Envelope:
    """An envelope of that message type, sent by organisation RXX."""
    told: dict[str, Any] = {"control_id": "1", "order": Order(0, 0, ""), "organisation": "RXX", "digest": b"\1" * 16}
    return Envelope(NAME, message, **(told | more))


def er7(*segments: str, header: str = "MSH|^~\\&|PAS|RXX|||202001010000||ADT^A01|1|P|2.4") -> Message:
    """A message of these segments."""
    return Message.parse("\r".join((header, *segments)).encode())


def xml(text: str) -> Source:
    """A document; its root element is what paths start from."""
    return read_xml(text.encode())


def json(text: str) -> Source:
    """A JSON text as adapters of FHIR read it: references are split."""
    root = read_json(text.encode())
    split_references(root)
    return root


def csv(text: str) -> Source:
    """Lines of separated values with a header."""
    return read_csv(text.encode())


class Made:
    """What a message made, in the words of a test."""

    def __init__(self, mapped: Mapped) -> None:
        self.mapped = mapped

    def all(self, name: str) -> list[Contribution]:
        """The contributions of a resource of the tables."""
        return [one for one in self.mapped.contributions if one.name == name]

    def one(self, name: str) -> Contribution:
        """The only one."""
        (found,) = self.all(name)
        return found

    def bodies(self, name: str) -> list[dict[str, Any]]:
        """What their registers make, ``meta`` aside."""
        made = [assemble(one.type, one.registers) for one in self.all(name)]
        return [{key: value for key, value in body.items() if key not in ("resourceType", "meta")} for body in made]

    def body(self, name: str) -> dict[str, Any]:
        """The same of the only one."""
        (found,) = self.bodies(name)
        return found

    def ref(self, name: str, place: int = 0) -> dict[str, str]:
        """A reference to it."""
        one = self.all(name)[place]
        return {"reference": f"{one.type}/{one.id}"}

    @property
    def losses(self) -> list[tuple[str, str, str]]:
        """Every loss as (path, reason, row), sorted; those of MSH aside, which every message has."""
        return sorted((loss.path, loss.reason, loss.row) for loss in self.mapped.losses if not loss.path.startswith("MSH-"))


def made(family: Family, source: Source, message: str = "ADT^A01", **more: Any) -> Made:
    """Map one message."""
    return Made(family.map(source, envelope(message, **more), MINT))
