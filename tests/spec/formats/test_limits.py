"""Limits: a message under them costs less than 50 MB and no second; what is over them is refused before it is parsed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from interop.errors import Problem
from interop.fhir.documents import read
from interop.formats import er7
from interop.formats.csv import read_csv
from interop.formats.json import read_json
from interop.formats.limits import VALUES
from interop.formats.xml import read_xml

MSH = b"MSH|^~\\&|A|X99|B|Y|20260101120000||ADT^A01|1|P|2.4\r"
MEMORY = 50 * 1024 * 1024
PART = 10
Make = Callable[[int], bytes]
Read = Callable[[bytes], Any]

CROWDED: dict[str, tuple[Read, Make]] = {
    "ER7: fields": (er7.Message.parse, lambda n: MSH + b"ZZZ" + b"|1" * n),
    "ER7: segments": (er7.Message.parse, lambda n: MSH + b"ZZZ|1\r" * (n // 3)),
    "ER7: repetitions": (er7.Message.parse, lambda n: MSH + b"PID|||" + b"1~" * n),
    "ER7: other delimiters": (er7.Message.parse, lambda n: MSH.replace(b"|", b"!").replace(b"^", b"#") + b"PID!" + b"1#" * n),
    "JSON: numbers": (read_json, lambda n: b'{"a":[' + b"0," * (n - 2) + b"0]}"),
    "JSON: objects": (read_json, lambda n: b"[" + b"{}," * (n // 2) + b"0]"),
    "JSON: members": (read_json, lambda n: b"{" + b",".join(b'"k%d":0' % i for i in range(n - 1)) + b"}"),
    "XML: elements": (read_xml, lambda n: b"<a>" + b"<b/>" * (n - 1) + b"</a>"),
    "XML: texts": (read_xml, lambda n: b"<a>" + b"<b>1</b>" * (n - 1) + b"</a>"),
    "XML: attributes": (read_xml, lambda n: b"<a>" + b"<b c='1'/>" * ((n - 1) // 2) + b"</a>"),
    "XML: names": (read_xml, lambda n: b"<a>" + b"".join(b"<b%d/>" % (i % 1_999) for i in range(n - 1)) + b"</a>"),
    "CSV: cells": (read_csv, lambda n: b",".join(b"c%d" % i for i in range(50)) + b"\n" + (b"1," * 49 + b"1\n") * (n // 52 - 3)),
    "CSV: rows": (read_csv, lambda n: b"a\n" + b"1\n" * (n // 3 - 2)),
}


@pytest.mark.parametrize("name", CROWDED)
def test_as_many_values_as_may_be_fit_in_50_mb(name: str) -> None:
    """Measured on a tenth of them: memory grows with their number."""
    read, make = CROWDED[name]
    body = make(VALUES // PART)
    tracemalloc.start()
    try:
        read(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY / PART, f"{peak:,} bytes"


@pytest.mark.parametrize("name", CROWDED)
def test_more_values_are_refused_before_they_are_parsed(name: str) -> None:
    """Whatever their number: refusing costs no more than the text of the message."""
    read, make = CROWDED[name]
    body = make(2 * VALUES)
    tracemalloc.start()
    try:
        with pytest.raises(Problem) as caught:
            read(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (caught.value.reason.name, caught.value.detail) == ("too-large", f"more than {VALUES} values")
    assert peak < 3 * len(body)


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (er7.Message.parse, MSH + b"OBX|1|ED|X||^TEXT^^Base64^" + b"QUJD" * 1_000_000),
        (read_json, b'{"data":"' + b"QUJD" * 1_000_000 + b'"}'),
        (read_xml, b"<data>" + b"QUJD" * 1_000_000 + b"</data>"),
    ],
)
def test_one_long_value_is_one_value(read: Read, body: bytes) -> None:
    """A scanned letter is megabytes and one field."""
    assert read(body)


def test_a_file_that_someone_chose_may_hold_any_number() -> None:
    """A code system of a package has hundreds of thousands of values; who loads it knows why."""
    concepts = ",".join(f'{{"code":"{number}"}}' for number in range(VALUES))
    body = f'{{"resourceType":"CodeSystem","url":"http://example.org/cs","status":"active","content":"complete","concept":[{concepts}]}}'
    (document,) = read(body.encode(), "a file")
    assert document.resource is not None
    assert len(document.resource["concept"]) == VALUES
