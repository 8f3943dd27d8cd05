"""Compiles the NHS dictionary of medicines and devices (NHSBSA, dm+d technical specification of data files, release 2).

| file | record | code | name | is a |
|---|---|---|---|---|
| f_vtm2 | VTM | VTMID | NM | |
| f_vmp2 | VMPS/VMP | VPID | NM | VTMID |
| f_amp2 | AMPS/AMP | APID | DESC, NM | VPID |
| f_vmpp2 | VMPPS/VMPP | VPPID | NM | |
| f_ampp2 | AMPPS/AMPP | APPID | NM | VPPID |
| f_ingredient2 | ING | ISID | NM | |
| f_lookup2 | INFO of FORM, ROUTE, UNIT_OF_MEASURE | CD | DESC | |

``INVALID`` 1 is an inactive code; ``VTMIDPREV``, ``VPIDPREV``, ``ISIDPREV`` and ``CDPREV`` are codes that were replaced: inactive.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from lxml import etree

from interop.fhir.canonicals import DMD
from interop.fhir.terminology.releases.build import Ids, Progress, Texts, rows
from interop.fhir.terminology.releases.store import DAMAGED, BadRelease, write


class Record(NamedTuple):
    """What a file holds: path of its records, elements of code, names, parent and former code, and the group they are in."""

    path: str
    code: str
    names: tuple[str, ...]
    parent: str
    former: str
    group: str


RECORDS = {
    "vtm": [Record("VTM", "VTMID", ("NM",), "", "VTMIDPREV", "VTM")],
    "vmp": [Record("VMPS/VMP", "VPID", ("NM",), "VTMID", "VPIDPREV", "VMP")],
    "amp": [Record("AMPS/AMP", "APID", ("DESC", "NM"), "VPID", "", "AMP")],
    "vmpp": [Record("VMPPS/VMPP", "VPPID", ("NM",), "", "", "VMPP")],
    "ampp": [Record("AMPPS/AMPP", "APPID", ("NM",), "VPPID", "", "AMPP")],
    "ingredient": [Record("ING", "ISID", ("NM",), "", "ISIDPREV", "INGREDIENT")],
    "lookup": [
        Record(f"{group}/INFO", "CD", ("DESC",), "", "CDPREV", group) for group in ("FORM", "ROUTE", "UNIT_OF_MEASURE")
    ],
}  # fmt: skip
GROUPS = {group: at + 1 for at, group in enumerate(each.group for records in RECORDS.values() for each in records)}
NEEDED = ("vtm", "vmp", "amp", "vmpp", "ampp")
_FILE = re.compile(r"f_(vtm|vmp|amp|vmpp|ampp|ingredient|lookup)2_3?(\d{6,8})?.*\.xml$", re.IGNORECASE)
TOLD = 10_000
CHUNK = 1 << 16
"""Bytes that are given to the parser at once, at most a line."""
LARGEST = 1 << 30
"""Bytes of a file."""


def load_dmd(path: Path, out: Path, progress: Progress | None = None, *, version: str | None = None) -> str:
    """Compile a TRUD release (folder or zip, zips within it too) to the file ``out``; gives the version.

    The version is the date in the file names (``YYYYMMDD``), unless ``version`` says another. Raises BadRelease (file, line and
    reason) and OSError; then ``out`` is as it was.
    """
    try:
        return _compiled(path, _files(path), out, progress, version)
    except DAMAGED:
        raise BadRelease(f"{path.name}: the archive is damaged") from None


def _compiled(path: Path, files: dict[str, _File], out: Path, progress: Progress | None, version: str | None) -> str:
    missing = [f"f_{kind}2" for kind in NEEDED if kind not in files]
    if missing:
        raise BadRelease(f"{path.name}: no {', '.join(missing)}")
    digest = hashlib.sha256()
    for kind in RECORDS:
        if kind in files:
            with files[kind].open() as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    held = _Held()
    for kind, records in RECORDS.items():
        if kind in files:
            held.read(files[kind], {each.path: each for each in records}, progress)
    known: dict[int, bool] = {}
    for code, inactive in zip(held.codes, held.inactive, strict=True):
        known[code] = bool(inactive) and known.get(code, True)
    ids = Ids({*known, *filter(None, held.former)})
    flags = array("B", (int(known.get(number, True)) for number in ids.numbers))
    places = array("I", map(ids.position, held.codes))
    below, above = array("I"), array("I")
    for at, parent in zip(places, held.parents, strict=True):
        if parent in known:
            below.append(at)
            above.append(ids.position(parent))
    up_at, up = rows(len(ids), below, above)
    down_at, down = rows(len(ids), above, below)
    set_at, sets = rows(len(GROUPS), held.groups, places)

    def entries() -> Iterator[tuple[int, bytes]]:
        for at, names in zip(places, held.names, strict=True):
            for rank, name in enumerate(names.split(b"\n")):
                yield at, b"%d%s" % (rank, name)

    texts = Texts(len(ids), entries)
    dates = sorted(file.date for file in files.values() if file.date)
    said = version or (dates[-1] if dates else "")
    header = {"kind": "dmd", "url": DMD, "version": said, "source": digest.hexdigest(), "groups": GROUPS}
    sections: dict[str, array[int] | bytearray] = {
        "ids": ids.numbers, "flags": flags, "up_at": up_at, "up": up, "down_at": down_at, "down": down,
        "text_at": texts.starts, "text": texts.block,
        "set_ids": array("Q", sorted(GROUPS.values())), "set_at": set_at, "sets": sets,
    }  # fmt: skip
    write(out, header, sections)
    return said


class _File:
    """A file of the release: on disk, in a zip, or in a zip within a zip."""

    def __init__(self, way: tuple[Path, ...] | tuple[Path, str] | tuple[Path, str, str], name: str) -> None:
        self._way = way
        self.name = name
        found = _FILE.search(name)
        date = (found[2] if found else "") or ""
        self.date = f"20{date[4:6]}{date[2:4]}{date[:2]}" if len(date) == 6 else date

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        path, *inner = self._way
        assert isinstance(path, Path)
        if not inner:
            with path.open("rb") as stream:
                yield stream
            return
        with zipfile.ZipFile(path) as outer:
            if len(inner) == 1:
                with outer.open(str(inner[0])) as member:
                    yield cast("BinaryIO", member)
                return
            with outer.open(str(inner[0])) as packed, zipfile.ZipFile(packed) as within, within.open(str(inner[1])) as member:
                yield cast("BinaryIO", member)


def _files(path: Path) -> dict[str, _File]:
    found: dict[str, _File] = {}

    def keep(file: _File) -> None:
        matched = _FILE.match(file.name)
        if matched:
            found[matched[1].lower()] = file

    candidates = sorted(path.rglob("*")) if path.is_dir() else [path]
    for each in candidates:
        if each.is_file() and zipfile.is_zipfile(each):
            with zipfile.ZipFile(each) as outer:
                for entry in outer.infolist():
                    name = entry.filename.rpartition("/")[2]
                    keep(_File((each, entry.filename), name))
                    if name.lower().endswith(".zip") and entry.file_size < LARGEST:
                        with outer.open(entry) as packed, zipfile.ZipFile(packed) as within:
                            for inner in within.namelist():
                                keep(_File((each, entry.filename, inner), inner.rpartition("/")[2]))
        elif each.is_file():
            keep(_File((each,), each.name))
    return found


class _Held:
    """What the files say, in arrays; item k is at place k of each."""

    def __init__(self) -> None:
        self.codes = array("Q")
        self.former = array("Q")
        self.parents = array("Q")
        self.inactive = array("B")
        self.groups = array("I")
        self.names: list[bytes] = []

    def read(self, file: _File, records: dict[str, Record], progress: Progress | None) -> None:
        """Raises BadRelease at a malformed record."""
        target = _Target(records)
        events: Any = target
        parser = etree.XMLParser(target=events, resolve_entities=False, no_network=True, huge_tree=False)
        line = told = 0
        with file.open() as stream:
            try:
                while chunk := stream.readline(CHUNK):
                    line += 1
                    parser.feed(chunk)
                    for record, fields in target.found:
                        self._keep(record, fields, f"{file.name} line {line}")
                    target.found.clear()
                    if progress and len(self.codes) - told >= TOLD:
                        told = len(self.codes)
                        progress(file.name, told)
                parser.close()
            except etree.XMLSyntaxError:
                raise BadRelease(f"{file.name} line {line}: not XML") from None
            except _Declared:
                raise BadRelease(f"{file.name} line {line}: has a document type declaration") from None
        if progress:
            progress(file.name, len(self.codes))

    def _keep(self, record: Record, fields: dict[str, str], where: str) -> None:
        def number(name: str) -> int:
            said = fields.get(name, "").strip()
            if said and not (said.isascii() and said.isdigit() and len(said) <= 18):
                raise BadRelease(f"{where}: {name} is no identifier")
            return int(said or 0)

        names = [said for name in record.names if (said := " ".join(fields.get(name, "").split()))]
        code = number(record.code)
        if not code or not names:
            raise BadRelease(f"{where}: a {record.group} without {record.code} or {record.names[0]}")
        self.codes.append(code)
        self.former.append(number(record.former))
        self.parents.append(number(record.parent))
        self.inactive.append(fields.get("INVALID", "").strip() == "1")
        self.groups.append(GROUPS[record.group] - 1)
        self.names.append("\n".join(names).encode())


class _Declared(Exception):
    """A document type declaration."""


class _Target:
    """Takes the events of the parser; ``found`` are the records that have ended: their simple elements with texts."""

    def __init__(self, records: dict[str, Record]) -> None:
        self.found: list[tuple[Record, dict[str, str]]] = []
        self._records = records
        self._way: list[str] = []
        self._record: Record | None = None
        self._depth = 0
        self._fields: dict[str, str] = {}
        self._text: list[str] = []

    def doctype(self, *_: object) -> None:
        raise _Declared

    def start(self, tag: str, _: object) -> None:
        self._way.append(tag)
        self._text.clear()
        if self._record is None and (record := self._records.get("/".join(self._way[1:]))):
            self._record, self._depth, self._fields = record, len(self._way), {}

    def data(self, text: str) -> None:
        if self._record is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        depth = len(self._way)
        self._way.pop()
        if self._record is None:
            return
        if depth == self._depth + 1:
            self._fields[tag] = "".join(self._text)
        elif depth == self._depth:
            self.found.append((self._record, self._fields))
            self._record = None

    def close(self) -> None:
        """The parser wants it."""
