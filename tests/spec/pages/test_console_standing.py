"""The console: how everything stands in words, destinations, versions of tables, the audit, what waits for the privacy officer."""

from __future__ import annotations

import asyncio

import pytest

from interop.pages.console import overview
from interop.pages.console.standing import lines, needs, span
from interop.pages.console.versions import before
from tests.spec.browser.people import Site
from tests.spec.engine.running import TIMEOUT
from tests.spec.pages.visitors import visitor

pytestmark = pytest.mark.anyio
WELL = {
    "feed": "gp",
    "state": "well",
    "received": 3,
    "applied": 3,
    "waiting": 0,
    "held": 0,
    "refused": 0,
    "failed": 0,
    "shelved": 0,
}


def test_where_all_is_well_nothing_has_to_be_done() -> None:
    assert needs([WELL], [{"destination": "ward", "shelved": 0, "paused": False, "pending": 2}], 0) == []


def test_each_thing_to_be_done_is_one_sentence_and_one_action_worst_first() -> None:
    feeds = [
        {**WELL, "feed": "b", "state": "shelved", "shelved": 2, "incompleteSince": "2026-10-14T08:00:00.000Z"},
        {**WELL, "feed": "a", "state": "down", "downSince": "2026-10-14T07:00:00.000Z"},
        {**WELL, "feed": "c", "state": "stale", "lastReceived": "2026-10-13T07:00:00.000Z"},
        {**WELL, "feed": "d", "state": "held", "held": 1},
    ]
    found = needs(feeds, [{"destination": "ward", "shelved": 1, "paused": True, "pending": 4, "missing": 3}], 0)
    assert [each.sentence for each in found] == [
        "The source of a is down since 14-Oct-2026 08:00.",
        "d stands still: 1 message wait behind one that could not be applied.",
        "2 messages of b could not be applied. The record is incomplete since 14-Oct-2026 09:00.",
        "1 delivery to ward failed for good.",
        "ward is paused: 4 deliveries wait.",
        "ward has not acknowledged 3 deliveries in time.",
        "Nothing has come from c since 13-Oct-2026 08:00.",
    ]
    assert all(each.action and each.href.startswith("/console") for each in found)


def test_feeds_that_need_somebody_stand_first_and_those_that_never_sent_last() -> None:
    feeds = [{**WELL, "feed": "z", "received": 0, "state": "quiet"}, WELL, {**WELL, "feed": "y", "state": "held"}]
    assert [each["feed"] for each in lines(feeds)] == ["y", "gp", "z"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, ""), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (172_799, "47 h"), (172_800, "2 days")],
)
def test_a_span_is_told_in_one_unit(seconds: int | None, said: str) -> None:
    assert span(seconds) == said


def test_a_version_is_compared_with_the_one_before_it_of_the_same_tables() -> None:
    known = [{"digest": "c", "family": "hl7v2"}, {"digest": "x", "family": "policy"}, {"digest": "a", "family": "hl7v2"}]
    assert (before(known, "c"), before(known, "a"), before(known, "none")) == ("a", "", "")


async def test_an_operator_sees_feeds_and_what_of_one_is_not_carried(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        page = await one.get("/console")
        assert (page.status, page.title) == (200, "Operations")
        assert "Nothing: every feed and every destination is well." in page.text
        assert "/console/feeds/hospital" in page.links()
        page = await one.get("/console/feeds/hospital")
        assert (page.status, page.title.split()) == (200, ["hospital", "Well"])
        assert "Left out on purpose" in page.text
        assert (await one.get("/console/feeds/none")).status == 404


async def test_the_overview_is_told_anew_while_it_is_looked_at(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "LONGEST", 2)
    monkeypatch.setattr(overview, "EACH", 0.0)
    async with visitor(site, "demo-operator") as one:
        answer = await one.http.get("/console/events", headers={"accept": "text/event-stream"})
        assert answer.headers["content-type"].startswith("text/event-stream")
        first, second, *_ = answer.text.split("\n\n")
        assert first.startswith("event: standing\n")
        assert "hospital" in first
        assert second.startswith("event: at\n")
    async with visitor(site, "demo-gp") as one:
        assert (await one.http.get("/console/events", headers={"accept": "text/event-stream"})).status_code == 403


async def test_versions_of_tables_are_listed_and_one_is_shown(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        page = await one.get("/console/tables")
        assert {"Policy", "hl7v2", "openhr"} <= {each.text_content() for each in page.tree.xpath("//main//h2")}
        (policy,) = [each for each in page.links() if page.tree.xpath(f"//h2[text()='Policy']/following::a[@href='{each}']")][
            :1
        ] or [""]
        shown = await one.get(policy)
        assert shown.status == 200
        assert "There is no earlier version." in shown.text


async def test_the_audit_is_looked_at_and_found_as_it_was_written(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        page = await one.get("/console/audit")
        assert "Nobody has looked" in page.text
        page = await one.send(page, "/console/audit", {})
        async with asyncio.timeout(TIMEOUT):
            while "Looking at it" in page.text:
                page = await one.get("/console/audit")
        assert "The audit is as it was written." in page.text


async def test_what_the_server_does_is_shown(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        page = await one.get("/console/conformance")
        assert page.status == 200
        assert "4.0.1" in page.text
        assert "/api/Patient" in page.links()


async def test_the_privacy_officer_judges_what_waits_and_sees_no_operations(fresh: Site) -> None:
    async with visitor(fresh, "demo-gp") as one:
        token = dict((await one.get("/auth/logout")).fields("/auth/logout"))["csrf"]
        said = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "collapsed at the surgery"}]}
        address = f"/fhir/Patient/{fresh.ids['laura']}/$break-glass"
        answer = await one.http.post(address, json=said, headers={"x-csrf-token": token, "content-type": "application/fhir+json"})
        assert answer.status_code == 201, answer.text
    async with visitor(fresh, "demo-privacy-officer") as one:
        page = await one.get("/console/privacy")
        assert (page.status, page.title) == (200, "Privacy")
        assert "Emergency access" in page.text
        assert "ORMSGILL" not in page.text.upper()
        page = await one.send(page, "/console/privacy", {"outcome": "justified"})
        assert "Emergency access" not in page.text
        assert "Justified" in (await one.get("/console/privacy?closed=true")).text
        assert (await one.get("/console")).status == 403
        assert (await one.get("/console/audit")).status == 200
    async with visitor(fresh, "demo-operator") as one:
        assert (await one.get("/console/privacy")).status == 403
