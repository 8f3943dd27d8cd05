"""Health problems, allergies and vaccinations, in the words of who recorded them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from fastapi.responses import HTMLResponse

from interop.fhir.shapes import Json, chosen, dicts, text
from interop.pages.portal.listing import CHUNK, listing
from interop.pages.portal.whose import Whose
from interop.pages.portal.words import absences, said
from interop.pages.record.asking import Known, search

TYPES: Final = ("AllergyIntolerance", "Condition", "Immunization")
BEGAN: Final = {"AllergyIntolerance": "onset", "Condition": "onset", "Immunization": "occurrence"}
RECORDED: Final = ("recordedDate", "assertedDate", "recorded")


@dataclass(frozen=True, slots=True)
class Problem:
    """``state`` is how it stands, '' where nobody says; ``date`` when it began, was given or was recorded; ``words`` and what it
    ``did`` are its author's."""

    name: str
    state: str
    date: str
    by: str
    did: tuple[str, ...]
    words: tuple[str, ...]


def problem(resource: Json, known: Known) -> Problem:
    """A Condition, AllergyIntolerance or Immunization. Pure."""
    kind = text(resource, "resourceType")
    code = resource.get("vaccineCode" if kind == "Immunization" else "code")
    codes = [
        text(each, "code") for name in ("verificationStatus", "clinicalStatus") for each in dicts(resource.get(name), "coding")
    ]
    codes.append(text(resource, "status"))
    began = chosen(resource, BEGAN[kind])
    at = (began[1] if isinstance(began[1], str) else text(began[1], "start")) if began is not None else ""
    people = [resource[name] for name in ("asserter", "recorder") if isinstance(resource.get(name), dict)]
    people += [each["actor"] for each in dicts(resource, "performer") if isinstance(each.get("actor"), dict)]
    reactions = [known.words.of(each) for one in dicts(resource, "reaction") for each in dicts(one, "manifestation")]
    return Problem(
        known.words.of(code) or "Not named",
        next((words for each in codes if (words := said("problem", each))), ""),
        at or next((found for name in RECORDED if (found := text(resource, name))), ""),
        ", ".join(dict.fromkeys(name for each in people if (name := known.called(each)))),
        tuple(dict.fromkeys(each for each in reactions if each)),
        tuple(dict.fromkeys(words for each in dicts(resource, "note") if (words := text(each, "text")))),
    )


async def page(whose: Whose) -> HTMLResponse:
    """All three; problems page by page, the latest first."""
    criteria = [("patient", whose.id), ("_count", CHUNK), ("_total", "accurate")]
    found = await asyncio.gather(*(search(whose.here.api, each, criteria) for each in TYPES))
    whose.lacking += [each for one in found for each in absences(one.outcomes) if each not in whose.lacking]
    names = await whose.known([each for one in found for each in one.matches])
    made = [
        sorted(dict.fromkeys(problem(each, names) for each in one.matches), key=lambda each: each.date, reverse=True)
        for one in found
    ]
    more = (found[1].total or 0) > len(found[1].matches)
    return whose.page(
        "problems.html",
        whose.titled("health problems and allergies"),
        names,
        allergies=made[0],
        problems=listing(made[1], whose.here.request.query_params.get("page", ""), more=more),
        vaccinations=made[2],
    )
