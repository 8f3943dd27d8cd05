"""What follows from fields alone is worked out once: nothing of one message or sender may show in another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.mapping.kept import LIMIT, Kept, Units
from interop.mapping.library import Family
from tests.spec.mapping.small import MINT, envelope, er7, load

TABLES: dict[str, Any] = {
    "source": "MSH,21,,\nPID,40,,\n",
    "routes": "ADT^A01,pat,\nADT^A08,pat,\n",
    "resources": "pat,,PID,Patient,PID-3,,upsert,\n",
    "codes": {"sex": "F,,female,,\n"},
    "elements": (
        "A01,pat,,PID-8,,gender,,sex,\nA02,pat,,PID-6.1,,identifier[+].value,,,\nA03,pat,,PID-6.4,,identifier[+].system,system,,\n"
        "A04,pat,,PID-16.1,MSH-9.2 = A08,maritalStatus.text,,,\nA05,pat,,PID-5.1,,name[+].family,,,\n"
    ),
}


def mapped(family: Family, segment: str, message: str = "ADT^A01", organisation: str = "RXX", **header: str) -> Any:
    """Registers, registers deleted and losses of the Patient of one message."""
    made = family.map(er7(segment, **header), envelope(message, organisation=organisation), MINT)
    (one,) = made.contributions
    return one.registers, one.deleted, sorted(made.losses), made.carried


@pytest.mark.parametrize("segment", ["PID|||1||Able|N1^^^X||F", 'PID|||1||""|N1||Q', "PID|||1||Able~Baker|N1^x^y^X||F"])
def test_the_second_time_is_as_the_first(tmp_path: Path, segment: str) -> None:
    family = load(tmp_path, **TABLES)
    first = mapped(family, segment)
    assert mapped(family, segment) == first == mapped(load(tmp_path / "traced", traced=True, **TABLES), segment)


def test_a_namespace_is_that_of_each_sender(tmp_path: Path) -> None:
    family = load(tmp_path, **TABLES)
    systems = [mapped(family, "PID|||1|||N1^^^X", organisation=one)[0] for one in ("RXX", "RYY", "RXX")]
    assert [next(value for name, value in one.items() if name.startswith("identifier"))[0]["system"] for one in systems] == [
        "urn:interop:id:RXX:X",
        "urn:interop:id:RYY:X",
        "urn:interop:id:RXX:X",
    ]


def test_a_condition_on_the_trigger_is_asked_each_time(tmp_path: Path) -> None:
    family = load(tmp_path, **TABLES)
    texts = [mapped(family, "PID|||1|" + "|" * 12 + "S", message)[0].get("maritalStatus") for message in ("ADT^A08", "ADT^A01")]
    assert texts == [{"text": "S"}, None]


def test_other_delimiters_mean_something_else(tmp_path: Path) -> None:
    family = load(tmp_path, **TABLES)
    usual = mapped(family, "PID|||1||Able^Ann")[0]
    other = mapped(family, "PID|||1||Able^Ann", header="MSH|$~\\&|PAS|RXX|||202001010000||ADT$A01|1|P|2.4")[0]
    families = [next(value for name, value in one.items() if name.startswith("name"))[0]["family"] for one in (usual, other)]
    assert families == ["Able", "Able^Ann"]


def test_what_never_comes_twice_is_not_kept() -> None:
    units = Units(1)
    for number in range(LIMIT + 1):
        (unit,) = units.of("RXX", simple=True)
        unit.keep(number, Kept())
    assert not unit
    unit.keep("again", Kept())
    assert not unit


def test_what_often_comes_twice_begins_anew_when_full() -> None:
    units = Units(1)
    for number in range(LIMIT + 1):
        for _ in range(3):
            (unit,) = units.of("RXX", simple=True)
        unit.keep(number, Kept())
    assert list(unit) == [LIMIT]
