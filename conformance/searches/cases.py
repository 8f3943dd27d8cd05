"""Search cases, as values, from a file or a folder.

Two forms are read. A JSON file: ``{"cases": [{"id", "request": "GET Patient?name=x", "expect_total_matches",
"expect_entries_incl_includes", "expect", "run_with", "auth"}], "data"}``, its fixtures being all resources below the folder that
``data`` names, else those beside it. A folder of our own: ``cases.csv`` with the columns ``request`` (without GET), ``finds``
(ids as ``Type/id`` or ``id``, by spaces in any order, by ``>`` in this order; ``-`` for none), ``includes`` (ids that come
besides), ``status`` (200 unless given), ``why`` (what the case shows, with the clause), and ``fixtures.json``, a list of resources.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.judged.outcome import Unusable
from interop.fhir.documents import read as documents

Resource = dict[str, Any]
TABLE, FIXTURES = "cases.csv", "fixtures.json"
NO_VARIANT = "none"


@dataclass(frozen=True, slots=True)
class Case:
    """A search and what it finds; None where the case does not say.

    ``total`` is the number of matches, ``entries`` that of matches and includes, ``finds`` and ``includes`` their ids, ``ordered``
    whether ``finds`` has an order, ``sorted`` whether the matches must be in the order that ``_sort`` asks for, ``variants`` what
    is added to the query, each in a run of its own, ``auth`` the kind of authorisation that it needs, ``other`` an expectation
    that cannot be read.
    """

    name: str
    request: str
    total: int | None = None
    entries: int | None = None
    finds: tuple[str, ...] | None = None
    includes: tuple[str, ...] | None = None
    ordered: bool = False
    sorted: bool = False
    status: int = 200
    variants: tuple[str, ...] = ("",)
    auth: str = ""
    other: str = ""


def read(path: Path, fixtures: Path | None = None) -> tuple[list[Case], list[Resource]]:
    """The cases of a file or folder, and the resources that they are about. Raises Unusable."""
    try:
        if path.is_dir():
            listed = fixtures or path / FIXTURES
            return _table(path / TABLE), resources(listed)
        said = json.loads(path.read_text("utf-8-sig"))
        found = [_case(each) for each in said["cases"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Unusable(f"{path} holds no search cases: {type(problem).__name__} {problem}") from problem
    return found, resources(fixtures or _folder(path, said.get("data", "")), beside=path)


def _folder(path: Path, said: str) -> Path:
    """The folder of fixtures that ``data`` begins with, else the one that the file is in."""
    named = path.parent / said.partition(" ")[0]
    return named if said and named.is_dir() else path.parent


def _case(each: dict[str, Any]) -> Case:
    method, _, query = each["request"].partition(" ")
    if method != "GET":
        raise ValueError(f"a request begins with GET, not {method}")
    expect = each.get("expect", "")
    in_order = "order" in expect and "_sort=" in query
    variants = ["" if each == NO_VARIANT else each for each in each.get("run_with", (NO_VARIANT,))]
    return Case(
        name=str(each.get("id", query)),
        request=query,
        total=each.get("expect_total_matches"),
        entries=each.get("expect_entries_incl_includes"),
        sorted=in_order,
        variants=tuple(variants),
        auth=each.get("auth") or "",
        other="" if in_order else expect,
    )


def _table(path: Path) -> list[Case]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, restkey="too many")
        found = []
        for row in rows:
            if "too many" in row or None in row.values():
                raise ValueError(f"line {rows.line_num} has not as many columns as the first")
            found.append(_row(row, rows.line_num))
        return found


def _row(row: dict[str, str], line: int) -> Case:
    kind = row["request"].partition("?")[0].rpartition("/")[2]
    ordered = ">" in row["finds"]
    finds = _ids(row["finds"].replace(">", " "), kind)
    status = int(row.get("status") or 200)
    return Case(
        name=f"line {line}",
        request=row["request"],
        finds=finds if status == 200 else None,
        includes=_ids(row.get("includes", ""), "") if status == 200 else None,
        ordered=ordered,
        status=status,
    )


def _ids(said: str, kind: str) -> tuple[str, ...]:
    return tuple(each if "/" in each else f"{kind}/{each}" for each in said.split() if each != "-")


def resources(path: Path, beside: Path | None = None) -> list[Resource]:
    """The resources of a file or of all JSON and XML files below a folder, each id once, SearchParameters first."""
    files = sorted(each for each in path.rglob("*") if each.suffix in (".json", ".xml")) if path.is_dir() else [path]
    found: dict[tuple[str, str], Resource] = {}
    for file in files:
        if file == beside:
            continue
        for each in _of(file):
            kind, id_ = each.get("resourceType"), each.get("id")
            if isinstance(kind, str) and isinstance(id_, str):
                found[kind, id_] = each
    return sorted(found.values(), key=lambda each: each["resourceType"] != "SearchParameter")


def _of(file: Path) -> list[Resource]:
    body = file.read_bytes()
    if file.suffix == ".json" and body.lstrip()[:1] == b"[":
        listed = json.loads(body)
        return [each for each in listed if isinstance(each, dict)]
    return [each.resource for each in documents(body, file.name) if each.resource is not None]
