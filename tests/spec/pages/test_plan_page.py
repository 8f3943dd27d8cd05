"""The one plan as its readers see it, and how they add to it: nothing is resolved silently and nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from anyio import to_thread

from tests.spec.browser.people import Site
from tests.spec.pages.visitors import Page, Visitor, visitor
from tests.spec.workflows.fhir import does, plan

pytestmark = pytest.mark.anyio


async def add(one: Visitor, patient: str, said: Mapping[str, str]) -> Page:
    """By the form."""
    path = f"/record/{patient}/plan/add"
    return await one.send(await one.get(path), path, said)


def heading(page: Page, name: str) -> list[str]:
    """The lines under a heading, as one reads them."""
    return [" ".join(each.text_content().split()) for each in page.tree.xpath(f"//section[@aria-labelledby='{name}']//li")]


def edits(page: Page, name: str) -> list[str]:
    """Where the links under a heading lead."""
    return [str(each) for each in page.tree.xpath(f"//section[@aria-labelledby='{name}']//li//a/@href")]


def contributed(site: Site, role: str, organisation: str, patient: str, resource: Mapping[str, object]) -> None:
    """By a client of the API, for a person of another organisation."""
    with site.client(role, organisation) as client:
        answer = client.post(f"/fhir/Patient/{patient}/$care-plan-contribute", json=resource)
        assert answer.status_code == 201, answer.text


async def test_what_matters_stands_first_and_each_line_has_its_author(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"/record/{site.ids['bill']}/plan")
        assert page.status == 200
        assert page.tree.xpath("//main//section[contains(@class,'app-heading')]/@aria-labelledby")[0] == "what-matters"
        (line,) = heading(page, "what-matters")
        assert line.startswith("What matters to me: my dog, my allotment, and to be with Joan.")
        assert line.endswith("Dr Ruth Ansley, Oakshaw Surgery · 24-Sep-2026")
        for each in page.tree.xpath("//section[contains(@class,'app-heading')]//li"):
            assert each.xpath(".//p[@class='app-source']"), each.text_content()
        assert "Not under this heading: read the plans' own words: Alerts; Allergies and adverse reactions" in page.text


async def test_a_line_is_added_under_ones_own_name_and_changed_and_ended(site: Site) -> None:
    """What no longer holds is history, and shown on request."""
    bill = site.ids["bill"]
    async with visitor(site, "demo-gp") as one:
        page = await add(one, bill, {
            "heading": "contingency", "trigger": "he wanders at night", "words": "Ring the desk; do not call 999", "who": "Joan",
            "review-day": "1", "review-month": "12", "review-year": "2026",
        })  # fmt: skip
        assert page.path == f"/record/{bill}/plan"
        (line,) = [each for each in heading(page, "contingency") if "wanders" in each]
        assert line.startswith(
            "If he wanders at night: Ring the desk; do not call 999 By JoanDr Ada Lark, Oakshaw Surgery · 15-Oct-2026"
        )
        assert "Review 01-Dec-2026" in line
        (edit,) = edits(page, "contingency")
        form = await one.get(edit)
        assert form.fields(edit)["words"] == "Ring the desk; do not call 999"
        assert form.fields(edit)["review-year"] == "2026"
        page = await one.send(form, edit, {"words": "Ring the desk at once"})
        (line,) = [each for each in heading(page, "contingency") if "wanders" in each]
        assert "Ring the desk at once" in line
        page = await one.send(await one.get(edit), edit, {"over": "yes"})
        assert not [each for each in heading(page, "contingency") if "wanders" in each]
        page = await one.get(f"/record/{bill}/plan?history=yes")
        assert [each for each in heading(page, "contingency") if "Ring the desk at once" in each]
        assert "No longer so" in page.text


async def test_authors_who_do_not_agree_stand_side_by_side(site: Site) -> None:
    """Bill: the practice says at home, the hospital says Willow House; neither takes the other's place."""
    bill = site.ids["bill"]
    theirs = plan("Crisis plan", does("place-of-care", "Willow House, when nights cannot be borne at home"))
    await to_thread.run_sync(contributed, site, "gp", site.people["bill"].practice.ods, bill, theirs)
    async with visitor(site, "demo-mdt-member") as other, visitor(site, "demo-gp") as one:
        assert (await other.get(f"/record/{bill}/plan")).status == 404
        page = await add(one, bill, {"heading": "place-of-care", "words": "At home"})
        lines = heading(page, "place-of-care")
        assert len(lines) == 2
        assert any("At home" in each and "Dr Ada Lark" in each for each in lines)
        assert any("Willow House" in each for each in lines)
        (section,) = page.tree.xpath("//section[@aria-labelledby='place-of-care']")
        assert "Authors do not agree: all that they say is shown." in section.text_content()


async def test_who_was_overtaken_sees_both_and_loses_nothing(site: Site) -> None:
    """If-Match: the plan has changed since the form was opened; what was written is in it, and what the plan says now beside it."""
    bill = site.ids["bill"]
    async with visitor(site, "demo-gp") as one, visitor(site, "demo-gp") as other:
        path = f"/record/{bill}/plan/add"
        form = await one.get(path)
        await add(other, bill, {"heading": "support", "words": "A sitter for three nights"})
        page = await one.send(form, path, {"heading": "support", "words": "Day centre on Tuesdays"})
        assert page.status == 412
        assert page.title == "The plan has changed since you opened it"
        assert "Nothing has been saved yet." in page.text
        assert any("A sitter for three nights" in each for each in heading(page, "support"))
        assert page.fields(path)["words"] == "Day centre on Tuesdays"
        assert page.fields(path)["heading"] == "support"
        page = await one.send(page, path)
        assert len(heading(page, "support")) == 2


async def test_two_who_change_one_line_see_each_others_words(site: Site) -> None:
    bill = site.ids["bill"]
    async with visitor(site, "demo-gp") as one, visitor(site, "demo-gp") as other:
        page = await add(one, bill, {"heading": "wellness", "words": "A walk each morning"})
        (edit,) = edits(page, "wellness")
        form = await one.get(edit)
        await other.send(await other.get(edit), edit, {"words": "A walk each evening"})
        page = await one.send(form, edit, {"words": "Two walks a day"})
        assert page.status == 412
        assert "What it says now A walk each evening" in page.text
        assert page.fields(edit)["words"] == "Two walks a day"
        page = await one.send(page, edit)
        assert [each.partition(" Dr Ada")[0] for each in heading(page, "wellness")] == ["Two walks a day"]


@pytest.mark.parametrize(
    ("said", "words", "field"),
    [
        ({"words": "Something"}, "Choose the heading", "#heading"),
        ({"heading": "support"}, "Write what the plan should say", "#words"),
        ({"heading": "contingency", "words": "Ring"}, "Say when this is to be done", "#trigger"),
        ({"heading": "support", "words": "x", "review-day": "30", "review-month": "2", "review-year": "2027"}, "real date",
         "#review-day"),
        ({"heading": "support", "words": "x", "until-day": "1", "until-month": "2", "until-year": "2020"}, "today or later",
         "#until-day"),
        ({"heading": "cpr", "words": "For CPR"}, "Choose the heading", "#heading"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_the_form_is_said_and_nothing_is_lost(
    site: Site, said: dict[str, str], words: str, field: str
) -> None:
    bill = site.ids["bill"]
    async with visitor(site, "demo-gp") as one:
        page = await add(one, bill, said)
        assert page.status == 400
        (link,) = page.tree.xpath("//*[contains(@class,'nhsuk-error-summary')]//a")
        assert words in link.text_content()
        assert link.get("href") == field
        kept = page.fields(f"/record/{bill}/plan/add")
        assert {name: kept[name] for name in said if name != "heading"} == {name: said[name] for name in said if name != "heading"}


async def test_nobody_changes_what_another_has_contributed(site: Site) -> None:
    """Lines of feeds have no link, and their address leads nowhere."""
    bill = site.ids["bill"]
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"/record/{bill}/plan")
        lines = page.tree.xpath("//section[@aria-labelledby='additional-plans']//li")
        (theirs,) = [each for each in lines if "Tregear" in each.text_content()]
        assert not theirs.xpath(".//a")
        found = (await one.http.get(f"/fhir/CarePlan?patient={bill}", headers={"accept": "application/json"})).json()["entry"]
        (nurses, *_) = [each["resource"]["id"] for each in found if "donepezil" in each["resource"].get("description", "")]
        assert (await one.get(f"/record/{bill}/plan/{nurses}")).status == 404


async def test_a_line_of_another_organisation_is_not_changed_by_a_form_of_ours(site: Site) -> None:
    """Susan's hospital has written it the same way: the practice sees it and has no link to change it."""
    susan = site.ids["susan"]
    theirs = plan("Also worth knowing about me", does("worth-knowing", "Hears better on the left"))
    await to_thread.run_sync(contributed, site, "hospital-clinician", "RZ9", susan, theirs)
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"/record/{susan}/plan")
        (line,) = heading(page, "worth-knowing")
        assert line.startswith("Hears better on the left")
        assert "Eastmere General Hospital" in line
        assert edits(page, "worth-knowing") == []
        page = await add(one, susan, {"heading": "worth-knowing", "words": "Her sister's name is Edith"})
        assert len(heading(page, "worth-knowing")) == 2
        assert len(edits(page, "worth-knowing")) == 1


async def test_on_paper_stands_all_of_it_with_who_printed_it_and_when(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"/record/{site.ids['bill']}/plan?print=yes")
        assert "Printed by Dr Ada Lark (GP, G99901) on 15-Oct-2026 08:30." in page.text
        assert page.tree.xpath("//*[@class='app-patient-more']//details/@open")
        assert "Estimated prognosis" in page.text
        (sheet,) = page.tree.xpath("//table[@class='app-paper']/thead")  # stands on each sheet
        assert "CROWHURST" in sheet.text_content()
        assert "NHS number 999 209 3358" in sheet.text_content()
