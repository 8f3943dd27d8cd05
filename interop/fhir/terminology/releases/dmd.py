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
from typing import BinaryIO, NamedTuple, cast

from lxml import etree

from interop.fhir.terminology.releases.build import Ids, Progress, Texts, rows
from interop.fhir.terminology.releases.store import BadRelease, write

DMD = "https://dmd.nhs.uk"


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
PROLOG = 1 << 16
"""Bytes in which a document type declaration is looked for; entities are not expanded anywhere."""
LARGEST = 1 << 30
"""Bytes of a file."""


class Item(NamedTuple):
    code: int
    former: int
    parent: int
    inactive: bool
    names: tuple[str, ...]
    group: int


def load_dmd(path: Path, out: Path, progress: Progress | None = None, *, version: str | None = None) -> str:
    """Compile a TRUD release (folder or zip, zips within it too) to the file ``out``; gives the version.

    The version is the date in the file names (``YYYYMMDD``), unless ``version`` says another. Raises BadRelease (file, line and
    reason) and OSError; then ``out`` is as it was.
    """
    files = _files(path)
    missing = [f"f_{kind}2" for kind in NEEDED if kind not in files]
    if missing:
        raise BadRelease(f"{path.name}: no {', '.join(missing)}")
    digest = hashlib.sha256()
    for kind in RECORDS:
        if kind in files:
            with files[kind].open() as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    known: dict[int, bool] = {}
    former: set[int] = set()
    for item in _items(files, progress):
        known[item.code] = item.inactive and known.get(item.code, True)
        if item.former:
            former.add(item.former)
    ids = Ids({*known, *former})
    flags = array("B", (int(known.get(number, True)) for number in ids.numbers))
    below, above, groups, members = array("I"), array("I"), array("I"), array("I")
    for item in _items(files, None):
        at, parent = ids.position(item.code), ids.position(item.parent)
        if parent >= 0:
            below.append(at)
            above.append(parent)
        groups.append(item.group - 1)
        members.append(at)
    up_at, up = rows(len(ids), below, above)
    down_at, down = rows(len(ids), above, below)
    set_at, sets = rows(len(GROUPS), groups, members)
    del below, above, groups, members

    def entries() -> Iterator[tuple[int, bytes]]:
        for item in _items(files, None):
            for rank, name in enumerate(item.names):
                yield ids.position(item.code), f"{rank}{name}".encode()

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


def _items(files: dict[str, _File], progress: Progress | None) -> Iterator[Item]:
    for kind, records in RECORDS.items():
        if kind in files:
            yield from _read(files[kind], {each.path: each for each in records}, progress)


def _read(file: _File, records: dict[str, Record], progress: Progress | None) -> Iterator[Item]:
    depth = 2 if any("/" in path for path in records) else 1
    tags = {path.rpartition("/")[2] for path in records}
    count = 0
    with file.open() as stream:
        if b"<!DOCTYPE" in stream.read(PROLOG):
            raise BadRelease(f"{file.name}: has a document type declaration")
        stream.seek(0)
        parser = etree.iterparse(stream, events=("end",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            for _, element in parser:
                if element.tag not in tags:
                    continue
                parent = element.getparent()
                path = "/".join(str(each.tag) for each in (parent, element)[2 - depth :] if each is not None)
                if record := records.get(path):
                    count += 1
                    if item := _item(file, record, element):
                        yield item
                    if progress and count % TOLD == 0:
                        progress(file.name, count)
                element.clear()
                while element.getprevious() is not None and parent is not None:
                    del parent[0]
        except etree.XMLSyntaxError as error:
            raise BadRelease(f"{file.name} line {error.lineno}: not XML") from None
    if progress:
        progress(file.name, count)


def _item(file: _File, record: Record, element: etree._Element) -> Item | None:
    def number(name: str) -> int:
        text = (element.findtext(name) or "").strip() if name else ""
        if text and not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise BadRelease(f"{file.name} line {element.sourceline}: {name} is no identifier")
        return int(text or 0)

    code = number(record.code)
    names = tuple(text for name in record.names if (text := " ".join((element.findtext(name) or "").split())))
    if not code or not names:
        raise BadRelease(f"{file.name} line {element.sourceline}: a {record.group} without {record.code} or {record.names[0]}")
    inactive = (element.findtext("INVALID") or "").strip() == "1"
    return Item(code, number(record.former), number(record.parent), inactive, names, GROUPS[record.group])
