"""Letters of megabytes: read to the end, and nobody else waits meanwhile."""

from __future__ import annotations

import threading

import pytest

from interop.pages.record.aside import LONG, aside, long
from tests.spec.browser.people import Site
from tests.spec.pages.desk import TESTER, api
from tests.spec.pages.visitors import visitor

pytestmark = pytest.mark.anyio
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


async def test_what_is_long_is_shaped_in_another_thread_than_the_one_that_answers_everybody() -> None:
    assert await aside(False, threading.get_ident) == threading.get_ident()
    assert await aside(True, threading.get_ident) != threading.get_ident()


def test_long_is_how_much_all_strings_of_resources_hold_however_they_stand() -> None:
    part = "x" * (LONG // 4)
    assert not long({"section": [{"text": {"div": part}}, {"section": [{"text": {"div": part}}]}]}, {"title": part})
    assert long({"section": [{"text": {"div": part}}, {"section": [{"text": {"div": part}}]}]}, [part, None, 3, part])


async def test_a_long_letter_is_shown_to_its_last_word_to_who_cares_for_the_person_and_to_the_person(fresh: Site) -> None:
    words = "<p>Word after word of a stay.</p>" * (LONG // 30)
    section = {"title": "Stay", "text": {"status": "additional", "div": f"<div {XHTML}>{words}<p>The very end.</p></div>"}}
    letter = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "Discharge letter"},
        "title": "Discharge letter",
        "date": "2026-10-14",
        "author": [{"display": "Dr Ruth Ansley"}],
        "subject": {"reference": f"Patient/{fresh.ids['bill']}"},
        "section": [section],
    }
    made = await api(fresh, TESTER, "POST", "/fhir/Composition", letter)
    async with visitor(fresh, "demo-gp") as one:
        page = await one.get(f"/record/{fresh.ids['bill']}/letters/{made['id']}?type=Composition")
        assert (page.status, page.text.count("The very end.")) == (200, 1)
    async with visitor(fresh, "demo-patient", record=fresh.ids["bill"]) as one:
        page = await one.get(f"/my/letters/{made['id']}")
        assert (page.status, page.text.count("The very end.")) == (200, 1)
