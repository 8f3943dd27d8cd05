"""Letters and other documents as they are shown: DocumentReferences and Compositions, one line for what is both. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from interop.fhir.shapes import Json, dicts, text
from interop.pages.record.asking import Known
from interop.pages.record.files import File, file
from interop.pages.record.narratives import Block, blocks
from interop.pages.record.origins import Origin, origin
from interop.screen.words import moment

REFERENCE, COMPOSITION = "DocumentReference", "Composition"
TYPES: Final = (REFERENCE, COMPOSITION)
STATUS: Final = {
    "current": "", "final": "", "superseded": "Superseded: a later one takes its place", "entered-in-error": "Entered in error",
    "preliminary": "Preliminary: may change", "amended": "Amended", "": "",
}  # fmt: skip
DEEPEST: Final = 12
"""Sections within sections that are shown."""


@dataclass(frozen=True, slots=True)
class Document:
    """One letter. ``type`` and ``id`` are those of the resource that is shown."""

    type: str
    id: str
    name: str
    title: str
    date: str
    when: str
    status: str
    authors: str
    files: tuple[File, ...]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Part:
    """A section: ``level`` 0 is the outermost; ``entries`` what it refers to, in words."""

    level: int
    title: str
    blocks: tuple[Block, ...]
    entries: tuple[str, ...]
    empty: str


def document(resource: Json, known: Known, *, read: bool = True) -> Document:
    """A DocumentReference or Composition as it is shown."""
    type_ = text(resource, "resourceType")
    name = known.words.of(resource.get("type")) or "Document"
    title = text(resource, "description") if type_ == REFERENCE else text(resource, "title")
    status = text(resource, "status")
    doubt = text(resource, "docStatus")
    said = STATUS.get(status, status) or (STATUS.get(doubt, doubt) if type_ == REFERENCE else "")
    return Document(
        type_,
        text(resource, "id"),
        name,
        title if title.casefold() != name.casefold() else "",
        dated(resource),
        moment(dated(resource)) if dated(resource) else "Date not known",
        said,
        ", ".join(known.people(dicts(resource, "author"))),
        tuple(file(each, at, read=read) for at, each in enumerate(attachments(resource))),
        origin(resource, known),
    )


def dated(resource: Json) -> str:
    """When it was written, as FHIR writes it."""
    return text(resource, "date") or text(resource.get("context", {}).get("period"), "start")


def attachments(resource: Json) -> list[Json]:
    """What a DocumentReference has attached."""
    held = [each.get("attachment") for each in dicts(resource, "content")]
    return [each for each in held if isinstance(each, dict)]


def documents(references: Iterable[Json], compositions: Iterable[Json], known: Known) -> list[Document]:
    """All of them, unread, the latest first. Of what came as both the Composition is shown: its sections are its words."""
    whole = list(compositions)
    structured = {each for one in whole for each in identifiers(one)}
    others = [each for each in references if structured.isdisjoint(identifiers(each))]
    made = [document(each, known, read=False) for each in (*whole, *others)]
    return sorted(made, key=lambda each: each.date, reverse=True)


def identifiers(resource: Json) -> list[tuple[str, str]]:
    """System and value of its identifiers."""
    held = [resource.get(name) for name in ("identifier", "masterIdentifier")]
    listed = [one for each in held for one in (each if isinstance(each, list) else [each])]
    return [(text(each, "system"), text(each, "value")) for each in listed if text(each, "value")]


def parts(composition: Json, known: Known) -> list[Part]:
    """The sections of a Composition in their order."""
    return list(_parts(dicts(composition, "section"), known, 0))


def _parts(sections: Sequence[Json], known: Known, level: int) -> Iterator[Part]:
    for each in sections if level < DEEPEST else ():
        words = tuple(blocks(text(each.get("text"), "div")))
        entries = () if words else tuple(filter(None, map(known.called, dicts(each, "entry"))))
        title = text(each, "title") or known.words.of(each.get("code"))
        within = dicts(each, "section")
        empty = "" if words or entries or within else known.words.of(each.get("emptyReason")) or "Nothing is said here"
        yield Part(level, title, words, entries, empty)
        yield from _parts(within, known, level + 1)
