"""What somebody writes into addresses, forms and records, who means no good: pages ask for nothing else by it, and run nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from anyio import to_thread
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from interop.api.inside import Inside
from interop.audit.row import DENIAL
from interop.pages.areas import areas
from interop.pages.console import overview
from interop.pages.desk import timing
from interop.pages.desk.steps import Wrong, clock_time
from interop.pages.finding import asked
from interop.pages.portal.whose import Whose
from interop.pages.record.charts import Value, charts
from interop.policy.asker import TESTER
from interop.screen import words
from tests.spec.audit.test_engine import rows
from tests.spec.browser.people import MORNING, Site
from tests.spec.engine.running import TIMEOUT, quiet, running
from tests.spec.pages.visitors import Visitor, visitor

pytestmark = pytest.mark.anyio
MARKUP = """x"'><img src=x onerror=alert(1) data-smuggled=1></title></script><svg/onload=alert(2)>{{7*7}}&lt;b data-smuggled&gt;"""
SCRIPT = "javascript:alert(1)"
FREE = frozenset(
    ("display", "text", "title", "description", "family", "given", "line", "city", "name", "comment", "patientInstruction", "unit",
     "valueString", "authorString", "conclusion", "lotNumber", "deceasedString", "instruction", "onsetString")
)  # fmt: skip
"""Elements whose words nobody checks."""
NOWHERE = ("%C3%A9", "%F0%9F%98%80", "%2E%2E", "a%3Fb=c", "a%23b", "%00", "%0D%0Ax:y", "a%5Cb", "$everything", "_history")
"""What is no id, as part of an address."""
ELSEWHERE = (
    *("/fhir/Slot/../Patient/1", "/fhir/Slot/..", "/fhir/./Slot", "/fhir/Slot/é", "/fhir/Slot/1?_format=xml", "/fhir/a b"),
    *("/fhir/a%2fb", "/fhir/a\r\nb", "fhir/Slot", "https://other.example/fhir", "/fhir/Slot/\\..\\x"),
)
PLACES = (
    "/record/{}",
    "/record/{}/timeline",
    "/record/{}/plan",
    "/record/{}/results",
    "/crew/{}",
    "/desk/book/{}",
    "/desk/tasks/{}",
)


@pytest.mark.long
async def test_what_is_no_id_in_an_address_is_nobodys_record(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        for place in PLACES:
            for each in NOWHERE:
                page = await one.get(place.format(each), lead=False)
                assert page.status in (400, 404), (place, each)


async def test_no_other_address_of_the_api_is_asked_than_was_meant() -> None:
    """Whatever a page makes an address of."""

    async def nobody(*_: object) -> None:
        raise AssertionError("was asked")

    inside = Inside(nobody, {"headers": []}, TESTER)
    for path in ELSEWHERE:
        answer = await inside.ask("GET", path)
        assert (answer.status, answer.json["resourceType"]) == (404, "OperationOutcome"), path


@pytest.mark.long
async def test_a_timeline_goes_on_after_a_resource_and_after_nothing_else(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        first = await one.get(f"/record/{site.ids['laura']}/timeline")
        for after in ("é", "²", "Observation", "../messages/1", "$worklist", "Observation/$lastn"):
            page = await one.get(f"/record/{site.ids['laura']}/timeline?after={after}")
            assert (page.status, page.tree.xpath("//main//li//a/@href")) == (200, first.tree.xpath("//main//li//a/@href")), after


async def test_a_time_of_a_book_is_named_by_its_id_alone(site: Site) -> None:
    """Not by a version of it, when it was free, nor by what is anywhere else; a version of ours has no such letters."""
    async with visitor(site, "demo-coordinator") as one:
        address = f"/desk/book/{site.ids['laura']}"
        token = (await one.get("/auth/logout")).fields("/auth/logout")["csrf"]
        for slot in ("../Patient/x 1", "x/_history/1 1", "é 1"):
            said = {"csrf": token, "slot": slot, "once": "1"}
            answer = await one.http.post(address, data=said, headers={"origin": site.root})
            assert answer.status_code == 400, slot


async def test_where_nobody_signs_on_a_page_of_another_site_sends_no_form_either(tmp_path: Path) -> None:
    async with running(tmp_path) as engine:
        root = f"http://127.0.0.1:{engine.http}"
        async with httpx.AsyncClient(base_url=root, timeout=TIMEOUT, trust_env=False) as http:
            said = ({"origin": root}, {"origin": "https://other.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"})
            told = [(await http.post("/console/audit", headers=each)).status_code for each in said]
    assert told == [303, 403, 403, 403]


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_clock_in_london_shows_is_told_as_it_stands(said: str) -> None:
    """The first is what some programs write for none: it takes no page with it."""
    assert words.moment(said)[:4] in (said[8:10] + "-J", said[8:10] + "-D")
    assert words.clock(said) == ""
    assert words.weekday(said) == ""
    assert timing.left(said, MORNING) == {}


def test_a_source_does_not_say_what_a_telephone_does() -> None:
    assert words.rung("01632 960 001 x2", "app-phone") == '<a class="app-phone" href="tel:01632960001">01632 960 001 x2</a>'
    assert words.rung("<b>0800 123456") == '<a href="tel:0800123456">&lt;b&gt;0800 123456</a>'
    for said in ("*#06#", SCRIPT, MARKUP, "no telephone", ""):
        assert words.rung(said) is said


def test_numbers_beyond_all_measure_are_not_drawn() -> None:
    least, most = (Value(at, "1", Decimal(said), said) for at, said in ((0.0, "1E+999999"), (1.0, "-9E+999999")))
    assert charts([least, most]) == []


def test_numbers_without_end_are_no_dates() -> None:
    long = "9" * 30
    assert "born-day" in asked({"family": "x", "born-day": long, "born-month": "1", "born-year": long}, MORNING.date())[1]
    with pytest.raises(Wrong):
        clock_time(long, MORNING)


async def test_a_part_of_a_page_leads_to_no_other_host(site: Site) -> None:
    async with visitor(site) as nobody:
        for current in ("/\\other.example/desk", "//other.example/desk", "/\\/other.example/desk", "https:/\\other.example/desk"):
            said = {"hx-request": "true", "hx-current-url": f"{site.root}{current}" if current[0] == "/" else current}
            answer = await nobody.http.get("/record", headers=said)
            assert answer.headers["hx-redirect"] == "/other.example/desk", current


async def test_what_is_live_ends_with_the_session(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has signed out elsewhere is shown no more, and looking on keeps nobody signed in."""
    monkeypatch.setattr(overview, "EACH", 0.01)
    async with visitor(site, "demo-operator") as one, one.http.stream("GET", "/console/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: standing"
        await one.sign_off()
        async with asyncio.timeout(20):
            async for _ in lines:
                pass


async def test_nobody_takes_what_is_live_from_everybody_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One session has so many streams and no more; who comes after has theirs, and one that is closed makes room."""
    monkeypatch.setattr(overview, "EACH", 0.01)
    monkeypatch.setattr(overview, "OF_ONE", 2)
    async with visitor(site, "demo-operator") as one, visitor(site, "demo-operator") as other, AsyncExitStack() as held:
        kept: list[AsyncIterator[str]] = []

        async def live(who: Visitor, stack: AsyncExitStack) -> int:
            stream = await stack.enter_async_context(who.http.stream("GET", "/console/events"))
            if stream.status_code == 200:
                kept.append(stream.aiter_lines())  # one that is let go closes its stream
                assert await anext(kept[-1]) == "event: standing"
            return stream.status_code

        async with AsyncExitStack() as brief:
            assert [await live(one, held), await live(one, brief), await live(one, held)] == [200, 200, 503]
            assert await live(other, held) == 200
        async with asyncio.timeout(20):
            while await live(one, held) != 200:
                await asyncio.sleep(0)
        async with visitor(site) as program:
            with site.client("operator") as token:
                program.http.headers["authorization"] = token.headers["authorization"]
            assert [await live(program, held) for _ in range(3)] == [200, 200, 503]


async def test_streams_that_are_asked_for_at_once_are_no_more_than_one_after_the_other(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have been let in before the first begins."""
    entered: list[StreamingResponse] = []
    together, many = asyncio.Event(), 4

    class Together(StreamingResponse):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            entered.append(self)
            if len(entered) == many:
                together.set()
            await together.wait()
            await super().__call__(scope, receive, send)

    monkeypatch.setattr(overview, "StreamingResponse", Together)
    monkeypatch.setattr(overview, "EACH", 0.01)
    monkeypatch.setattr(overview, "OF_ONE", 2)
    async with visitor(site, "demo-operator") as one, AsyncExitStack() as held:

        async def begun() -> str:
            stream = await held.enter_async_context(one.http.stream("GET", "/console/events"))
            kept.append(stream.aiter_lines())
            return await anext(kept[-1], "")

        kept: list[AsyncIterator[str]] = []
        assert sorted(await asyncio.gather(*(begun() for _ in range(many)))) == ["", "", *["event: standing"] * 2]


async def test_whoever_is_turned_away_from_a_page_is_in_the_audit_with_why(site: Site) -> None:
    """A form of another page or site, somebody whose area it is not, a bad token; who has not signed on yet is only led there."""
    laura = site.ids["laura"]
    async with visitor(site, "demo-gp") as one, visitor(site) as nobody:
        await one.http.post("/record", data={"csrf": "0" * 64, "number": "9990000000"}, headers={"origin": site.root})
        await one.http.post("/record", data={"number": "9990000000"}, headers={"origin": "https://other.example"})
        await one.get("/console")
        await nobody.get(f"/record/{laura}")
        assert (await nobody.http.get(f"/record/{laura}", headers={"authorization": "Bearer x"})).status_code == 401
    data = site.engine.settings.data
    denied = [(each.who.role, each.more["reason"]) for each in rows(data) if each.kind == DENIAL and each.interaction == "pages"]
    assert denied[:3] == [("gp", "csrf"), ("gp", "cross-site"), ("gp", "forbidden")]
    assert [who for who, _ in denied[3:]] == [""]


async def test_what_stays_in_a_browsers_history_says_nothing_of_anybody(site: Site) -> None:
    """Addresses and titles: neither a name nor what a letter or a test is about."""
    laura = site.people["laura"]
    async with visitor(site, "demo-gp") as one:
        for part in ("letters", "results"):
            listed = await one.get(f"/record/{site.ids['laura']}/{part}")
            where = next(each for each in listed.links() if f"/{part}/" in each)
            page = await one.get(where)
            title = str(page.tree.findtext(".//title"))
            assert re.fullmatch(r"(Letter|Result) · [0-9a-f]{4} – interop", title)
            assert page.title not in title
            for said in (laura.family, laura.given, laura.nhs_number):
                assert said.lower() not in f"{title} {page.answer.url}".lower()


def test_whose_record_a_carer_reads_is_not_in_the_title() -> None:
    name = [{"resourceType": "Patient", "name": [{"use": "official", "given": ["Susan"], "family": "Haldane"}]}]
    whose = Whose(cast(Any, None), "1", name, own=False)
    assert whose.titled("letters") == "Susan Haldane’s letters"
    assert whose.apart(whose.titled("letters")) == "Their letters"
    assert whose.apart("Who looked at Susan Haldane’s record") == "Who looked at their record"


def hostile(said: Any, key: str = "") -> Any:
    """A resource with markup in every word that somebody may write freely, and links that are none."""
    if isinstance(said, list):
        return [hostile(each, key) for each in said]
    if not isinstance(said, dict):
        return MARKUP if isinstance(said, str) and key in FREE else said
    made = {name: hostile(value, name) for name, value in said.items() if name not in ("id", "meta", "text" if key == "" else "")}
    if "telecom" in made:
        made["telecom"] = [{"system": system, "value": value} for system in ("phone", "url") for value in (SCRIPT, MARKUP)]
    if "attachment" in made:
        made["attachment"] = {**made["attachment"], "url": SCRIPT, "contentType": "text/html"}
    return made


async def told_of(site: Site, patient: str) -> None:
    """All that is known of somebody is told once more, as ``hostile`` has it."""

    def tell() -> None:
        with site.client("tester") as tester:
            known = tester.get(f"/fhir/Patient/{patient}/$everything?_count=500").json()["entry"]
            for each in (one["resource"] for one in known if one["resource"]["resourceType"] != "Patient"):
                answer = tester.post(f"/fhir/{each['resourceType']}", json=hostile(each))
                assert answer.is_success, answer.text

    await to_thread.run_sync(tell)
    await quiet(site.engine)


@pytest.mark.long
@pytest.mark.parametrize("user", ["demo-gp", "demo-ambulance-clinician", "demo-coordinator", "demo-patient", "demo-tester"])
async def test_markup_in_whatever_a_record_says_is_words_on_every_page(fresh: Site, user: str) -> None:
    """Whichever pages one comes to: no element, no attribute and no link is of a record's making."""
    laura = fresh.ids["laura"]
    await told_of(fresh, laura)
    met = 0
    async with visitor(fresh, user, record=laura if user == "demo-patient" else "") as one:
        waiting, seen = ["/", *(f"{each.href}/{laura}" for each in areas().values()), "/my", "/console", "/desk"], dict[str, int]()
        while waiting:
            path = waiting.pop(0)
            kind = re.sub(r"[0-9a-z]{26,}|\d+", "#", path.partition("?")[0])
            if (seen.setdefault(kind, 0)) >= 3:
                continue
            seen[kind] += 1
            page = await one.get(path)
            assert page.status < 500, path
            if not page.answer.headers.get("content-type", "").startswith("text/html"):
                continue
            met += "data-smuggled" in page.text
            assert not page.tree.xpath("//*[@data-smuggled] | //*[@onerror] | //*[@onload]"), path
            led = [str(each) for each in page.tree.xpath("//@href | //@src | //@action | //@formaction | //@hx-get")]
            assert not [each for each in led if not re.match(r"[/?#](?!/)|tel:\+?\d+$|mailto:", each)], path
            waiting += [each for each in page.links() if re.match(r"/(record|crew|desk|my|console)", each)]
    assert met > 1
