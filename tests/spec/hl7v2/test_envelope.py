"""What a message says of itself: MSH (2.16.9), EVN (3.3.1), PID-2, PID-3 (3.3.2), MRG-1 (3.3.10) of HL7 v2.4."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.hl7v2 import adapter
from interop.errors import Problem
from interop.formats.instants import hl7_instant, iso_instant
from tests.spec.hl7v2.messages import message

NHS = "https://fhir.nhs.uk/Id/nhs-number"


def micro(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[misc, arg-type]


def pid(three: str, two: str = "") -> bytes:
    return message(pid=f"PID|1|{two}|{three}||MARLOW^TESS")


def test_the_envelope_names_type_sender_control_id_and_version() -> None:
    said = adapter.envelope(message("C77"))
    assert (said.family, said.message, said.control_id, said.version) == ("hl7v2", "ADT^A01", "C77", "2.4")
    assert (said.sender, said.organisation, said.duplicate) == ("PAS|RX1", "RX1", "PAS|RX1|C77")


def test_the_structure_in_msh_9_3_may_contradict_the_event() -> None:
    assert adapter.envelope(message(type="ADT^A08^ADT_A39")).message == "ADT^A08"


def test_without_msh_9_2_the_event_is_evn_1() -> None:
    assert adapter.envelope(message(type="ADT").replace(b"EVN||", b"EVN|A08|")).message == "ADT^A08"


def test_a_type_without_any_event_stands_alone() -> None:
    assert adapter.envelope(message(type="ACK")).message == "ACK"


@pytest.mark.parametrize(
    ("old", "new", "reason", "where"),
    [
        (b"|C1|", b"||", "missing-field", "MSH-10"),
        (b"|ADT^A01^ADT_A01|", b"||", "missing-field", "MSH-9"),
        (b"|2.4|", b"|3.0|", "unknown-version", "MSH-12"),
        (b"|P|2.4", b"|X|2.4", "unknown-processing-id", "MSH-11"),
        (b"MSH|", b"PID|", "unreadable", "MSH"),
        (b"|UNICODE|", b"|KLINGON|", "character-set", "MSH-18"),
        (b"MARLOW", b"M\xfcller", "character-set", "PID-5"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(old: bytes, new: bytes, reason: str, where: str) -> None:
    with pytest.raises(Problem) as caught:
        adapter.envelope(message("C1").replace(old, new, 1))
    assert (caught.value.reason.name, caught.value.where) == (reason, where)


def test_a_missing_version_is_read_as_2_4_and_a_missing_processing_id_is_let_through() -> None:
    assert adapter.envelope(message().replace(b"|P|2.4|", b"|||")).version == "2.4"


@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.7", "2.8", "2.8.2", "2.5.1^GBR"])
def test_the_published_versions_are_taken(version: str) -> None:
    assert adapter.envelope(message(version=version)).version == version.partition("^")[0]


def test_the_time_of_the_event_is_evn_6_then_evn_2_then_msh_7() -> None:
    body = message()
    assert adapter.envelope(body).order.time == micro(2026, 1, 5, 10, 0)
    assert adapter.envelope(body.replace(b"20260105100000", b"")).order.time == micro(2026, 1, 5, 10, 10)
    assert adapter.envelope(body.replace(b"20260105100000", b"someday")).order.time == micro(2026, 1, 5, 10, 10)
    assert adapter.envelope(body.replace(b"EVN||20260105101000||||20260105100000\r", b"")).order.time == micro(2026, 1, 5, 10, 15)
    bare = body.replace(b"EVN||20260105101000||||20260105100000\r", b"").replace(b"20260105101500", b"")
    assert adapter.envelope(bare).order.time == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", micro(2026, 1, 1)),
        ("202607", micro(2026, 6, 30, 23)),
        ("20260105", micro(2026, 1, 5)),
        ("2026010510", micro(2026, 1, 5, 10)),
        ("202607051000", micro(2026, 7, 5, 9)),
        ("20260705100001", micro(2026, 7, 5, 9, 0, 1)),
        ("20260705100001.25", micro(2026, 7, 5, 9, 0, 1) + 250_000),
        ("20260705100000+0000", micro(2026, 7, 5, 10)),
        ("20260705100000-0530", micro(2026, 7, 5, 15, 30)),
        ("20210406123335+01", micro(2021, 4, 6, 11, 33, 35)),
        ("202610250130", micro(2026, 10, 25, 0, 30)),
        ("20260230", None),
        ("202601051", None),
        ("202601051060", None),
        ("", None),
        ("20260105T1000", None),
    ],
)
def test_local_times_are_london_times_and_partial_ones_begin_their_period(text: str, expected: int | None) -> None:
    assert hl7_instant(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-05T10:00:00Z", micro(2026, 7, 5, 10)),
        ("2026-07-05T10:00:00.5+01:00", micro(2026, 7, 5, 9) + 500_000),
        ("2026-07-05T10:00:00", micro(2026, 7, 5, 9)),
        ("2026-07-05", micro(2026, 7, 4, 23)),
        ("2026-01", micro(2026, 1, 1)),
        ("05/07/2026", None),
    ],
)
def test_iso_times_are_read_alike(text: str, expected: int | None) -> None:
    assert iso_instant(text) == expected


@pytest.mark.parametrize(
    "three",
    ["^^^NHS Number^NHS Number", "^^^NHSNO^NHSNO", "^^^NHSN", "^^^^NHSN", "^^^nhs^nh", "^^^SPINE&2.16.840.1.113883.2.1.4.1&ISO^NI"],
)
def test_an_nhs_number_is_one_key_whatever_senders_call_it(three: str) -> None:
    assert adapter.envelope(pid(f"999 000 0018{three}")).keys == (f"{NHS}|9990000018",)


@pytest.mark.parametrize(
    ("three", "expected"),
    [
        ("9990000018^^^NHS", (f"{NHS}|9990000018",)),
        ("999 000 0018^^^NHS", (f"{NHS}|9990000018",)),
        ("9990000018^^^^NH", (f"{NHS}|9990000018",)),
        ("9990000018^^^X&2.16.840.1.113883.2.1.4.1&ISO", (f"{NHS}|9990000018",)),
        ("00421^^^MEDREC^MR~9990000018^^^NHS^HN", ("MEDREC|00421", f"{NHS}|9990000018")),
        ("00421", ("RX1|00421",)),
        ("00421^^^&1.2.3&ISO", ("1.2.3|00421",)),
        ("123^^^NHS", ("NHS|123",)),
        ('""~00421^^^PAS', ("PAS|00421",)),
        ("4\\T\\2^^^PAS", ("PAS|4&2",)),
    ],
)
def test_the_keys_are_the_patient_identifiers_of_pid_3_by_assigning_authority(three: str, expected: tuple[str, ...]) -> None:
    assert adapter.envelope(pid(three)).keys == expected


def test_pid_2_counts_too() -> None:
    assert adapter.envelope(pid("00421^^^PAS", two="E77^^^EXT")).keys == ("PAS|00421", "EXT|E77")


def test_a_merge_holds_both_sides_in_order_however_many_there_are() -> None:
    body = message(type="ADT^A40", pid="PID|1||1^^^PAS", extra=("MRG|2^^^PAS~3^^^PAS", "PID|2||4^^^PAS", "MRG|5^^^PAS"))
    assert set(adapter.envelope(body).keys) == {"PAS|1", "PAS|2", "PAS|3", "PAS|4", "PAS|5"}


def test_the_digest_leaves_msh_7_out_and_nothing_else() -> None:
    body = message()
    again = body.replace(b"20260105101500", b"20260105233000", 1)
    assert again != body
    assert adapter.envelope(again).digest == adapter.envelope(body).digest
    assert adapter.envelope(body.replace(b"WARD7", b"WARD8")).digest != adapter.envelope(body).digest
    assert adapter.envelope(body.replace(b"|PAS|", b"|PAX|", 1)).digest != adapter.envelope(body).digest


def test_other_delimiters_are_read_as_msh_declares_them() -> None:
    body = message().replace(b"|", b"#").replace(b"^", b"!").replace(b"~\\", b"\x07\\").replace(b"~", b"\x07")
    assert adapter.envelope(body).keys == (f"{NHS}|9990000018", "RX1PAS|00421")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"MSH|^~\\&|", True),
        (b"\x0bMSH|^~\\&|", True),
        (b"\xef\xbb\xbfMSH|^~\\&|", True),
        (b"\r\n\x0bMSH#!~", True),
        (b"FHS|^~\\&|", True),
        (b"BHS|^~\\&|", True),
        (b"<xml", False),
        (b'{"MSH":1}', False),
        (b"MSHA", False),
        (b"", False),
    ],
)
def test_files_of_this_family_are_recognised(head: bytes, expected: bool) -> None:
    assert adapter.recognises(head) is expected


def test_a_file_may_hold_blocks_batches_or_bare_messages() -> None:
    one, two = message("C1").rstrip(b"\r"), message("C2").rstrip(b"\r")
    batch = b"FHS|^~\\&|\rBHS|^~\\&|\r" + one + b"\r" + two + b"\rBTS|2\rFTS|1\r"
    for whole in (b"\x0b" + one + b"\x1c\r\x0b" + two + b"\x1c\r", batch, one + b"\r\n\r\n" + two):
        assert [piece.strip() for piece in adapter.split(io.BytesIO(whole))] == [one, two]


def test_opening_gives_the_same_envelope_and_the_message() -> None:
    said, source = adapter.open(message("C3"))
    assert said == adapter.envelope(message("C3"))
    assert source.segments[source.index["PID"][0]][5] == "MARLOW^TESS^^^MS"


@pytest.mark.parametrize("folder", ["samples/acute/itk", "samples/acute/hl7v2/input"])
def test_every_sample_of_the_family_opens(folder: str, shared: Callable[[str], Path]) -> None:
    files = sorted(path for path in shared(folder).iterdir() if path.is_file())
    assert files
    for path in files:
        with path.open("rb") as stream:
            assert adapter.recognises(stream.read(4096))
            stream.seek(0)
            [body] = adapter.split(stream)
        said, source = adapter.open(body)
        assert said.order.time > 0
        assert said.keys
        assert said.message == "^".join(source.segments[0][9].split("^")[:2])
