"""The co-ordination desk: who waits for what and until when, urgent responses, what else is asked of it. A test
that writes has an engine of its own."""

from __future__ import annotations

import pytest

from tests.spec.browser.people import Site
from tests.spec.engine.running import quiet
from tests.spec.pages.desk import TESTER, api, asked_of_desk, found, refer, step, steps
from tests.spec.pages.visitors import Page, Visitor, visitor

pytestmark = pytest.mark.anyio
LIST = "/desk/urgent-response"
CLOCK = "Task?code=urn:interop:codes:clock|urgent-response"
OURS = "Task?code=urn:interop:codes:task|urgent-response"
MINUTE = 60
DOCTOR, PRACTICE = ("Practitioner", "G9990011"), ("Organization", "G99901")
"""Laura's."""


def lines(page: Page) -> list[str]:
    """What a list says of each person."""
    return [" ".join(" ".join(each.itertext()).split()) for each in page.tree.xpath("//ol[@class='desk-list']/li")]


async def taken(site: Site, who: str, by: Visitor, team: str = "") -> Page:
    """A crew has asked for an urgent response, ``by`` has taken it and has asked a team, '' for none; its page."""
    await refer(site, who)
    page = await step(by, await by.get(f"/desk/response/{site.ids[who]}"), "take")
    return await step(by, page, "send", {"other": team}) if team else page


@pytest.mark.parametrize(
    ("user", "lists"),
    [
        ("demo-coordinator", ["urgent-response", "co-ordination"]),
        ("demo-care-navigator", ["co-ordination"]),
        ("demo-hospital-clinician", ["urgent-response", "medically-fit", "failed-discharges"]),
        ("demo-social-worker", []),
    ],
)
async def test_a_role_is_offered_its_lists(site: Site, user: str, lists: list[str]) -> None:
    async with visitor(site, user) as one:
        page = await one.get("/desk")
        assert page.status == 200
        assert page.tree.xpath("//ul[@class='desk-cards']//h2/a/@href") == [f"/desk/{name}" for name in lists]
        assert ("There is no worklist for your role" in page.text) == (not lists)
        for name in ("mdt", "care-home-round"):
            assert (await one.get(f"/desk/{name}")).status == 403


@pytest.mark.parametrize("user", ["demo-operator", "demo-privacy-officer"])
async def test_who_cares_for_nobody_has_no_desk(site: Site, user: str) -> None:
    async with visitor(site, user) as one:
        assert (await one.get("/desk")).status == 403
        assert (await one.get(f"/desk/response/{site.ids['laura']}")).status == 403


async def test_from_the_crews_referral_to_the_outcome(fresh: Site) -> None:
    """Laura: the desk sees her with the clock, takes it, asks a team, notes its yes, its arrival and the outcome; the clock ends
    with the arrival and her doctor is told."""
    await refer(fresh)
    laura = fresh.ids["laura"]
    async with visitor(fresh, "demo-coordinator") as eve:
        page = await eve.get("/desk")
        assert "Open urgent responses 1 person First: ORMSGILL, Laura" in page.text
        (line,) = lines(await eve.get(LIST))
        assert "In time 2 hours left due 10:30 Nobody has taken it." in line
        assert "An urgent response was asked for" in line
        assert "1 to 1 of 1 person" in (await eve.get(LIST)).text
        page = await eve.get(f"/desk/response/{laura}")
        assert steps(page) == {"take"}
        page = await step(eve, page, "take")
        assert (page.status, page.path, steps(page)) == (200, f"/desk/response/{laura}", {"send", "back", "nobody", "note"})
        (line,) = lines(await eve.get(LIST))
        assert "Taken: no team is sent yet. Eve Nash" in line
        page = await step(eve, page, "send", {"other": "Locality team"})
        assert "Locality team was asked to go" in page.text
        page = await step(eve, page, "agreed")
        await fresh.passes(10 * MINUTE)
        (line,) = lines(await eve.get(LIST))
        assert "1 hour 50 minutes left" in line
        assert "Team is on its way. Eve Nash (Coordinator, G99901); team: Locality team" in line
        page = await step(eve, await eve.get(page.path), "arrived", {"at": "8.38"})
        await quiet(fresh.engine)
        page = await eve.get(page.path)
        assert "Clock ended Somebody was there in time after 8 minutes" in page.text
        assert lines(await eve.get(LIST)) == []
        assert "Team is there" in (await eve.get("/desk/co-ordination")).text
        page = await step(eve, page, "ended", {"outcome": "stays-followed", "words": "A nurse comes tomorrow"})
        await quiet(fresh.engine)
        assert steps(page) == set()
        assert "Seen, stays at home, somebody comes again: A nurse comes tomorrow" in page.text
        assert lines(await eve.get("/desk/co-ordination")) == []
    (clock,) = await found(fresh, CLOCK)
    assert clock["executionPeriod"]["end"].startswith("2026-10-15T07:38:00")
    (task,) = await found(fresh, OURS)
    assert (task["status"], task["owner"]) == ("completed", {"display": "Locality team"})
    told = await found(fresh, "Communication?_tag=urn:interop:rule|urgent-outcome-told")
    heard = [await api(fresh, TESTER, "GET", f"/fhir/{each['recipient'][0]['reference']}") for each in told]
    who = [(each["resourceType"], each["identifier"][0]["value"]) for each in heard]
    assert who
    assert sorted(who) in ([DOCTOR], [PRACTICE], sorted([DOCTOR, PRACTICE])), "each once"


async def test_of_two_who_take_it_one_is_told_who_was_quicker_and_a_form_that_is_sent_twice_is_taken_once(fresh: Site) -> None:
    await refer(fresh, "bill")
    where = f"/desk/response/{fresh.ids['bill']}"
    async with visitor(fresh, "demo-coordinator") as eve, visitor(fresh, "demo-gp") as ada:
        hers, other = await eve.get(where), await ada.get(where)
        assert (await step(eve, hers, "take")).status == 200
        late = await step(ada, other, "take")
        assert late.status == 409
        assert "Eve Nash (Coordinator, G99901) has it now. What you sent was not written." in late.text
        assert late.tree.xpath("//title/text()")[0].startswith("Error: ")
        again = await step(eve, hers, "take")  # the other click of two
        assert again.status == 200
        assert len(await found(fresh, f"{OURS}&patient={fresh.ids['bill']}")) == 1
        for _ in range(2):
            page = await step(eve, again, "send", {"other": "Night team"})
            assert (page.status, page.text.count("Night team was asked to go")) == (200, 1)
        stale = await step(ada, late, "nobody", {"why": "Somebody else goes"})
        assert stale.status == 409
        assert "Nobody goes: " not in stale.text


async def test_a_team_that_cannot_go_gives_way_to_another_and_who_took_it_may_give_it_back(fresh: Site) -> None:
    async with visitor(fresh, "demo-coordinator") as eve:
        page = await taken(fresh, "bill", eve, "Night team")
        page = await step(eve, page, "declined", {"reason": "Both are out"})
        assert "Night team cannot go: Both are out" in page.text
        assert "send" in steps(page)
        page = await step(eve, page, "note", {"note": "The key is with the neighbour"})
        assert "The key is with the neighbour" in page.text
        page = await step(eve, page, "back")
        assert "Nobody has taken it" in page.text
        (line,) = lines(await eve.get(LIST))
        assert "Nobody has taken it." in line
    async with visitor(fresh, "demo-gp") as ada:
        page = await step(ada, await ada.get(page.path), "take")
        assert "Dr Ada Lark (GP, G99901) (you)" in page.text


async def test_what_a_form_lacks_is_said_beside_the_field(fresh: Site) -> None:
    async with visitor(fresh, "demo-gp") as ada:
        page = await taken(fresh, "bill", ada)
        for name, said, field, words in (
            ("send", {}, "team", "Choose the team that is to go, or write its name"),
            ("nobody", {}, "why", "Say why nobody goes"),
            ("note", {"note": "x" * 501}, "note", "Shorten this to 500 characters"),
        ):
            wrong = await step(ada, page, name, said)
            assert wrong.status == 400
            assert [
                each.text.strip() for each in wrong.tree.xpath(f"//div[contains(@class, 'error-summary')]//a[@href='#{field}']")
            ] == [words]
            assert len(wrong.tree.xpath(f"//*[@id='{field}']")) == 1
        page = await step(ada, page, "send", {"other": "Day team"})
        for name, said, words in (
            ("arrived", {"at": "25:10"}, "Write the time as hours and minutes, for example 15:48"),
            ("ended", {}, "Choose how it ended"),
            ("ended", {"outcome": "stays-helped"}, "Note first when the team arrived: the clock ends then"),
        ):
            wrong = await step(ada, page, name, said)
            assert (wrong.status, words in wrong.text) == (400, True)


async def test_what_is_due_soon_and_what_is_over_time_says_so_and_stands_first(fresh: Site) -> None:
    await refer(fresh, "bill")
    await fresh.passes(92 * MINUTE)
    await refer(fresh, "laura")
    async with visitor(fresh, "demo-coordinator") as eve:
        bill, laura = lines(await eve.get(LIST))
        assert "CROWHURST" in bill
        assert "Due soon" in bill
        assert "2 hours left" in laura
    await fresh.passes(33 * MINUTE)
    async with visitor(fresh, "demo-coordinator") as eve:
        page = await eve.get(LIST)
        bill, _ = lines(page)
        assert "CROWHURST" in bill
        assert "Over time 5 minutes over" in bill
        assert len(page.tree.xpath("//li[contains(@class, 'desk-line--over')]")) == 1


async def test_an_open_list_is_asked_anew_and_answered_in_full_only_where_it_has_changed(fresh: Site) -> None:
    await refer(fresh)
    fresh.clock.advance(20)  # words of time change with the minute
    async with visitor(fresh, "demo-coordinator") as eve:
        first = await eve.http.get(f"{LIST}/live", headers={"x-live": "1"})
        assert (first.status_code, "<html" in first.text) == (200, False)
        again = {"x-live": "1", "if-none-match": first.headers["etag"]}
        fresh.clock.advance(10)
        same = await eve.http.get(f"{LIST}/live", headers=again)
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["x-as-of"] > first.headers["x-as-of"]
        await step(eve, await eve.get(f"/desk/response/{fresh.ids['laura']}"), "take")
        changed = await eve.http.get(f"{LIST}/live", headers=again)
        assert (changed.status_code, "Eve Nash" in changed.text) == (200, True)


async def test_a_second_request_for_the_same_visit_is_answered_with_it(fresh: Site) -> None:
    async with visitor(fresh, "demo-coordinator") as eve:
        page = await taken(fresh, "laura", eve)
        other = await asked_of_desk(fresh, "urgent-response", "A crew has left somebody at home", "laura")
        page = await eve.get(page.path)
        assert "A crew has left somebody at home" in page.text
        page = await step(eve, page, "same")
        assert "same" not in steps(page)
    assert (await api(fresh, TESTER, "GET", f"/fhir/Task/{other['id']}"))["status"] == "completed"


async def test_what_the_desk_alone_was_asked_counts_from_then_and_ends_where_nobody_goes(fresh: Site) -> None:
    """Susan: no crew has asked. The clock runs once a team is asked, from when the desk was."""
    await asked_of_desk(fresh, "urgent-response", "Decide whether a team goes within two hours", "susan")
    susan = fresh.ids["susan"]
    async with visitor(fresh, "demo-coordinator") as eve:
        page = await step(eve, await eve.get(f"/desk/response/{susan}"), "take")
        assert "The two hours count from" in page.text
        fresh.clock.advance(5 * MINUTE)
        page = await step(eve, page, "send", {"other": "Locality team"})
        await quiet(fresh.engine)
        page = await eve.get(page.path)
        assert "1 hour 55 minutes left" in page.text
        page = await step(eve, page, "nobody", {"why": "Her daughter is with her"})
        await quiet(fresh.engine)
        page = await eve.get(page.path)
        assert "Nobody goes: Her daughter is with her" in page.text
        assert "Called off" in page.text
    assert [each["status"] for each in await found(fresh, f"{CLOCK}&patient={susan}")] == ["cancelled"]


async def test_where_nobody_goes_and_somebody_else_has_asked_the_clock_goes_on_and_it_may_be_taken_after_all(fresh: Site) -> None:
    async with visitor(fresh, "demo-coordinator") as eve:
        page = await step(eve, await taken(fresh, "laura", eve), "nobody", {"why": "Her daughter is with her"})
        assert "Nobody goes: Her daughter is with her" in page.text
        assert "The clock goes on." in page.text
        assert steps(page) == {"again"}
        page = await step(eve, page, "again")
        assert "Taken: no team is sent yet" in page.text


async def test_what_else_is_asked_of_the_desk_is_taken_and_finished(fresh: Site) -> None:
    await asked_of_desk(fresh, "cancel-booking", "Somebody has died who has a booking: look at it and cancel it", "susan")
    async with visitor(fresh, "demo-coordinator") as eve, visitor(fresh, "demo-care-navigator") as gita:
        (where,) = [each for each in (await eve.get("/desk/co-ordination")).links() if each.startswith("/desk/tasks/")]
        page, other = await eve.get(where), await gita.get(where)
        page = await step(eve, page, "take")
        assert (await step(gita, other, "take")).status == 409
        wrong = await step(eve, page, "done")
        assert (wrong.status, "Say what was done" in wrong.text) == (400, True)
        page = await step(eve, page, "done", {"done": "Rang the clinic"})
        assert "Finished." in page.text
        assert where not in (await eve.get("/desk/co-ordination")).links()


@pytest.mark.long
async def test_beside_the_number_of_a_list_stands_who_does_not_share(fresh: Site) -> None:
    """0 people is not that nobody waits."""
    await api(fresh, ("ambulance-clinician", "RYX"), "POST", f"/fhir/Patient/{fresh.ids['laura']}/$claim-relationship", {
        "resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "At the scene"}]
    })  # fmt: skip
    async with visitor(fresh, "demo-coordinator") as one:
        page = await one.get("/desk")
        said = [each.text_content() for each in page.tree.xpath("//li[@class='desk-card']//*[@class='app-absence']")]
        assert "Not shared (no agreement): RYX" in said
