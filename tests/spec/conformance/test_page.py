"""The printed record: times, order, and the picture of it."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from lxml import etree
from rich.console import Console

from conformance.day.page import print_record
from conformance.day.picture import draw
from conformance.day.record import PersonRecord, source, sources
from conformance.examples.day import people

TODAY = date(2026, 10, 15)


def appointment(start: str, name: str, feed: str = "ereferral") -> dict[str, Any]:
    made = {"source": f"urn:interop:feed:{feed}#7"}
    return {"resourceType": "Appointment", "id": name, "meta": made, "status": "booked", "description": name, "start": start}


def record(*appointments: dict[str, Any]) -> PersonRecord:
    """Laura's, with these appointments."""
    person = people(date(2026, 10, 14))[0]
    patient = {"id": "p1", "meta": {"source": "urn:interop:feed:gp#1"}, "name": [{"family": "Ormsgill"}], "birthDate": "1954-03-14"}
    return PersonRecord(person, patients=[patient], appointments=list(appointments))


def printed(one: PersonRecord) -> str:
    out = StringIO()
    print_record(Console(file=out, width=120), one, "http://127.0.0.1:8080/fhir/Patient/p1/$everything", TODAY)
    return out.getvalue()


def test_a_time_is_shown_as_a_clock_in_england_shows_it() -> None:
    """Whether the source writes UTC or an offset, in summer and in winter."""
    said = printed(record(appointment("2026-10-19T13:00:00Z", "summer"), appointment("2026-11-19T13:00:00+00:00", "winter")))
    assert "19-Oct-2026 14:00  summer" in said
    assert "19-Nov-2026 13:00  winter" in said


def test_appointments_are_in_the_order_of_their_instants() -> None:
    """However each is written."""
    said = printed(record(appointment("2026-10-19T14:30:00+01:00", "later"), appointment("2026-10-19T13:15:00Z", "earlier")))
    assert said.index("earlier") < said.index("later")


def test_what_was_before_today_is_no_next_appointment() -> None:
    assert "None recorded." in printed(record(appointment("2026-10-14T13:15:00Z", "over"))).partition("Next appointments")[2]


def test_every_line_says_who_said_it() -> None:
    one = appointment("2026-10-19T13:00:00Z", "visit", feed="hospital")
    assert "from hospital" in printed(record(one))
    assert source(one) == "hospital"
    assert source({}) == ""
    assert sources(record(one)) == {"gp"}


def test_the_picture_is_the_same_each_time_and_stands_alone(tmp_path: Path) -> None:
    """It holds what is printed, whatever the id, and fetches nothing."""
    drawn = []
    for name in ("one", "two"):
        one = record(appointment("2026-10-19T13:00:00Z", "visit"))
        one.patients[0]["id"] = name
        draw(one, TODAY, tmp_path / f"{name}.svg")
        drawn.append((tmp_path / f"{name}.svg").read_bytes())
    assert drawn[0] == drawn[1]
    words = " ".join("".join(etree.fromstring(drawn[0]).itertext()).replace("\xa0", " ").split())
    assert "ORMSGILL" in words
    assert "19-Oct-2026 14:00" in words
    assert b"url(&quot;http" not in drawn[0]
    assert b'url("http' not in drawn[0]
