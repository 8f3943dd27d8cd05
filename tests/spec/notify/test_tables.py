"""Routes and destinations are checked when they are loaded; what is wrong is named by file, row and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.api.delivering.watched import watched
from interop.api.searching.ground import known
from interop.app.addresses import loopback
from interop.app.outgoing import joined, routes_of
from interop.apply.routing import when
from interop.clock import ManualClock
from interop.notify.destinations import BadDestinations, Destination, read_destinations
from interop.notify.routes import Route, RoutesRefused, read_routes
from interop.record.indexing import Indexing

HEAD = "id,event,condition,destination,format,why"


def routes(*rows: str) -> tuple[Route, ...]:
    now = ManualClock().now()
    return read_routes([HEAD, *rows], lambda type, text: watched(known(Indexing()), type, text, now), when)


def test_the_shipped_routes_load_and_each_says_why() -> None:
    assert {route.id for route in routes_of(ManualClock().now())} >= {"itk-route", "admissions", "privacy-alerts"}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("r,created Encounter,,gp,fhir,", "every column"),
        ("r,made Encounter,,gp,fhir,x", "made is no event"),
        ("r,created Thing,,gp,fhir,x", "one resource type"),
        ("r,created Encounter,,gp,as-received,x", "the format is one of fhir"),
        ("r,message hl7v2 ADT^A01,,gp,fhir,x", "the format is one of as-received"),
        ("r,message hl7v2,,gp,as-received,x", "family and type"),
        ("r,message hl7v2 *,PID-3 present,gp,as-received,x", "PID-3 is not told"),
        ("r,message hl7v2 *,receiver like ROUTE,gp,as-received,x", "not a condition"),
        ("r,created Encounter,patient.name=x,gp,fhir,x", "chains"),
        ("r,created Encounter,nothing=x,gp,fhir,x", "nothing"),
        ("r,deleted Encounter,status=finished,gp,fhir,x", "nothing left"),
        ("r,alert,,gp,fhir,x", "the format is one of id-only"),
        ("r,alert Encounter,,gp,id-only,x", "neither type nor condition"),
        ("r,created Encounter,,gp,fhir,x,more", "every column"),
    ],
)
def test_a_row_that_could_not_be_right_is_refused(row: str, why: str) -> None:
    with pytest.raises(RoutesRefused, match=r"^routes\.csv, row r: ") as caught:
        routes(row)
    assert why in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(RoutesRefused) as caught:
        routes("a,created Thing,,gp,fhir,x", "b,created Encounter,,gp,fhir,x", "b,created Encounter,,gp,fhir,x")
    assert len(str(caught.value).splitlines()) == 2


def test_a_message_is_asked_for_by_family_type_and_what_its_envelope_says() -> None:
    [route] = routes("r,message hl7v2 ADT^A01,receiver starts ROUTE and not feed = lab,gp,as-received,x")
    said = {"feed": "pas", "type": "ADT^A01", "sender": "PAS|RX1", "receiver": "ROUTE|ROUTE"}
    assert route.takes("hl7v2", said)
    assert not route.takes("nhs111", said)
    assert not route.takes("hl7v2", said | {"type": "ADT^A02"})
    assert not route.takes("hl7v2", said | {"receiver": "ENGINE|RX1"})
    assert not route.takes("hl7v2", said | {"feed": "lab"})


def test_a_route_leads_nowhere_without_its_destination_and_not_to_one_that_cannot_take_it() -> None:
    found = routes("a,created Encounter,,gp,fhir,x", "b,created Encounter,,lab,fhir,x")
    assert [route.id for route in joined(found, {"gp": Destination("gp", "webhook", "https://x", "RA1")})] == ["a"]
    with pytest.raises(RoutesRefused, match="row a: gp is of kind mllp, which takes as-received"):
        joined(found, {"gp": Destination("gp", "mllp", "mllp://x:1", "RA1")})


GOOD = 'kind = "webhook"\naddress = "https://gp.example/in"\norganisation = "A99901"\n'


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("[gp", "no TOML"),
        ("[GP]\n" + GOOD, "small letters"),
        ('[gp]\nkind = "fax"\n', "kind is one of"),
        ("[gp]\n" + GOOD.replace("A99901", "the practice"), "ODS code"),
        ("[gp]\n" + GOOD.replace("https://", "http://"), "begins with https://"),
        ("[gp]\n" + GOOD.replace("gp.example", "user:secret@gp.example"), "without user"),
        ("[gp]\n" + GOOD + 'secret = "x"\n', "secret is not known"),
        ("[gp]\n" + GOOD + 'token = "not-there"\n', "there is no file not-there"),
        ("[gp]\n" + GOOD + "days = 0\n", "days"),
        ("[gp]\n" + GOOD + 'certificate = "x"\n', "go together"),
    ],
)
def test_a_destination_that_cannot_be_used_is_refused_by_name(tmp_path: Path, said: str, why: str) -> None:
    file = tmp_path / "destinations.toml"
    file.write_text(said)
    with pytest.raises(BadDestinations, match=why):
        read_destinations(file, loopback)


def test_secrets_stand_in_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "gp.token").write_text("secret")
    file = tmp_path / "destinations.toml"
    file.write_text("[gp]\n" + GOOD + 'token = "gp.token"\ndays = 3\n')
    [found] = read_destinations(file, loopback).values()
    assert (found.token, found.days) == (tmp_path / "gp.token", 3)
