"""The message browser of the console: a list with filters, a message beside what became of it, the shelf, replay."""

from __future__ import annotations

from typing import Any

import pytest

from interop.pages.console.fields import HIDDEN, MOST, shown
from interop.pages.console.replaying import told
from interop.pages.console.shelf import by_category
from interop.pages.console.words import midnight
from interop.store.plan import STOPPED
from interop.store.values import Change, Entry, Outcome
from tests.spec.api.messages import admission
from tests.spec.browser.people import Site
from tests.spec.pages.visitors import Page, Visitor, visitor

pytestmark = pytest.mark.anyio
MESSAGES = "/console/messages"
REPLAY = "/console/replay"


async def one_of(visits: Visitor, query: str = "?feed=hospital&state=applied") -> str:
    """The address of the newest message of a list."""
    return next(each for each in (await visits.get(MESSAGES + query)).links() if each.startswith(f"{MESSAGES}/"))


async def shelved(site: Site, state: str = "shelved", reason: str = "mapping-fault") -> list[int]:
    """Two messages that the tables of today map, on the shelf."""
    store, now = site.engine.workshop.store, site.clock.now()
    bodies = [admission("SH1"), admission("SH2")]
    entries = [Entry(0, "hospital", "hl7v2", now, f"SH{n}", "ADT^A01", body) for n, body in enumerate(bodies, 1)]
    made = await store.commit(Change(entries=entries))
    numbers = [each.message for each in made.entries]  # type: ignore[union-attr]
    await store.commit(Change(outcomes=[Outcome(number, state, now, reason) for number in numbers]))
    return numbers


def rows(page: Page) -> list[str]:
    return [" ".join(" ".join(each.itertext()).split()) for each in page.tree.xpath("//main//tbody/tr")]


async def test_a_list_says_how_many_of_how_many(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        page = await one.get(MESSAGES)
        assert f"1 to {len(rows(page))} of {len(rows(page))} messages" in page.text
        hospital = await one.get(f"{MESSAGES}?feed=hospital")
        assert 0 < len(rows(hospital)) < len(rows(page))
        assert "0 of 0 messages." in (await one.get(f"{MESSAGES}?feed=hospital&state=failed")).text


async def test_older_messages_are_a_link_away_and_nothing_is_shown_twice(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        whole = [each.split()[0] for each in rows(await one.get(MESSAGES))]
        after = whole[10]
        page = await one.get(f"{MESSAGES}?after={after}&seen=11")
        assert [each.split()[0] for each in rows(page)] == whole[11:]
        assert f"12 to {len(whole)} of {len(whole)} messages" in page.text
        assert "There are no older messages." in page.text


async def test_a_filter_that_is_not_understood_is_shown_again_with_what_to_mend(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        page = await one.get(f"{MESSAGES}?since=yesterday&type=ADT")
        assert (page.status, page.tree.xpath("//title")[0].text[:6]) == (400, "Error:")
        assert (
            page.tree.xpath("//*[@class='nhsuk-error-summary__body']//a/@href | //ul[contains(@class,'error-summary')]//a/@href")[0]
            == "#since"
        )
        assert page.fields(MESSAGES)["type"] == "ADT"


async def test_a_message_is_masked_until_a_reason_is_given(site: Site) -> None:
    susan = site.people["susan"]
    async with visitor(site, "demo-operator") as one:
        where = await one_of(one)
        page = await one.get(where)
        assert susan.family.upper() not in page.answer.text.upper()
        assert susan.nhs_number not in page.answer.text
        assert {"".join(each.itertext()) for each in page.tree.xpath("//*[@class='app-field__value']")} == {HIDDEN}
        unsaid = await one.send(page, where)
        assert (unsaid.status, susan.nhs_number in unsaid.answer.text) == (400, False)
        assert "Choose why you open this message" in unsaid.text
        page = await one.send(page, where, {"reason": "mapping"})
        assert (page.status, susan.nhs_number in page.answer.text) == (200, True)
        assert "Values are shown. To check or change a mapping table" in page.text
        assert susan.nhs_number not in (await one.get(where)).answer.text


async def test_each_view_is_in_the_privacy_officers_queue(fresh: Site) -> None:
    async with visitor(fresh, "demo-operator") as one:
        where = await one_of(one)
        await one.send(await one.get(where), where, {"reason": "incident"})
    async with visitor(fresh, "demo-privacy-officer") as officer:
        answer = await officer.http.get("/fhir/$privacy-queue?rule=message-content")
        (item,) = answer.json()["parameter"]
        said = {part["name"]: part for part in item["part"]}
        assert (said["role"]["valueCode"], "patient" in said) == ("operator", True)


async def test_of_who_hides_the_page_shows_the_structure_alone(fresh: Site) -> None:
    body = admission("HID1", family="SECLUDED").replace(b"PV1|", b"ZU8||||1\rPV1|")
    await fresh.told(("hospital", body))
    async with visitor(fresh, "demo-operator") as one:
        where = await one_of(one)
        page = await one.get(where)
        assert "What this message says is withheld from everyone." in page.text
        assert not [each for each in page.tree.forms if each.action == where]
        token = page_token(await one.get("/auth/logout"))
        answer = await one.http.post(where, data={"csrf": token, "reason": "repair"}, headers={"origin": fresh.root})
        assert (answer.status_code, "SECLUDED" in answer.text) == (403, False)


def page_token(page: Page) -> str:
    return page.fields("/auth/logout")["csrf"]


async def test_a_field_leads_to_what_became_of_it_and_back_without_scripts(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        page = await one.get(await one_of(one))
        (link,) = [each for each in page.tree.xpath("//a[@class='app-field__path']") if each.text == "PID-5"]
        (row,) = page.tree.xpath(f"//tr[@id='{link.get('href')[1:]}']")
        assert row.xpath("th")[0].text_content() == "Patient.name"
        assert row.xpath("td")[1].text_content().split() == ["PAT030"]
        (back,) = row.xpath(".//a/@href")
        assert page.tree.xpath(f"//*[@id='{back[1:]}']//a")[0].text == "PID-5"
        assert any(each.startswith("EVN-2 Left out") for each in rows(page))


async def test_what_clients_wrote_shows_nothing_of_it(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        page = await one.get(await one_of(one, "?feed=api"))
        assert (page.status, "No feed has sent this" in page.text) == (200, True)
        assert (await one.get(f"{MESSAGES}/999999")).status == 404


async def test_the_shelf_names_what_to_do_and_leads_to_it(fresh: Site) -> None:
    async with visitor(fresh, "demo-operator") as one:
        assert "The shelf is empty" in (await one.get("/console/shelf")).text
        await shelved(fresh)
        page = await one.get("/console/shelf")
        assert "Our own fault (2 messages" in page.text
        assert "Do this:" in page.text
        (listed,) = [each for each in page.links() if each.startswith(MESSAGES + "?")]
        assert len(rows(await one.get(listed))) == 2


async def test_a_replay_is_looked_at_first_and_done_when_its_size_is_written(fresh: Site) -> None:
    await shelved(fresh)
    async with visitor(fresh, "demo-operator") as one:
        page = await one.get(f"{REPLAY}?feed=hospital&state=shelved&reason=mapping-fault")
        plan = await one.send(page, REPLAY)
        assert "Messages of another state 2" in plan.text
        assert "On the shelf → In the record" in plan.text
        refused = await one.send(plan, REPLAY, {"typed": "3"})
        assert (refused.status, "Write 2 to replay these messages" in refused.text) == (400, True)
        done = await one.send(refused, REPLAY, {"typed": "2"})
        assert "Done: replay" in done.text
        assert "That was the last of them." in done.text
        assert "The shelf is empty" in (await one.get("/console/shelf")).text


async def test_a_feed_that_stands_still_is_let_go_on(fresh: Site) -> None:
    numbers = await shelved(fresh, "held", "feed-stopped")
    await fresh.engine.workshop.store.commit(Change(meta=[(f"{STOPPED}hospital", str(numbers[0]))]))
    async with visitor(fresh, "demo-operator") as one:
        page = await one.get("/console/shelf")
        (link,) = [each for each in page.links() if "resume" in each]
        plan = await one.send(await one.get(link), REPLAY)
        assert "The feed hospital stands still." in plan.text
        done = await one.send(plan, REPLAY, {"typed": "2"})
        assert "Done: replay" in done.text
        assert "The shelf is empty" in (await one.get("/console/shelf")).text


async def test_a_replay_of_everything_says_so_first(site: Site) -> None:
    async with visitor(site, "demo-operator") as one:
        page = await one.get(REPLAY)
        assert (await one.send(page, REPLAY)).status == 400
        nothing = await one.send(page, REPLAY, {"feed": "hospital", "since": "1/10/2026", "until": "31/10/2026"})
        assert (nothing.status, "Nothing would change." in nothing.text) == (200, True)
        wrong = await one.send(page, REPLAY, {"message": "999999"})
        assert (wrong.status, "There is a problem" in wrong.text) == (400, True)


def test_days_are_those_of_london() -> None:
    assert midnight("14/10/2026") == "2026-10-14T00:00:00+01:00"
    assert midnight("2026-12-31", 1) == "2027-01-01T00:00:00+00:00"
    assert [midnight(each) for each in ("31/02/2026", "soon", "")] == ["31/02/2026", "soon", ""]


def test_differences_are_counted_by_path() -> None:
    def part(name: str, value: Any) -> dict[str, Any]:
        return {"name": name, "valueString": value}

    differences = [
        {"name": "difference", "part": [part("reference", f"Patient/{id}"), part("kind", "change"), part("change", "Patient.name")]}
        for id in ("a", "b")
    ]
    gone = {"name": "difference", "part": [part("reference", "Flag/c"), part("kind", "vanish")]}
    said = told({"parameter": [{"name": "messages", "valueUnsignedInt": 3}, *differences, gone]})
    assert [(each["path"], each["words"], each["count"]) for each in said["paths"]] == [
        ("Patient.name", "changes", 2),
        ("Flag", "goes", 1),
    ]
    assert (said["messages"], said["changed"]) == (3, 3)


def test_of_a_long_message_it_is_said_how_much_is_shown() -> None:
    fields = [{"path": f"OBX-{place}", "fate": "unmapped", "elements": [], "value": "x"} for place in range(MOST + 7)]
    lines = [{"name": "OBX", "depth": 0, "fields": [place]} for place in range(len(fields))]
    said = shown({"masked": False, "withheld": False, "tables": "", "tablesThen": False, "lines": lines, "fields": fields,
                  "elements": [], "resources": [], "losses": [], "more": 3})  # fmt: skip
    assert (said["fields_shown"], said["fields"], len(said["lines"]), said["lost"]) == (MOST, MOST + 10, MOST, MOST + 7)


def test_what_waits_longest_comes_first() -> None:
    def one(reason: str, category: str, oldest: str) -> dict[str, Any]:
        return {
            "feed": "lab",
            "state": "failed",
            "reason": reason,
            "category": category,
            "messages": 1,
            "oldest": oldest,
            "newest": oldest,
        }

    found = by_category([one("a", "fault", "2026-02"), one("b", "conflict", "2026-01"), one("b", "conflict", "2026-03")])
    assert [(each["messages"], each["oldest"]) for each in found] == [(2, "2026-01"), (1, "2026-02")]
