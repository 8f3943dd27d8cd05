"""SIU S12 to S27 (HL7 v2.3 to v2.8 chapter 10): appointments, their people, places and times; times that are blocked and opened."""

from __future__ import annotations

import pytest

from interop.mapping.examples import said, value_at
from tests.spec.families.maps import Made, make

PERSON = "PID|1||H1234^^^PAS||MARLOWE^EDITH||19410317|2"
OTHER = "PID|2||H1235^^^PAS||MARLOWE^HENRY||19380102|1"


def message(event: str, *segments: str, version: str = "2.5") -> Made:
    """What a message of that trigger from the clinics of RZZ makes."""
    head = f"MSH|^~\\&|SCHED|RZZ|HUB|HUB|202407010900||SIU^{event}|T1|P|{version}"
    return make("hl7v2", "\r".join([head, *segments]).encode())


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("S12", "booked"),
        ("S13", "booked"),
        ("S14", "booked"),
        ("S15", "cancelled"),
        ("S16", "cancelled"),
        ("S17", "entered-in-error"),
        ("S18", "booked"),
        ("S19", "booked"),
        ("S22", "booked"),
        ("S26", "noshow"),
        ("S27", "booked"),
    ],
)
def test_each_event_has_its_state(event: str, status: str) -> None:
    made = message(event, "SCH|P1|F1|||||||||^^^202407151400^202407151430", PERSON)
    assert made.one("appt")["status"] == status
    assert made.findings() == []


@pytest.mark.parametrize(("said_", "status"), [("Pending", "pending"), ("WAITLIST", "waitlist"), ("Complete", "fulfilled")])
def test_the_filler_tells_how_it_stands(said_: str, status: str) -> None:
    assert message("S14", "SCH|P1|F1" + "|" * 23 + said_, PERSON).one("appt")["status"] == status


@pytest.mark.parametrize(
    ("segments", "end", "minutes"),
    [
        (["SCH|P1|F1|||||||||^^^202407151400^202407151430"], "2024-07-15T14:30:00+01:00", ""),
        (["SCH|P1|F1|||||||30|MIN|^^^202407151400"], "2024-07-15T14:30:00+01:00", "30"),
        (["SCH|P1|F1|||||||2|HOURS|^^^202407151400"], "2024-07-15T16:00:00+01:00", "120"),
        (["SCH|P1|F1|||||||||^^M45^202407151400"], "2024-07-15T14:45:00+01:00", "45"),
        (["SCH|P1|F1", "TQ1|1||||||202407151400|202407151420"], "2024-07-15T14:20:00+01:00", ""),
        (["SCH|P1|F1", "TQ1|1|||||20^min|202407151400"], "2024-07-15T14:20:00+01:00", "20"),
        (["SCH|P1|F1", "RGS|1", "AIS|1||X|202407151400|||1|h"], "2024-07-15T15:00:00+01:00", "60"),
        (["SCH|P1|F1|||||||60|s", "RGS|1", "AIS|1||X|202407151400|||20|min"], "2024-07-15T14:20:00+01:00", "20"),
        (["SCH|P1|F1|||||||30||^^^202407151400"], "", ""),
    ],
)
def test_when_it_ends_and_how_long_it_takes(segments: list[str], end: str, minutes: str) -> None:
    """A length without a unit says nothing."""
    appointment = message("S12", segments[0], PERSON, *segments[1:]).one("appt")
    assert appointment["start"] == "2024-07-15T14:00:00+01:00"
    assert (appointment.get("end", ""), str(appointment.get("minutesDuration", ""))) == (end, minutes)


def test_an_appointment_without_times_says_so() -> None:
    assert message("S12", "SCH|P1|F1", PERSON).findings() == []


def test_each_patient_of_a_group_takes_part() -> None:
    made = message("S12", "SCH|P1|F1", PERSON, OTHER, "RGS|1", "AIP|1||C9999901^Lanyon")
    patients = [f"Patient/{one['id']}" for one in made.all("pat")]
    assert [one["actor"]["reference"] for one in made.one("appt")["participant"]][:2] == patients
    assert len(patients) == 2


def test_each_resource_is_its_own_and_what_was_taken_out_is_declined() -> None:
    made = message(
        "S19",
        "SCH|P1|F1",
        PERSON,
        "RGS|1|U",
        "AIS|1|U|NEW^New service^L",
        "AIS|2|D|OLD^Old service^L",
        "AIL|1|A|OPD^ROOM3^^RZZ01|||||||||Booked",
        "AIL|2|D|OPD^ROOM4^^RZZ01|||||||||Booked",
        "AIP|1|X|C9999901^Lanyon|||||||||Confirmed",
        "RGS|2",
        "AIP|2|D|C9999902^Keane",
        "AIG|1||PUMP7^Pump^99EQ",
    )
    appointment = made.one("appt")
    assert [one["text"] for one in appointment["serviceType"]] == ["New service"]
    assert [one["status"] for one in appointment["participant"][1:]] == [
        "accepted",
        "declined",
        "accepted",
        "declined",
        "needs-action",
    ]
    assert [one["name"][0]["family"] for one in made.all("aip")] == ["Lanyon", "Keane"]


def test_occurrences_of_a_series_are_appointments_of_their_own() -> None:
    first, second = (message("S12", f"SCH|P1|F1|{number}", PERSON).one("appt")["id"] for number in (1, 2))
    assert first != second


def test_a_comment_on_a_resource_is_not_one_on_the_result_before_it() -> None:
    made = message(
        "S12",
        "SCH|P1|F1",
        PERSON,
        "PV1|1|O",
        "OBX|1|NM|8867-4^Heart rate^LN||72|/min^^UCUM|||||F",
        "RGS|1",
        "AIS|1||X",
        "NTE|1||Fast",
    )
    assert made.one("appt")["comment"] == "Fast"
    assert "note" not in made.one("pob")


def test_a_time_is_blocked_and_opened_again() -> None:
    """S23 and S24 are of a diary: there is no patient."""
    segments = (
        "SCH||F9^CLINICS|||DIARY7^Mondays^L||||||^^^202407151400^202407151700",
        "RGS|1",
        "AIP|1||C9999901^Lanyon^Hugh^^^^^^GMC",
    )
    blocked, opened = message("S23", *segments), message("S24", *segments)
    assert (blocked.one("slot")["status"], opened.one("slot")["status"]) == ("busy-unavailable", "free")
    assert blocked.one("slot")["id"] == opened.one("slot")["id"]
    assert said(value_at(blocked.one("slot"), "start")) == "2024-07-15T14:00:00+01:00"
    assert blocked.one("slot")["schedule"]["reference"] == f"Schedule/{blocked.one('sched')['id']}"
    assert blocked.one("sched")["actor"] == [{"reference": f"Practitioner/{blocked.one('aip')['id']}"}]
    assert blocked.findings() == opened.findings() == []


def test_an_older_sender_without_groups() -> None:
    """HL7 v2.3: no TQ1, times in SCH-11."""
    made = message("S12", "SCH|P1|F1|||||Chest pain|Normal|20|min|^^^199807151400", PERSON, "AIS|1||X", version="2.3")
    assert made.one("appt")["end"] == "1998-07-15T14:20:00+01:00"
