"""Tables that cannot be right are refused when they are loaded, with file, row and reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.api.delivering.watched import watched
from interop.api.operations.worklists import worklists
from interop.api.searching.ground import known
from interop.policy.tables import tables
from interop.record.indexing import Indexing
from interop.store.where import Where
from interop.worklists.tables import CODES_FILE, COLUMNS, LISTS_FILE, REASONS_FILE, WorklistsRefused, read_worklists

FOLDER = Path(__file__).parents[3] / "mappings" / "worklists"


def criteria(type: str, text: str) -> Where | None:
    return watched(known(Indexing()), type, text, 0)


def refused(file: str, row: str, **cells: str) -> str:
    """What is said of the tables where a row has other cells; '' where they are taken."""
    lines = {name: FOLDER.joinpath(name).read_text("utf-8").splitlines() for name in COLUMNS}
    lines[file] = list(_changed(lines[file], COLUMNS[file], row, cells))
    try:
        read_worklists(lines, criteria, tables())
    except WorklistsRefused as error:
        return str(error)
    return ""


def _changed(lines: list[str], columns: tuple[str, ...], row: str, cells: dict[str, str]) -> Iterator[str]:

    known_ = {each["id"]: each for each in csv.DictReader(lines)}
    known_[row] = {**dict.fromkeys(columns, ""), **known_.get(row, {}), "id": row, **cells}
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(known_.values())
    yield from out.getvalue().splitlines()


def test_ours_are_taken_and_every_list_has_its_reasons() -> None:
    lists = worklists()
    assert list(lists) == [
        "mdt", "urgent-response", "medically-fit", "failed-discharges", "care-home-round", "co-ordination",
        "unlinked-patients", "privacy-queue",
    ]  # fmt: skip
    assert all(each.reasons or each.at for each in lists.values())


@pytest.mark.parametrize(
    ("row", "cells", "why"),
    [
        ("mdt-risk", {"list": "nobody"}, "nobody is no list of lists.csv"),
        ("mdt-risk", {"kind": "perhaps"}, "perhaps is no kind of reason"),
        ("mdt-risk", {"type": "Risk"}, "Risk is no resource type of R4"),
        ("mdt-risk", {"criteria": ""}, "without them all of it would be read"),
        ("mdt-risk", {"criteria": "hazard=high"}, "hazard"),
        ("mdt-asked", {"criteria": "status=alive"}, "alive is no code of ServiceRequest.status"),
        ("mdt-attendances", {"criteria": "class=EMER&status:not=canceled"}, "canceled is no code of Encounter.status"),
        ("mdt-asked", {"criteria": "subject:Patient.name=x"}, "chains"),
        ("mdt-risk", {"condition": "prediction.where("}, "mdt-risk"),
        ("mdt-risk", {"condition": "prophecy.exists()"}, "prophecy"),
        ("mdt-risk", {"condition": "status = 'guessed'"}, "guessed is no code of RiskAssessment.status"),
        ("mdt-risk", {"condition": "%teams.exists()"}, "%teams is not known"),
        ("mdt-risk", {"condition": "%needed.exists()"}, "%needed is not known"),
        ("mdt-conditions", {"codes": "code rare-diseases"}, "rare-diseases is no set of codes.csv"),
        ("mdt-conditions", {"codes": "onset-date long-term-conditions"}, "no parameter of Condition that finds codes"),
        ("mdt-risk", {"within": "date"}, "within is a number"),
        ("mdt-risk", {"within": "risk 30d"}, "within begins with a date parameter"),
        ("mdt-risk", {"at": ""}, "what counts for a time says when it was"),
        ("mdt-risk", {"least": "3 groups"}, "least is a number, or a number of groups of a set"),
        ("mdt-risk", {"points": "many"}, "points are a number"),
        ("mdt-risk", {"says": ""}, "brings says in words what it is"),
        ("mdt-reviewed", {"says": "Reviewed"}, "clears says nothing"),
        ("home-plan", {"shows": "title"}, "of what is not there nothing is told"),
        ("mdt-risk", {"why": ""}, "a row says why it is there"),
        (
            "fit-two",
            {"list": "medically-fit", "kind": "needs", "type": "Task", "criteria": "status=draft", "why": "x"},
            "of one type",
        ),
    ],
)
def test_a_reason_that_cannot_be_right(row: str, cells: dict[str, str], why: str) -> None:
    said = refused(REASONS_FILE, row, **cells)
    assert f"{REASONS_FILE}, row {row}: " in said
    assert why in said


@pytest.mark.parametrize(
    ("row", "cells", "why"),
    [
        ("mdt", {"roles": "gp wizard"}, "wizard is no role"),
        ("mdt", {"roles": "gp coordinator"}, "coordinator sees no Condition: the list would be silent of what it is for"),
        ("mdt", {"roles": ""}, "nobody may open it"),
        ("mdt", {"order": "alphabet"}, "alphabet is no order"),
        ("mdt", {"order": "due"}, "nothing on it is due"),
        ("mdt", {"title": ""}, "a list has a title"),
        ("empty", {"title": "Empty", "roles": "gp", "order": "points", "why": "x"}, "nothing brings anybody onto it"),
        ("privacy-queue", {"at": "$secret-queue"}, "$secret-queue is no operation"),
        ("privacy-queue", {"roles": "gp"}, "has no roles, order and reasons"),
    ],
)
def test_a_list_that_cannot_be_right(row: str, cells: dict[str, str], why: str) -> None:
    said = refused(LISTS_FILE, row, **cells)
    assert f"{LISTS_FILE}, row {row}: " in said
    assert why in said


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"code": "44054006", "group": "other", "display": "Other"}, "44054006 is of two groups of long-term-conditions"),
        ({"code": "1", "group": "diabetes", "display": "Sugar"}, "diabetes is called otherwise in another row"),
        ({"code": "44054006", "group": "x", "display": "X", "match": "below"}, "for a category of ICD-10"),
        ({"code": "", "group": "x", "display": "X"}, "a code has a set, a group, a display and a system"),
        ({"code": "1", "group": "x", "display": "X", "why": ""}, "a row says why it is there"),
    ],
)
def test_a_code_that_cannot_be_right(cells: dict[str, str], why: str) -> None:
    given = {"set": "long-term-conditions", "system": "http://snomed.info/sct", "why": "x", **cells}
    assert why in refused(CODES_FILE, "strange", **given)


def test_every_reason_for_a_refusal_is_told_at_once_and_columns_are_counted() -> None:
    lines = {name: FOLDER.joinpath(name).read_text("utf-8").splitlines() for name in COLUMNS}
    lines[LISTS_FILE] = [*lines[LISTS_FILE], "short,Row"]
    lines[REASONS_FILE] = ["id,list", *lines[REASONS_FILE][1:]]
    with pytest.raises(WorklistsRefused) as caught:
        read_worklists(lines, criteria, tables())
    assert "lists.csv, row short: there are 7 columns" in str(caught.value)
    assert "reasons.csv, row 1: the columns are id, list, kind" in str(caught.value)
