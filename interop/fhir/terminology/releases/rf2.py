"""Compiles a SNOMED CT release in RF2 (Release File Specifications, 5): concepts, English texts, is-a, simple reference sets."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from interop.fhir.canonicals import SNOMED_CT
from interop.fhir.sctid import namespace
from interop.fhir.terminology.releases.build import Ids, Progress, Texts, rows
from interop.fhir.terminology.releases.rf2files import Files
from interop.fhir.terminology.releases.store import DAMAGED, BadRelease, write

LANGUAGES = (
    999001261000000100,  # NHS realm, clinical part
    999000691000001104,  # NHS realm, pharmacy part
    900000000000508004,  # Great Britain English
    900000000000509007,  # United States of America English
)
"""Language reference sets, the preferred first."""
CORE = b"900000000000207008"
IS_A = b"116680003"
NAME = b"900000000000003001"
PREFERRED = b"900000000000548007"
FULL, SYNONYM = "F", "S"
"""Ranks of a fully specified name and of a synonym that no language prefers; '0', '1' … are preferred by LANGUAGES[0], [1] …"""


def load_rf2(
    path: Path,
    out: Path,
    progress: Progress | None = None,
    *,
    version: str | None = None,
    languages: Sequence[int] = LANGUAGES,
) -> str:
    """Compile a Snapshot folder or zip (one package or several, as International with an extension) to the file ``out``.

    Gives the version: ``http://snomed.info/sct/MODULE/version/YYYYMMDD`` of the module that depends on the others, unless
    ``version`` says another. ``languages`` are the language reference sets, the preferred first. Raises BadRelease (file, line and
    reason) and OSError; then ``out`` is as it was.
    """
    files = Files(path, progress)
    try:
        return _compiled(files, out, version, languages)
    except DAMAGED:
        raise BadRelease(f"{path.name}: the archive is damaged") from None
    finally:
        files.close()


def _compiled(files: Files, out: Path, version: str | None, languages: Sequence[int]) -> str:
    ids, flags = _concepts(files)
    up_at, up = _links(files, ids)
    down_at, down = _reversed(len(ids), up_at, up)
    texts = _texts(files, ids, languages)
    set_ids, set_at, sets = _sets(files, ids)
    said = version or _version(files)
    spaces = sorted({namespace(str(number)) for number in ids.numbers})
    header = {"kind": "snomed", "url": SNOMED_CT, "version": said, "source": files.digest(), "namespaces": spaces}
    sections: dict[str, array[int] | bytearray] = {
        "ids": ids.numbers, "flags": flags, "up_at": up_at, "up": up, "down_at": down_at, "down": down,
        "text_at": texts.starts, "text": texts.block, "set_ids": set_ids, "set_at": set_at, "sets": sets,
    }  # fmt: skip
    write(out, header, sections)
    return said


def _concepts(files: Files) -> tuple[Ids, array[int]]:
    packed = array("Q", ((int(cells[0]) << 1) | (cells[2] == b"0") for cells in files.rows("concept")))
    order = array("Q", sorted(packed))
    ids = Ids(each >> 1 for each in order)
    if any(a == b for a, b in zip(ids.numbers, ids.numbers[1:], strict=False)):
        raise BadRelease("a concept is there twice: not a snapshot")
    return ids, array("B", (each & 1 for each in order))


def _links(files: Files, ids: Ids) -> tuple[array[int], array[int]]:
    below, above = array("I"), array("I")
    for cells in files.rows("relationship"):
        if cells[7] == IS_A and cells[2] == b"1":
            source, target = ids.position(int(cells[4])), ids.position(int(cells[5]))
            if source >= 0 and target >= 0:
                below.append(source)
                above.append(target)
    return rows(len(ids), below, above)


def _reversed(count: int, starts: array[int], values: array[int]) -> tuple[array[int], array[int]]:
    sources = array("I")
    for at in range(count):
        sources.extend([at] * (starts[at + 1] - starts[at]))
    return rows(count, values, sources)


def _texts(files: Files, ids: Ids, languages: Sequence[int]) -> Texts:
    preferred: dict[int, array[int]] = {language: array("Q") for language in languages}
    for cells in files.rows("language"):
        if cells[6] == PREFERRED and cells[2] == b"1" and (known := preferred.get(int(cells[4]))) is not None:
            known.append(int(cells[5]))
    ranks = [Ids(preferred.pop(language)) for language in languages]

    def entries() -> Iterator[tuple[int, bytes]]:
        for cells in files.rows("description"):
            at = ids.position(int(cells[4])) if cells[2] == b"1" and cells[5][:2] == b"en" else -1
            if at >= 0:
                rank = FULL if cells[6] == NAME else _rank(ranks, int(cells[0]))
                yield at, rank.encode() + cells[7]

    return Texts(len(ids), entries)


def _rank(ranks: list[Ids], description: int) -> str:
    return next((chr(48 + rank) for rank, known in enumerate(ranks) if known.position(description) >= 0), SYNONYM)


def _sets(files: Files, ids: Ids) -> tuple[array[int], array[int], array[int]]:
    numbers: dict[bytes, int] = {}
    found, members = array("I"), array("I")
    for cells in files.rows("refset"):
        at = ids.position(int(cells[5])) if cells[2] == b"1" else -1
        if at >= 0:
            found.append(numbers.setdefault(cells[4], len(numbers)))
            members.append(at)
    order = sorted(numbers, key=int)
    place = array("I", bytes(4 * len(order)))
    for to, name in enumerate(order):
        place[numbers[name]] = to
    starts, values = rows(len(order), array("I", (place[each] for each in found)), members)
    return array("Q", map(int, order)), starts, values


def _version(files: Files) -> str:
    """The module that depends on others and that no other depends on; else the core or the commonest; with its latest time."""
    times: dict[bytes, bytes] = {}
    needed: set[bytes] = set()
    for cells in files.rows("module"):
        if cells[2] == b"1":
            times[cells[3]] = max(times.get(cells[3], b""), cells[1])
            needed.add(cells[5])
    top = sorted((time, module) for module, time in times.items() if module not in needed)
    if not top:
        latest = b""
        modules: Counter[bytes] = Counter()
        for cells in files.rows("concept"):
            latest = max(latest, cells[1])
            modules[cells[3]] += 1
        common = max(sorted(modules), key=lambda each: modules[each], default=CORE)
        top = [(latest, CORE if CORE in modules else common)]
    time, module = top[-1]
    return f"{SNOMED_CT}/{module.decode()}/version/{time.decode()}"
