"""Transforms: pure functions from source text to the value of a FHIR primitive; None where the text cannot be read so."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir import facts
from interop.formats.json import Number
from interop.mapping import times
from interop.mapping.transforms import OF_MANY, OF_NODE, OF_PAIR, OF_SENDER, REGISTRY, gives
from tests.spec.mapping.small import csv, load, made, xml

LONG = "0f0e0d0c-0b0a-4908-8706-050403020100"


def one(using: str, kind: str, value: str) -> Any:
    """What a transform makes of a text."""
    return REGISTRY[using, kind](value)


TEXT = [
    ("", "string", "a b", "a b"),
    ("", "string", "  ", None),
    ("text", "markdown", "a\nb", "a\nb"),
    ("", "code", "a b", "a b"),
    ("", "code", "a  b", None),
    ("", "code", " a", None),
    ("", "uri", "urn:x:1", "urn:x:1"),
    ("", "uri", "a b", None),
    ("", "id", "a-1.B", "a-1.B"),
    ("", "id", "a_1", None),
    ("", "id", "a" * 65, None),
    ("upper", "string", "ab", "AB"),
    ("lower", "code", "EN", "en"),
    ("title", "string", "ANN MARY", "Ann Mary"),
    ("upper", "string", " ", None),
]
TIMES = [
    ("hl7time", "dateTime", "2020", "2020"),
    ("hl7time", "dateTime", "202010", "2020-10"),
    ("hl7time", "dateTime", "20201010", "2020-10-10"),
    ("hl7time", "dateTime", "2020101014", "2020-10-10T14:00:00+01:00"),
    ("hl7time", "dateTime", "202010101418", "2020-10-10T14:18:00+01:00"),
    ("hl7time", "dateTime", "20201010141805.25", "2020-10-10T14:18:05.25+01:00"),
    ("hl7time", "dateTime", "20210511095328+0100", "2021-05-11T09:53:28+01:00"),
    ("hl7time", "dateTime", "20210511095328-0530", "2021-05-11T09:53:28-05:30"),
    ("hl7time", "dateTime", "20210511095328+0000", "2021-05-11T09:53:28Z"),
    ("hl7time", "dateTime", "20210511095328Z", "2021-05-11T09:53:28Z"),
    ("hl7time", "dateTime", "20210111095328", "2021-01-11T09:53:28+00:00"),
    ("hl7time", "dateTime", "20200229", "2020-02-29"),
    ("hl7time", "dateTime", "20210229", None),
    ("hl7time", "dateTime", "20201301", None),
    ("hl7time", "dateTime", "202010102561", None),
    ("hl7time", "dateTime", "10/10/2020", None),
    ("hl7time", "dateTime", "2020-10-10", None),
    ("hl7time", "dateTime", "", None),
    ("hl7time", "date", "20201010141805", "2020-10-10"),
    ("hl7time", "date", "202010", "2020-10"),
    ("hl7time", "instant", "202010101418", "2020-10-10T14:18:00+01:00"),
    ("hl7time", "instant", "20201010", None),
    ("hl7time", "time", "0930", "09:30:00"),
    ("hl7time", "time", "093015", "09:30:15"),
    ("hl7time", "time", "202010101418", "14:18:00"),
    ("hl7time", "time", "20201010", None),
    ("hl7time", "time", "2460", None),
    ("isotime", "dateTime", "2020", "2020"),
    ("isotime", "dateTime", "2020-10", "2020-10"),
    ("isotime", "dateTime", "2020-10-10", "2020-10-10"),
    ("isotime", "dateTime", "2020-10-10T14:18", "2020-10-10T14:18:00+01:00"),
    ("isotime", "dateTime", "2020-10-10 14:18:05", "2020-10-10T14:18:05+01:00"),
    ("isotime", "dateTime", "2020-10-10T14:18:05.123Z", "2020-10-10T14:18:05.123Z"),
    ("isotime", "dateTime", "2020-10-10T14:18:05+0530", "2020-10-10T14:18:05+05:30"),
    ("isotime", "dateTime", "2020-02-30", None),
    ("isotime", "dateTime", "20201010", None),
    ("isotime", "date", "2020-10-10T14:18:05Z", "2020-10-10"),
    ("isotime", "instant", "2020-10-10T14:18:05Z", "2020-10-10T14:18:05Z"),
    ("isotime", "instant", "2020-10-10", None),
    ("isotime", "time", "09:30", "09:30:00"),
    ("isotime", "time", "23:59:59", "23:59:59"),
    ("isotime", "time", "24:00", None),
]
OTHERS = [
    ("number", "decimal", "72.50", Number("72.50")),
    ("number", "decimal", "007", Number("7")),
    ("number", "decimal", "-0.5", Number("-0.5")),
    ("number", "decimal", "+1", Number("1")),
    ("number", "decimal", "1e3", Number("1e3")),
    ("number", "decimal", ".5", None),
    ("number", "decimal", "1,5", None),
    ("number", "decimal", "NaN", None),
    ("number", "integer", "-12", -12),
    ("number", "integer", "1.0", None),
    ("number", "unsignedInt", "0", 0),
    ("number", "unsignedInt", "-1", None),
    ("number", "positiveInt", "1", 1),
    ("number", "positiveInt", "0", None),
    ("boolean", "boolean", "Y", True),
    ("boolean", "boolean", "true", True),
    ("boolean", "boolean", "1", True),
    ("boolean", "boolean", "n", False),
    ("boolean", "boolean", "false", False),
    ("boolean", "boolean", "0", False),
    ("boolean", "boolean", "U", None),
    ("boolean", "boolean", "", None),
    ("nhsnumber", "string", "999 000 0018", "9990000018"),
    ("nhsnumber", "string", "9990000019", "9990000019"),
    ("nhsnumber", "string", "not known", "not known"),
    ("url", "url", "tel: 0123", "tel:0123"),
    ("url", "uri", " ", None),
    ("phone", "string", "tel:01234 567", "01234 567"),
    ("phone", "string", "mailto:a@b", "a@b"),
    ("phone", "string", "01234", "01234"),
    ("phone", "string", "tel:", None),
    ("postcode", "string", "ct211aa", "CT21 1AA"),
    ("postcode", "string", "SW1A  1AA", "SW1A 1AA"),
    ("postcode", "string", "D02 X285 Dublin", "D02 X285 Dublin"),
    ("uuid", "uri", LONG.upper(), f"urn:uuid:{LONG}"),
    ("uuid", "uri", "{" + LONG + "}", f"urn:uuid:{LONG}"),
    ("uuid", "uri", "12", None),
    ("base64", "base64Binary", "aGk=\n", "aGk="),
    ("base64", "base64Binary", "!", None),
    ("base64", "base64Binary", "", None),
    ("hex", "base64Binary", "48 69", "SGk="),
    ("hex", "base64Binary", "4x", None),
]


@pytest.mark.parametrize(("using", "kind", "value", "expected"), [*TEXT, *TIMES, *OTHERS])
def test_it_gives(using: str, kind: str, value: str, expected: Any) -> None:
    found = one(using, kind, value)
    assert found == expected
    assert isinstance(found, type(expected))
    assert isinstance(found, bool) is isinstance(expected, bool)
    if isinstance(expected, Number):
        assert str(found) == str(expected)


def test_every_transform_has_a_value_and_a_refusal_above() -> None:
    """``text`` and ``title`` refuse only blanks."""
    told: dict[tuple[str, str], set[bool]] = {}
    for using, kind, _, expected in [*TEXT, *TIMES, *OTHERS]:
        told.setdefault((using or "text", kind), set()).add(expected is None)
    names = {using or "text" for using, _ in REGISTRY}
    assert {name for name, _ in told} == names
    times = {key for key in REGISTRY if key[0] in ("hl7time", "isotime", "number", "boolean", "base64")}
    assert [key for key in times if told.get(key) != {True, False} and key[1] != "date"] == []


def test_each_gives_primitives_of_r4() -> None:
    for using in {using for using, _ in REGISTRY} | {*OF_NODE, *OF_MANY, *OF_PAIR, *OF_SENDER}:
        assert gives(using)
        assert all(facts.is_primitive(kind) for kind in gives(using))
    assert gives("roman") == frozenset()


@pytest.mark.parametrize(
    ("local", "offset"),
    [
        ("20210328005959", "+00:00"),
        ("20210328020000", "+01:00"),
        ("20211031005959", "+01:00"),
        ("20211031013000", "+01:00"),
        ("20211031020000", "+00:00"),
        ("19690101120000", "+01:00"),
        ("20200615120000", "+01:00"),
        ("20201215120000", "+00:00"),
    ],
)
def test_a_time_without_an_offset_is_of_london(local: str, offset: str) -> None:
    """Summer time begins and ends at 01:00 UTC on the last Sundays of March and October; the hour that occurs twice is the earlier.

    From 1968 to 1971 the whole year was on British Standard Time.
    """
    assert one("hl7time", "dateTime", local).endswith(offset)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)))
def test_both_readings_of_a_time_agree(moment: datetime) -> None:
    compact, plain = moment.strftime("%Y%m%d%H%M%S"), moment.strftime("%Y-%m-%dT%H:%M:%S")
    assert one("hl7time", "dateTime", compact) == one("isotime", "dateTime", plain)


@given(st.text("٣۱²०0123456789-:T.+Z "))
def test_digits_are_ascii(value: str) -> None:
    for (using, _), function in REGISTRY.items():
        if using in ("hl7time", "isotime", "number"):
            assert str(function(value)).isascii()


@given(st.text())
def test_no_text_makes_a_transform_fail(value: str) -> None:
    for function in REGISTRY.values():
        function(value)


@pytest.mark.parametrize(
    ("start", "length", "unit", "expected"),
    [
        ("202101110930", "45", "min", "2021-01-11T10:15:00+00:00"),
        ("202101110930", "2", "Hours", "2021-01-11T11:30:00+00:00"),
        ("202101110930", "1", "d", "2021-01-12T09:30:00+00:00"),
        ("202101110930", "90", "s", "2021-01-11T09:31:30+00:00"),
        ("202101110930", "M30", "", "2021-01-11T10:00:00+00:00"),
        ("202103280045", "30", "MINUTES", "2021-03-28T01:15:00+00:00"),
        ("20210111", "45", "min", None),
        ("202101110930", "soon", "min", None),
        ("202101110930", "45", "", None),
        ("202101110930", "1", "month", None),
        ("999912312359", "1", "min", None),
    ],
)
def test_a_length_of_time_is_added_to_a_start(start: str, length: str, unit: str, expected: str | None) -> None:
    assert times.plus_duration(start, length, unit) == expected


@pytest.mark.parametrize(
    ("day", "clock", "minutes", "expected"),
    [
        ("2026-03-29", "00:55:00", "10", "2026-03-29T02:05:00+01:00"),
        ("2026-03-29T00:00:00", "00:55", "", "2026-03-29T00:55:00+00:00"),
        ("2026-03-29", "", "", "2026-03-29"),
        ("2026-03-29", "25:00", "", None),
        ("2026-03-29", "10:00", "soon", None),
        ("29/03/2026", "10:00", "", None),
    ],
)
def test_day_and_time_of_two_columns_are_one_time(day: str, clock: str, minutes: str, expected: str | None) -> None:
    """Minutes later is later by the clock on the wall, also where the clocks change."""
    assert times.day_time(day, clock, minutes) == expected


@pytest.mark.parametrize(
    ("row", "expected", "unreadable"),
    [
        ("2025-06-01,Y", "2025", False),
        ("2025-06-01,YM", "2025-06", False),
        ("2025-06-01,", "2025-06-01", False),
        ("2025-06-01,U", None, False),
        (",YMD", None, False),
        ("June,YMD", None, True),
    ],
)
def test_a_date_and_its_precision_of_two_columns(tmp_path: Path, row: str, expected: str | None, unreadable: bool) -> None:
    family = load(
        tmp_path,
        "csv",
        source="row,,,\nid,,,\nday,,,\npart,,,\n",
        routes="doc,entry,\n",
        resources="entry,,row,Observation,id,,upsert,\n",
        required="Observation,status,unknown,\nObservation,code,x,\n",
        elements="A01,entry,,day+part,,effectiveDateTime,partdate,,\n",
    )
    outcome = made(family, csv(f"id,day,part\n1,{row}\n"), "doc")
    assert outcome.body("entry").get("effectiveDateTime") == expected
    assert ("unreadable" in [reason for _, reason, _ in outcome.losses]) is unreadable


@pytest.mark.parametrize(
    ("precision", "expected"),
    [("Y", "1988"), ("YM", "1988-04"), ("YMD", "1988-04-01"), ("YMDT", "1988-04-01T08:05:00+01:00"), ("U", None)],
)
def test_a_padded_time_is_cut_to_its_precision(tmp_path: Path, precision: str, expected: str | None) -> None:
    """OpenHR pads ``1988`` to a whole time and says ``datepart="Y"``; ``U`` is unknown, which is no time at all."""
    family = load(
        tmp_path,
        "xml",
        source="entry,,,\nid,,,\ntime,,,\n@value,,,\n@datepart,,,\n",
        routes="doc,entry,\n",
        resources="entry,,entry,Observation,id,,upsert,\n",
        required="Observation,status,unknown,\nObservation,code,x,\n",
        elements="A01,entry,,time,,effectiveDateTime,parttime,,\n",
    )
    document = xml(f'<doc><entry><id>1</id><time datepart="{precision}" value="1988-04-01T08:05:00"/></entry></doc>')
    assert made(family, document, "doc").body("entry").get("effectiveDateTime") == expected


@pytest.mark.parametrize(
    ("using", "value", "expected"),
    [
        ("system", "NHS", "https://fhir.nhs.uk/Id/nhs-number"),
        ("system", "1.2.826.0.1", "urn:oid:1.2.826.0.1"),
        ("system", "urn:oid:1.2.826.0.1", "urn:oid:1.2.826.0.1"),
        ("system", "https://example.org/id", "https://example.org/id"),
        ("system", "My Ward", "urn:interop:id:RXX:My-Ward"),
        ("codesystem", "urn:oid:2.16.840.1.113883.6.96", "http://snomed.info/sct"),
        ("codesystem", "nhs", "https://fhir.nhs.uk/Id/nhs-number"),
        ("codesystem", "WARDS", "urn:interop:codes:RXX:WARDS"),
    ],
)
def test_a_system_is_known_by_its_variants_or_is_the_senders_own(tmp_path: Path, using: str, value: str, expected: str) -> None:
    family = load(
        tmp_path,
        "xml",
        source="patient,,,\nid,,,\n@system,,,\n",
        routes="doc,pat,\n",
        resources="pat,,patient,Patient,,,upsert,\n",
        elements=f"A01,pat,,id/@system,,identifier[x].system,{using},,\n",
    )
    document = xml(f'<doc><patient><id system="{value}"/></patient></doc>')
    assert made(family, document, "doc").body("pat")["identifier"] == [{"system": expected}]


def test_xhtml_is_the_whole_text_as_a_div(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        "xml",
        source="section,,,\nid,,,\ntext,,,\n",
        routes="doc,section,\n",
        resources="section,,section,CarePlan,id,,upsert,\n",
        required="CarePlan,status,unknown,\nCarePlan,intent,plan,\nCarePlan,subject,x,\n",
        elements="A01,section,,text,,text.div,xhtml,,\n",
    )
    document = xml("<doc><section><id>1</id><text>Call &lt;999&gt; <b>now</b></text></section></doc>")
    outcome = made(family, document, "doc")
    assert outcome.body("section")["text"]["div"] == '<div xmlns="http://www.w3.org/1999/xhtml">Call &lt;999&gt; now</div>'
    assert outcome.losses == []
