"""The meeting of the team: one person of its list after the other; and whom pseudonyms mean. Tests share an engine."""

from __future__ import annotations

import pytest

from interop.api.operations.practice import purpose
from interop.population.pseudonyms import Pseudonyms, periods
from tests.spec.browser.people import Site
from tests.spec.pages.desk import PRACTICE, api, found, send
from tests.spec.pages.visitors import visitor
from tests.spec.workflows.fhir import NHS

pytestmark = pytest.mark.anyio
REVIEW = {"coding": [{"system": "urn:interop:codes:task", "code": "integrated-review"}]}


async def pseudonyms(site: Site, who: str) -> list[str]:
    """Under which an analyst may have somebody on the list of their practice, for each of their Patients,
    of whom some are the practice's."""
    now, known = periods(site.clock.now())[0], Pseudonyms.kept(site.engine.settings.data)
    held = await found(site, f"Patient?identifier={NHS}|{site.people[who].nhs_number}")
    return [known.of(each["id"], "G99901", purpose("risk"), now) for each in held]


async def asked(site: Site, who: str, why: str) -> None:
    """A doctor asks for the review of somebody."""
    request = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "code": REVIEW,
        "reasonCode": [{"text": why}],
    }
    await api(site, PRACTICE, "POST", "/fhir/ServiceRequest", request | {"subject": {"reference": f"Patient/{site.ids[who]}"}})


async def test_where_nobody_is_on_the_list_the_meeting_says_so(site: Site) -> None:
    async with visitor(site, "demo-gp") as ada:
        assert "Nobody of those whom you may see" in (await ada.get("/desk/meeting")).text
        assert "Nobody of those whom you may see is on this list." in (await ada.get("/desk/mdt")).text


@pytest.mark.parametrize("path", ["/desk/meeting", "/desk/relink", "/desk/mdt"])
async def test_the_meeting_is_for_those_who_review_together(site: Site, path: str) -> None:
    async with visitor(site, "demo-coordinator") as eve:
        assert (await eve.get(path)).status == 403


async def test_one_person_after_the_other_with_why_and_what_was_decided(site: Site) -> None:
    """What is decided takes a person off the list; sent twice it is noted once."""
    await asked(site, "laura", "Two falls in a year")
    await asked(site, "bill", "His wife cannot go on")
    async with visitor(site, "demo-gp") as ada:
        listed = await ada.get("/desk/mdt")
        assert "1 to 2 of 2 people" in listed.text
        assert "A clinician asks for the review: Two falls in a year" in listed.text
        page = await ada.get("/desk/meeting")
        assert page.title == "Meeting: 1 of 2"
        first = page.path.rpartition("/")[2]
        assert f"/record/{first}/plan" in page.links()
        wrong = await send(ada, page, {})
        assert (wrong.status, "Choose what the team has decided" in wrong.text) == (400, True)
        for _ in range(2):
            after = await send(ada, page, {"decision": "visit", "words": "The matron, on Friday"})
            assert (after.status, after.path != page.path) == (200, True)
        assert after.title == "Meeting: 1 of 1"
        done = await ada.get(page.path)
        assert "This person is not on the list, or no longer." in done.text
        assert done.text.count("Somebody visits: The matron, on Friday") == 1
        end = await send(ada, await ada.get(after.path), {"decision": "no-change"})
        assert "Nobody of those whom you may see" in end.text
    tasks = await found(site, f"Task?patient={first}&code=integrated-review")
    assert [each["status"] for each in tasks] == ["completed"]


async def test_whom_a_pseudonym_means_is_told_to_their_own_doctor_who_may_ask_for_a_review(site: Site) -> None:
    laura, nobody = await pseudonyms(site, "laura"), "a" * 32
    async with visitor(site, "demo-gp") as ada:
        page = await ada.get("/desk/relink")
        wrong = await ada.send(page, "/desk/relink", {"pseudonyms": "999 501 6303"})
        assert wrong.status == 400
        assert "Choose why you need to know" in wrong.text
        none = await ada.send(page, "/desk/relink", {"pseudonyms": nobody, "reason": "safety"})
        assert "0 of 1. The others are of nobody in your care" in none.text
        told = await ada.send(page, "/desk/relink", {"pseudonyms": "\n".join([*laura, nobody]), "reason": "integrated-review"})
        assert f" of {len(laura) + 1}. The others are of nobody in your care" in told.text
        assert "ORMSGILL, Laura" in told.text
        site.clock.advance(60)
        review, *_ = [str(each.action) for each in told.tree.forms if str(each.action).startswith("/desk/relink/")]
        for _ in range(2):
            page = await ada.send(told, review)
            assert page.path == review.replace("relink", "meeting")
        assert "A clinician asks for the review: High on a list of people at risk" in page.text
    asked = await found(site, "ServiceRequest?identifier=urn:interop:desk-form|")
    assert len(asked) == 1
