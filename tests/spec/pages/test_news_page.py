"""How one is told of news: the page on which a person, or a carer for them, reads what is done and chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from anyio import to_thread

from interop.notify.messages import CHANNELS
from interop.pages.portal.news import Channel, Told, shaped, way
from interop.pages.portal.words import ways
from tests.spec.browser.people import Site, Three
from tests.spec.notify.telling import declared
from tests.spec.pages.test_portal import CARER
from tests.spec.pages.visitors import Page, Visitor, visitor

pytestmark = pytest.mark.anyio
NEWS = "/my/choices/news"


@pytest.fixture(scope="module")
async def sending(three: Three, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """An engine that has a mail server and a gateway for text messages, where nobody is to be told anything."""
    folder = tmp_path_factory.mktemp("sending")
    file = declared(folder, 9, "http://127.0.0.1:9")
    async with three.site(folder / "data", destinations=file) as site:
        yield site


async def reachable(site: Site, name: str, *telecom: dict[str, Any], flag: str = "") -> None:
    """Another Patient of the person has these telephones and mailboxes."""
    person = site.people[name]
    number = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": person.nhs_number}
    verified = {"url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
                "valueCodeableConcept": {"coding": [{"code": "01"}]}}  # fmt: skip
    made = {"resourceType": "Patient", "id": f"{name}-reachable", "identifier": [number | {"extension": [verified]}],
            **({"telecom": list(telecom)} if telecom else {})}  # fmt: skip
    other = {"name": "other", "valueReference": {"reference": f"Patient/{site.ids[name]}"}}
    link = {"resourceType": "Parameters", "parameter": [other, {"name": "reason", "valueString": "The same"}]}

    def send() -> None:
        with site.client("tester") as tester:
            assert tester.put(f"/fhir/Patient/{made['id']}", json=made).is_success
            answer = tester.post(f"/fhir/Patient/{made['id']}/$link", json=link)
            assert answer.is_success, answer.text
            if flag:
                said = {"resourceType": "Flag", "id": flag, "status": "active", "subject": {"reference": f"Patient/{made['id']}"},
                        "code": {"coding": [{"system": "urn:interop:codes:contact", "code": flag}]}}  # fmt: skip
                assert tester.put(f"/fhir/Flag/{flag}", json=said).is_success

    await to_thread.run_sync(send)
    site.clock.advance(1)


async def choose(one: Visitor, choice: str, path: str = NEWS) -> Page:
    return await one.send(await one.get(path), path, {"way": choice})


def now(page: Page) -> str:
    """What is done now, as the page says it."""
    (value,) = page.tree.xpath("//main//ul[@class='my-list']//p[@class='my-value']")
    return str(value.text_content())


async def test_what_each_choice_means_stands_beside_it_before_it_is_made(sending: Site) -> None:
    async with visitor(sending, "demo-patient", record=sending.ids["bill"]) as one:
        page = await one.get(NEWS)
        assert page.title == "How you are told of news"
        assert "It never says what, and never anything about your health." in page.text
        assert "This page changes no telephone number and no e-mail address." in page.text
        radios = page.tree.xpath("//input[@type='radio']")
        assert [each.get("value") for each in radios] == [each.choice for each in ways()]
        assert not [each for each in radios if each.get("checked") is not None]
        for each in radios:
            (hint,) = page.tree.xpath(f"//*[@id='{each.get('aria-describedby')}']")
            assert len(hint.text_content().split()) > 5
        assert "Each time there is news a co-ordinator of care is asked to tell you another way" in page.text


async def test_the_person_chooses_and_reads_what_is_done_from_then_on(sending: Site) -> None:
    """The telephone and the mailbox that are used without their middle; quiet hours as the table has them."""
    await reachable(sending, "laura", {"system": "email", "value": "laura@home.example"})
    async with visitor(sending, "demo-patient", record=sending.ids["laura"]) as one:
        page = await one.get(NEWS)
        assert "They go to the mobile number 07… …272. They are not sent between 9pm and 8am." in page.text
        assert "They go to the e-mail address l…@home.example. They are sent at any time of the day or night." in page.text
        assert "900272" not in page.text.replace(" ", "")
        page = await choose(one, "email")
        assert page.path == NEWS
        assert "Recorded: E-mail only." in page.text
        assert now(page) == "E-mail only"
        assert "Last changed on 15 October 2026 at 8:30am by you." in page.text
        assert "They are turned off." in page.text
        assert now(await choose(one, "email-sms")) == "E-mail first, then text message"
        assert "As things stand nothing is sent." not in (await one.get(NEWS)).text
        page = await choose(one, "none")
        assert "As things stand nothing is sent. When there is news a co-ordinator of care is asked" in page.text
        page = await one.get("/my/choices")
        assert "How you are told of news Neither text messages nor e-mails" in page.text


async def test_a_form_without_an_answer_says_so_and_changes_nothing(sending: Site) -> None:
    async with visitor(sending, "demo-patient", record=sending.ids["bill"]) as one:
        before = now(await one.get(NEWS))
        for said in ({}, {"way": "letter"}):
            page = await one.send(await one.get(NEWS), NEWS, said)
            assert page.status == 400
            assert str(page.tree.findtext(".//title")).startswith("Error: ")
            (link,) = page.tree.xpath("//*[contains(@class, 'nhsuk-error-summary')]//a")
            assert (link.get("href"), len(page.tree.xpath("//input[@id='way']"))) == ("#way", 1)
        assert now(await one.get(NEWS)) == before


async def test_a_carer_chooses_for_whom_the_page_names_and_is_shown_no_number(sending: Site) -> None:
    """The person reads that it was somebody who acts for them; who acts for them no more chooses no more."""
    susan = sending.ids["susan"]
    async with visitor(sending, "demo-carer") as carer, visitor(sending, "demo-patient", record=susan) as one:
        assert (await carer.get(f"/my/of/{susan}/choices/news")).status == 404
        page = await one.get("/my/choices/carers")
        assert "They can choose how you are told of news" in page.text
        await one.send(page, "/my/choices/carers", {"code": CARER})
        sending.clock.advance(1)
        path = f"{(await carer.get('/my')).path}/choices/news"
        page = await carer.get(path)
        assert page.title == "How Susan Jane Haldane is told of news"
        assert "They go to the mobile number in Susan Jane Haldane’s record." in page.text
        assert "07…" not in page.text
        page = await choose(carer, "none", path)
        assert "Recorded: Neither text messages nor e-mails." in page.text
        assert "by somebody who acts for Susan Jane Haldane." in page.text
        assert "Neither text messages nor e-mails" in (await carer.get(path.removesuffix("/news"))).text
        page = await one.get(NEWS)
        assert now(page) == "Neither text messages nor e-mails"
        assert "by somebody who acts for you." in page.text
        looked = await one.get("/my/looked")
        assert "Wrote down how to tell you of news: text messages and e-mails" in looked.text
        await one.send(await one.get("/my/choices/carers"), "/my/choices/carers", {"decision": "withdrawn"})
        sending.clock.advance(1)
        assert (await carer.get(path)).status == 404


async def test_what_another_record_refuses_is_said(sending: Site) -> None:
    await reachable(sending, "bill", flag="no-sms")
    async with visitor(sending, "demo-patient", record=sending.ids["bill"]) as one:
        page = await choose(one, "sms")
        assert "another part of your record says that you did not want them. This page cannot change that." in page.text
        assert "They are turned off." in page.text
        assert "As things stand nothing is sent." in page.text


async def test_a_service_that_sends_nothing_says_so_and_keeps_the_choice(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["laura"]) as one:
        page = await choose(one, "sms")
        assert "this service has no way to send them at present. The choice is kept." in page.text
        assert "Nobody is asked to tell you another way either: look here for what is new." in page.text


def test_every_pair_of_channels_has_a_way_and_each_that_has_two_says_which_is_first() -> None:
    said = [{name for name in CHANNELS if getattr(each, name)} for each in ways()]
    assert sorted(map(sorted, said)) == [[], ["email"], ["email", "sms"], ["email", "sms"], ["sms"]]
    assert {each.first for each in ways() if each.sms and each.email} == {*CHANNELS}


def test_what_is_first_is_what_was_said_else_what_the_record_has_first() -> None:
    channel = Channel("sms", True, True, "", 2, False, True, ("", ""), False)
    told = Told((channel, replace(channel, code="email", order=1)), "", "", "", "")
    assert way(told) == "E-mail first, then text message"
    assert way(replace(told, first="sms")) == "Text message first, then e-mail"
    unknown = tuple(replace(each, order=0) for each in told.channels)
    assert way(replace(told, channels=unknown)) == "Text messages and e-mails"
    assert shaped({"resourceType": "Parameters"}).channels == ()
