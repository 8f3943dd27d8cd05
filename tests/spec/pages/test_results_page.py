"""Results of a person: what is out of range is told by word and shape, and every chart has its values in words."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.spec.browser.people import Site
from tests.spec.pages.findings import HOSTILE, PDF, written
from tests.spec.pages.visitors import Page, Visitor, visitor

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def ids(site: Site) -> dict[str, str]:
    """Of what was written."""
    return await written(site)


@pytest.fixture(scope="module")
async def gp(site: Site, ids: dict[str, str]) -> AsyncIterator[Visitor]:
    async with visitor(site, "demo-gp") as one:
        yield one


def row(page: Page, name: str) -> str:
    """A row of the results in one line."""
    (found,) = [each for each in page.tree.xpath("//tr[th]") if " ".join(each.xpath("th//text()")).strip() == name]
    return " ".join(" ".join(found.itertext()).split())


async def results(gp: Visitor, site: Site) -> Page:
    page = await gp.get(f"/record/{site.ids['susan']}/results")
    assert page.status == 200
    return page


async def test_the_latest_of_each_kind_is_told_with_range_time_and_source(gp: Visitor, site: Site) -> None:
    page = await results(gp, site)
    told = row(page, "Haemoglobin")
    assert "98 g/L ▼ Critically low" in told
    assert "115-165" in told
    assert "10-Oct-2026" in told
    assert "131 g/L Oakshaw Surgery" not in told
    assert "131 g/L" in row(page, "Haemoglobin estimation")
    assert "Oakshaw Surgery (feed gp), received 15-Oct-2026 08:30" in row(page, "Haemoglobin estimation")


async def test_what_is_out_of_range_is_said_first_and_by_whom(gp: Visitor, site: Site) -> None:
    page = await results(gp, site)
    assert "Out of range at the latest: 2 of" in page.text
    assert "▲ Above the range (by the range)" in row(page, "C reactive protein")


async def test_what_is_preliminary_corrected_or_cancelled_is_said(gp: Visitor, site: Site) -> None:
    page = await results(gp, site)
    assert "Preliminary: may change" in row(page, "Urine culture")
    assert "Corrected: an earlier version was wrong 5.1 mmol/L" in row(page, "Glucose")
    assert "Cancelled" in row(page, "Sodium")
    assert page.tree.xpath("//s[contains(., '999')]")


async def test_a_chart_is_drawn_at_the_server_and_says_in_words_what_it_shows(gp: Visitor, site: Site) -> None:
    page = await results(gp, site)
    titles = [" ".join(each.itertext()) for each in page.tree.xpath("//svg/title")]
    assert "Haemoglobin in g/L: 4 values from 01-Mar-2026 to 10-Oct-2026, oldest first: 131 g/L, 122 g/L, 109 g/L, 98 g/L" in titles
    assert any(each.endswith("oldest first: <5 mg/L, 42 mg/L") for each in titles)
    assert not [each for each in titles if each.startswith("Glucose")], "two units, one value each"
    assert not page.tree.xpath("//@style")
    assert not page.tree.xpath("//main//script")


async def test_one_result_has_its_history_as_a_chart_and_as_a_table_and_its_report(
    gp: Visitor, site: Site, ids: dict[str, str]
) -> None:
    page = await gp.get(f"/record/{site.ids['susan']}/results/{ids['hb3']}")
    assert page.title == "Haemoglobin"
    rows = [" ".join(each.itertext()).split() for each in page.tree.xpath("//tbody/tr")]
    assert [each[0] for each in rows] == ["10-Oct-2026", "20-Aug-2026", "04-May-2026", "01-Mar-2026"]
    assert len(page.tree.xpath("//svg")) == 1
    assert f"/record/{site.ids['susan']}/reports/{ids['report']}" in page.links()
    assert "Iron deficiency likely." in page.text


async def test_what_a_result_said_before_it_was_corrected_is_told(gp: Visitor, site: Site, ids: dict[str, str]) -> None:
    page = await gp.get(f"/record/{site.ids['susan']}/results/{ids['glucose']}")
    assert "What it said before" in page.text
    assert "Version 1, received 15-Oct-2026 08:30: 5.4 mmol/L" in page.text
    assert "90 mg/dL" in page.text


async def test_a_report_tells_its_conclusion_its_results_and_opens_its_document(
    gp: Visitor, site: Site, ids: dict[str, str]
) -> None:
    page = await gp.get(f"/record/{site.ids['susan']}/reports/{ids['report']}")
    assert "Amended: changed after it was final" in page.text
    assert "98 g/L" in row(page, "Haemoglobin")
    (link,) = [each for each in page.links() if "/file?" in each]
    answer = (await gp.get(link)).answer
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="document-1.pdf"'
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


async def test_markup_in_a_value_is_words(gp: Visitor, site: Site) -> None:
    page = await results(gp, site)
    assert HOSTILE in page.text
    assert not page.tree.xpath("//img[@onerror]")


async def test_what_is_of_somebody_else_is_not_found_under_this_person(gp: Visitor, site: Site, ids: dict[str, str]) -> None:
    for path in (f"results/{ids['hb3']}", f"reports/{ids['report']}", f"reports/{ids['report']}/file", "results/none"):
        page = await gp.get(f"/record/{site.ids['laura']}/{path}")
        assert page.status == 404, path
        assert "98" not in page.text
    assert (await gp.get(f"/record/{site.ids['susan']}/reports/{ids['report']}/file?part=9")).status == 404


async def test_a_person_without_results_has_none_recorded(gp: Visitor, site: Site) -> None:
    page = await gp.get(f"/record/{site.ids['bill']}/results")
    assert "Reports None recorded." in page.text
