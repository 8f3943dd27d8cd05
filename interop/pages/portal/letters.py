"""Letters: a list, and each as its author wrote it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from fastapi.responses import HTMLResponse

from interop.api.inside import NotGiven
from interop.fhir.shapes import Json, dicts, text
from interop.pages.portal.listing import CHUNK, listing
from interop.pages.portal.whose import Whose
from interop.pages.portal.words import absences, said
from interop.pages.record.aside import aside, long
from interop.pages.record.asking import Found, Known, get, search
from interop.pages.record.files import File, file
from interop.pages.record.narratives import Block, blocks

TYPES: Final = ("Composition", "DocumentReference")


@dataclass(frozen=True, slots=True)
class Letter:
    """``about`` is what its author says that it is about; ``by`` who wrote it; ``parts`` headings with what stands under them."""

    id: str
    title: str
    date: str
    by: str
    about: str
    status: str
    parts: tuple[tuple[str, list[Block]], ...] = ()
    files: tuple[File, ...] = ()


def letter(resource: Json, known: Known, *, read: bool = False) -> Letter:
    """A Composition or DocumentReference as it is listed, or with the words of its files where they are to be ``read``. Pure."""
    kind = known.words.of(resource.get("type")) or next((known.words.of(each) for each in dicts(resource, "category")), "")
    title = text(resource, "title") or kind or "Letter"
    files = [each.get("attachment") for each in dicts(resource, "content")]
    about = text(resource, "description")
    if kind == "Referrer":
        title = "Referral letter"
    authors = [resource["custodian"]] if isinstance(resource.get("custodian"), dict) else []
    by = [name for each in [*dicts(resource, "author"), *authors] if (name := known.called(each))]
    status = text(resource, "status")
    if text(resource, "resourceType") == "DocumentReference" and text(resource, "docStatus"):
        status = text(resource, "docStatus") if status == "current" else status
    return Letter(
        text(resource, "id"),
        title,
        text(resource, "date"),
        ", ".join(dict.fromkeys(by)),
        about if about != title else "",
        said("letter", status),
        (),
        tuple(file(each, at, read=read) for at, each in enumerate(files) if isinstance(each, dict)),
    )


def sections(resource: Json, depth: int = 0) -> list[tuple[str, list[Block]]]:
    """The parts of a Composition in their order: heading and words. Pure."""
    found = []
    for each in dicts(resource, "section"):
        held = blocks(text(each.get("text"), "div"))
        if held or text(each, "title"):
            found.append((text(each, "title"), held))
        if depth < 6:
            found += sections(each, depth + 1)
    return found


async def latest(whose: Whose, count: str = CHUNK) -> list[Found]:
    """Letters of both types, the newest first. Raises NotGiven."""
    criteria = [("patient", whose.id), ("_sort", "-date"), ("_count", count), ("_total", "accurate")]
    found = await asyncio.gather(*(search(whose.here.api, each, criteria) for each in TYPES))
    whose.lacking += [each for one in found for each in absences(one.outcomes) if each not in whose.lacking]
    return list(found)


def shown(found: list[Found], known: Known) -> list[Letter]:
    """All of them, the newest first."""
    listed = [letter(each, known) for one in found for each in one.matches]
    return sorted(listed, key=lambda each: each.date, reverse=True)


async def page(whose: Whose) -> HTMLResponse:
    """The list, page by page."""
    found = await latest(whose)
    names = await whose.known([each for one in found for each in one.matches])
    more = any((each.total or 0) > len(each.matches) for each in found)
    listed = listing(shown(found, names), whose.here.request.query_params.get("page", ""), more=more)
    return whose.page("letters.html", whose.titled("letters"), names, letters=listed)


async def one(whose: Whose, id: str) -> HTMLResponse:
    """A letter in full; only where it is about the person. Raises NotGiven."""
    for type_ in TYPES:
        found = await search(whose.here.api, type_, [("patient", whose.id), ("_id", id)])
        if found.matches:
            break
    else:
        raise NotGiven(404, {"sentence": "There is no such letter in this record."})
    resource = await get(whose.here.api, f"/fhir/{type_}/{id}")
    names = await whose.known([resource])
    apart = long(resource)
    made = await aside(apart, lambda: letter(resource, names, read=True))
    kept = {each.number for each in made.files if each.binary and await _there(whose, each.binary)}
    values: dict[str, Any] = {
        "tab": "Letter",
        "letter": made,
        "sections": await aside(apart, lambda: sections(resource)),
        "kept": kept,
    }
    return await aside(apart, lambda: whose.page("letter.html", made.title, names, **values))


async def _there(whose: Whose, binary: str) -> bool:
    return (await whose.here.api.ask("HEAD", f"/fhir/Binary/{binary}")).status == 200
