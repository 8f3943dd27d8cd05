"""``/record/{patient}/letters``: letters of all organisations, and one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from interop.api.services import Services
from interop.fhir.shapes import Json
from interop.pages.record import asking
from interop.pages.record.aside import aside, long
from interop.pages.record.documents import COMPOSITION, REFERENCE, TYPES, attachments, document, documents, identifiers, parts
from interop.pages.record.files import File
from interop.pages.record.origins import absent, lacking
from interop.pages.record.results import only
from interop.pages.record.sending import sent
from interop.pages.record.showing import showing
from interop.pages.visiting import Visit

PART: Final = "/letters"
MOST: Final = 60
"""Of each type, so many are shown: the latest."""
BINARIES: Final = 10
"""Files of one letter that are looked for."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Letters."""
    page = showing(app, visit, PART)
    page("/letters", "record/letters.html", all_of, "Letters")
    page("/letters/{id}", "record/letter.html", one_of, lambda one: str(one["letter"].name), "Letter")

    @app.api_route("/record/{patient}/letters/{id}/file", methods=["GET", "HEAD"])
    async def letter_file(request: Request, patient: str, id: str) -> Response:
        here = await visit(request)
        here.enter("record")
        found = await only(here, REFERENCE, patient, id)
        return sent(attachments(found), request.query_params.get("part", "0"))


async def all_of(here: Visit, patient: str, patients: list[Json]) -> dict[str, Any]:
    """Letters, the latest first. Raises NotGiven."""
    criteria = [("patient", patient), ("_sort", "-date"), ("_count", str(MOST)), ("_total", "accurate")]
    references, compositions = await asyncio.gather(
        asking.search(here.api, REFERENCE, criteria), asking.search(here.api, COMPOSITION, criteria)
    )
    told = [*references.outcomes, *compositions.outcomes]
    names = await asking.looked_up(here, [*patients, *references.matches, *compositions.matches], lacking(told))
    return {
        "letters": documents(references.matches, compositions.matches, names),
        "unshown": sum((each.total or 0) - len(each.matches) for each in (references, compositions)),
        "absent": absent(told, names),
    }


async def one_of(here: Visit, patient: str, patients: list[Json], id: str) -> dict[str, Any]:
    """One letter: its sections, and what is attached to it or to its other form. Raises NotGiven."""
    type_ = here.request.query_params.get("type", REFERENCE)
    found = await only(here, type_ if type_ in TYPES else REFERENCE, patient, id)
    held = found if found["resourceType"] == REFERENCE else await _reference(here, patient, found)
    names = await asking.looked_up(here, [*patients, found, *([held] if held is not None else [])])
    apart = long(found, held)
    files = (await aside(apart, lambda: document(held, names))).files if held is not None else ()
    if found is not held:
        files = tuple(each for each in files if not each.blocks)  # its words are the sections
    checked = await asyncio.gather(*(_there(here, each) for each in files[:BINARIES]))
    return {
        "apart": apart,
        "letter": document(found, names, read=False),
        "parts": await aside(apart, lambda: parts(found, names)) if found is not held else [],
        "files": [*checked, *files[BINARIES:]],
        "file_id": held["id"] if held is not None else "",
    }


async def _reference(here: Visit, patient: str, composition: Json) -> Json | None:
    """The DocumentReference of a Composition, None for none."""
    known = [f"{system}|{value}" if system else value for system, value in identifiers(composition)]
    if not known:
        return None
    escaped = ",".join(each.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$") for each in known)
    found = await asking.search(here.api, REFERENCE, [("patient", patient), ("identifier", escaped), ("_count", "1")])
    return found.matches[0] if found.matches else None


async def _there(here: Visit, file: File) -> File:
    """The same; without its Binary where that is not to be had."""
    if not file.binary:
        return file
    answer = await here.api.ask("HEAD", f"/fhir/Binary/{file.binary}")
    return file if answer.status == 200 else replace(file, binary="", elsewhere="")
