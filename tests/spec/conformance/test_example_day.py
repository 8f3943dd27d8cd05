"""The example day: three people, four sources, one record each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from conformance.examples.bad import BAD, BadMessage
from conformance.examples.day import day, feeds, people
from conformance.examples.feed import ExampleMessage
from interop.errors import Problem
from interop.formats.er7.message import Message
from interop.formats.json import read_json
from interop.formats.xml import read_xml
from interop.ids.national import NhsNumber, Standing

BASE = date(2026, 7, 15)


@pytest.fixture(scope="module")
def messages() -> list[ExampleMessage]:
    return list(day(BASE))


def read(message: ExampleMessage) -> object:
    """Parsed by our own reader of its format; raises Problem."""
    if message.adapter == "hl7v2":
        return Message.parse(message.body)
    return read_json(message.body) if message.adapter == "ers" else read_xml(message.body)


def test_every_message_can_be_read(messages: list[ExampleMessage]) -> None:
    """None of the day is bad."""
    assert all(read(message) for message in messages)


def test_the_day_is_long_enough_to_watch(messages: list[ExampleMessage]) -> None:
    """Hundreds of messages, from all four feeds, each to its feed's adapter."""
    assert 250 < len(messages) < 450
    assert set(Counter(message.feed for message in messages)) == {feed.name for feed in feeds()}
    assert {(message.feed, message.adapter) for message in messages} == {(feed.name, feed.adapter) for feed in feeds()}


def test_the_day_repeats(messages: list[ExampleMessage]) -> None:
    """The same day has the same bytes; another day has other control ids."""
    assert messages == list(day(BASE))
    controls, others = (
        {Message.parse(m.body).segments[0][10] for m in d if m.adapter == "hl7v2"} for d in (messages, day(date(2026, 7, 16)))
    )
    assert len(controls) == sum(message.adapter == "hl7v2" for message in messages)
    assert not controls & others


def test_the_day_is_in_order(messages: list[ExampleMessage]) -> None:
    """File names begin with the time of day, and rise."""
    times = [message.file_name[:6] for message in messages]
    assert times == sorted(times)
    assert len({message.file_name for message in messages}) == len(messages)


@pytest.mark.parametrize(("given", "age"), [("Laura", 72), ("Susan", 57), ("William", 66)])
@pytest.mark.parametrize("base", [date(2026, 1, 1), BASE, date(2027, 12, 31), date(2028, 2, 29)])
def test_ages(given: str, age: int, base: date) -> None:
    """They are as old as their stories say, whatever the day."""
    born = next(person.birth_date for person in people(base) if person.given == given)
    assert base.year - born.year - ((base.month, base.day) < (born.month, born.day)) == age


@pytest.mark.parametrize("index", range(3))
def test_each_is_known_to_all_four_by_one_number(messages: list[ExampleMessage], index: int) -> None:
    """A valid test number, the same in each source."""
    number = people(BASE)[index].nhs_number
    assert NhsNumber(number).standing is Standing.TEST
    assert {message.feed for message in messages if number.encode() in message.body} == {feed.name for feed in feeds()}


@pytest.mark.parametrize("index", range(3))
def test_appointments_lie_after_the_day(messages: list[ExampleMessage], index: int) -> None:
    """Each has appointments from the hospital and from e-Referral, on working days to come."""
    number = people(BASE)[index].nhs_number.encode()
    mine = [message for message in messages if number in message.body or b"T6600001" in message.body]
    starts = [re.search(rb'"start":"(\d{4}-\d\d-\d\d)', m.body) for m in mine if m.adapter == "ers"]
    starts += [re.search(rb"\rAIS\|1\|A\|[^|]*\|(\d{8})", m.body) for m in mine if m.adapter == "hl7v2"]
    days = [date.fromisoformat(found[1].decode()) for found in starts if found]
    assert len(days) >= 2
    assert all(found > BASE and found.weekday() < 5 for found in days)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("laura", ("stay in my own home", "Named clinician: Dr Ruth Ansley", "Falls risk assessment")),
        ("susan", ("evening appointments", "Wound check by practice nurse", "Slot 10:20")),
        ("bill", ("not 999", "Night sitting service", "Assessment of carer")),
    ],
)
def test_plans_are_explicit_diary_entries(messages: list[ExampleMessage], name: str, words: tuple[str, ...]) -> None:
    """What the plan says is in DRY events of the GP's record, with a date to come."""
    later = [message for message in messages if message.adapter == "openhr" and f"-{name}-" in message.file_name][-1]
    events = [event for event in read_xml(later.body).kids["healthDomain"][0].kids["event"] if event.text("eventType") == "DRY"]
    text = "\n".join(leaf.value or "" for event in events for _, leaf in event.leaves())
    assert len(events) >= 4
    for word in words:
        assert word in text
    assert all((event.text("effectiveTime/@value") or "")[:10] > BASE.isoformat() for event in events)


def test_one_plan_has_many_authors(messages: list[ExampleMessage]) -> None:
    """Bill's diary entries are by four professionals: GP, memory nurse, occupational therapist, social worker."""
    later = [message for message in messages if "bill-record-after" in message.file_name]
    events = [event for event in read_xml(later[0].body).kids["healthDomain"][0].kids["event"] if event.text("eventType") == "DRY"]
    assert len({event.text("authorisingUserInRole") for event in events}) == 4


def test_gp_records_are_valid_openhr(messages: list[ExampleMessage], shared: Callable[[str], Path]) -> None:
    """Every GP record of the day is valid against OpenHR001."""
    schema = etree.XMLSchema(etree.parse(shared("samples/gp/openhr/schema/OpenHR001.xsd")))
    for message in messages:
        if message.adapter == "openhr":
            schema.assertValid(etree.fromstring(message.body))


def _nhs_number_fails(body: bytes) -> bool:
    found = re.search(rb"(\d{10})\^\^\^NHS", body)
    return found is not None and NhsNumber(found[1].decode()).standing is Standing.INVALID


FAULTS: dict[str, Callable[[bytes], bool]] = {
    "unreadable.hl7": lambda body: body.startswith(b"EVN|"),
    "unknown-trigger.hl7": lambda body: b"|ADT^Z99^ADT_Z99|" in body,
    "missing-patient.hl7": lambda body: b"\rPID|" not in body and b"^A01^" in body,
    "missing-patient-class.hl7": lambda body: b"\rPV1|1||" in body,
    "missing-control-id.hl7": lambda body: body.split(b"|")[9] == b"",
    "wrong-character-set.hl7": lambda body: b"UTF-8" in body and "ZOË" in body.decode("latin-1"),
    "truncated.mllp": lambda body: body.startswith(b"\x0bMSH|") and b"\x1c" not in body,
    "bad-nhs-number.hl7": _nhs_number_fails,
    "document-type.xml": lambda body: b"<!DOCTYPE" in body,
    "cut-short.xml": lambda body: b"</openHealthRecord>" not in body,
    "not-json.json": lambda body: body.startswith(b"{") and not body.endswith(b"}"),
}


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.file_name)
def test_bad_messages_are_bad_as_described(bad: BadMessage) -> None:
    """Each holds the fault that its line names."""
    assert FAULTS[bad.file_name](bad.body), bad.wrong


def test_no_bad_message_is_part_of_the_day(messages: list[ExampleMessage]) -> None:
    """The day is free of them."""
    assert not {bad.body for bad in BAD} & {message.body for message in messages}


UNREADABLE = ("wrong-character-set.hl7", "document-type.xml", "cut-short.xml", "not-json.json")


@pytest.mark.parametrize("bad", [bad for bad in BAD if bad.file_name in UNREADABLE], ids=lambda bad: bad.file_name)
def test_our_readers_refuse_what_cannot_be_read(bad: BadMessage) -> None:
    """A wrong character set, a document type and broken XML are problems of reading."""
    with pytest.raises(Problem):
        read(ExampleMessage("", bad.adapter, bad.body, bad.file_name))
