"""The words by which people are told and the hours in which they are not: tables that cannot be right are refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from interop.mapping.places import mappings_root
from interop.notify.messages import CHANNELS, LONGEST, PERSON, PROFESSIONAL, SMS, TellingRefused, read_messages
from interop.notify.quiet import Quiet, read_quiet

HEAD = "id,to,topic,channel,subject,text,why\n"
QUIET = "id,to,channel,from,until,urgent,why\n"
LINK = f"https://record.example/notices?notice={'a' * 32}"


def lines(name: str) -> list[str]:
    return mappings_root().joinpath("rules", name).read_text("utf-8").splitlines(keepends=True)


def site(head: str, row: str) -> list[str]:
    return (head + row + "\n").splitlines(keepends=True)


@pytest.mark.parametrize("topic", ["admitted", "died", "warned", "breached", "anything"])
@pytest.mark.parametrize("to", [PERSON, PROFESSIONAL])
@pytest.mark.parametrize("channel", CHANNELS)
def test_every_topic_has_words_for_everyone_by_every_channel(topic: str, to: str, channel: str) -> None:
    made = read_messages(lines("messages.csv")).of(to, channel, [topic])
    said = made.said(LINK, "the NHS")
    assert LINK in said
    assert "{" not in said
    assert channel != SMS or len(said) <= LONGEST


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a,person,x,sms,,Dear {name} {link},it is tried", "{name} is no placeholder"),
        ("a,person,x,sms,,{link} {nhs_number},it is tried", "{nhs_number} is no placeholder"),
        ("a,person,x,sms,,{link.__class__},it is tried", "no placeholder"),
        ("a,person,x,sms,,{link!r},it is tried", "a name alone"),
        ("a,person,x,sms,,{link:>9},it is tried", "a name alone"),
        ("a,person,x,sms,,{link,it is tried", "text:"),
        ("a,person,x,sms,,Sign in,it is tried", "{link} is wanted"),
        ("a,person,x,sms,Subject,{link},it is tried", "a text message has none"),
        ("a,person,x,email,,{link},it is tried", "an e-mail has a subject"),
        ("a,person,x,email,{link},{link},it is tried", "neither placeholders"),
        ("a,person,x,sms,,Zażółć {link},it is tried", "GSM 7 bit"),
        ("a,nobody,x,sms,,{link},it is tried", "to is one of"),
        ("a,person,*,sms,,{link},it is tried", "another row is about the same"),
        ("a,person,x,sms,,{link},", "holds something"),
        ("a,person,x,sms,,{link},why,more", "no more"),
        ("person-sms,-,-,-,,-,we tell none", "no row says what any topic"),
    ],
)
def test_words_that_cannot_be_right_are_refused(row: str, why: str) -> None:
    with pytest.raises(TellingRefused, match=re.escape(why)) as raised:
        read_messages(lines("messages.csv"), site(HEAD, row))
    assert str(raised.value).startswith("messages.csv")


def test_a_row_of_a_site_replaces_ours() -> None:
    made = read_messages(lines("messages.csv"), site(HEAD, "person-sms,person,*,sms,,Read {link},ours is too long"))
    assert made.of(PERSON, SMS, []).said("here", "") == "Read here"


def test_a_link_that_makes_two_text_messages_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="no single text message"):
        read_messages(lines("messages.csv")).fit("https://record.example/" + "x" * 120, "the NHS")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("q,person,email,25:00,08:00,waits,it is tried", "HH:MM"),
        ("q,person,email,08:00,08:00,waits,it is tried", "HH:MM"),
        ("q,person,letter,21:00,08:00,waits,it is tried", "channel one of"),
        ("q,person,email,21:00,08:00,perhaps,it is tried", "urgent is"),
        ("q,person,sms,21:00,08:00,waits,it is tried", "another row"),
        ("q,person,email,21:00,08:00,waits,", "holds something"),
    ],
)
def test_hours_that_cannot_be_right_are_refused(row: str, why: str) -> None:
    with pytest.raises(TellingRefused, match=why):
        read_quiet(lines("quiet.csv"), site(QUIET, row))


def at(year: int, month: int, day: int, hour: int, minute: int) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Europe/London")).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(2026, 1, 5, 20, 59), 0),
        (at(2026, 1, 5, 21, 0), at(2026, 1, 6, 8, 0)),
        (at(2026, 1, 6, 7, 59), at(2026, 1, 6, 8, 0)),
        (at(2026, 1, 6, 8, 0), 0),
        (at(2026, 3, 28, 22, 0), at(2026, 3, 29, 8, 0)),
        (at(2026, 10, 24, 22, 0), at(2026, 10, 25, 8, 0)),
        (at(2026, 7, 1, 7, 0), at(2026, 7, 1, 8, 0)),
    ],
)
def test_quiet_hours_are_those_of_the_wall_clock(now: int, until: int) -> None:
    assert Quiet((21, 0), (8, 0), False).until(now, urgent=True) == until


def test_the_nights_on_which_the_clocks_change_are_an_hour_shorter_and_longer() -> None:
    night, hour = Quiet((21, 0), (8, 0), False), 3_600_000_000
    for day, hours in ((at(2026, 3, 28, 21, 0), 10), (at(2026, 10, 24, 21, 0), 12), (at(2026, 6, 1, 21, 0), 11)):
        assert night.until(day, urgent=False) - day == hours * hour


def test_hours_by_day_and_what_is_urgent() -> None:
    noon = Quiet((12, 0), (14, 0), True)
    assert noon.until(at(2026, 1, 5, 13, 0), urgent=False) == at(2026, 1, 5, 14, 0)
    assert noon.until(at(2026, 1, 5, 13, 0), urgent=True) == 0
    assert noon.until(at(2026, 1, 5, 23, 0), urgent=False) == 0


@pytest.mark.parametrize(
    ("hours", "now", "until"),
    [
        (((22, 0), (1, 30)), datetime(2026, 10, 25, 0, 45, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (((22, 0), (1, 30)), datetime(2026, 10, 25, 1, 29, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (((1, 30), (7, 0)), datetime(2026, 10, 25, 1, 10, tzinfo=UTC), datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),
        (((1, 30), (7, 0)), datetime(2026, 3, 29, 1, 10, tzinfo=UTC), datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
    ],
)
def test_an_hour_that_comes_twice_is_quiet_both_times_and_one_that_is_left_out_wakes_nobody(
    hours: tuple[tuple[int, int], tuple[int, int]], now: datetime, until: datetime
) -> None:
    said = Quiet(*hours, False).until(int(now.timestamp()) * 1_000_000, urgent=False)
    assert said == int(until.timestamp()) * 1_000_000
