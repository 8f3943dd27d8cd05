"""The adapter of the family ``nhs111``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from adapters.nhs111.casefile import graft
from adapters.nhs111.documents import covered, document, documents, name, separate
from adapters.nhs111.endpoint import BASE, answer
from adapters.nhs111.envelope import envelope
from adapters.nhs111.payloads import plain
from interop.errors import Problem
from interop.formats.bodies import whole
from interop.formats.tree import Node
from interop.ports import Call, Envelope, Intake, Reply

_ITK: Final = re.compile(rb"urn:nhs-itk:(?:ns|services):201005|<(?:[\w.-]+:)?DistributionEnvelope[\s>]")
_CDA: Final = re.compile(rb"<(?:[\w.-]+:)?ClinicalDocument[\s>]")
PLACEHOLDER: Final = re.compile(rb"@@[A-Za-z][\w .:-]{0,63}@@|\{\{\s*[A-Za-z][\w .:-]{0,63}\}\}", re.ASCII)
"""What templates of this family hold in place of values: ``@@name@@``, ``{{name}}``."""
_COMMENT: Final = re.compile(rb"<!--.*?-->", re.DOTALL)


class Nhs111:
    """One ClinicalDocument is one message.

    The tables' paths start at ``ClinicalDocument``; payload, distribution envelope and SOAP envelope, where they are there, are
    reached upwards. A set of documents in one envelope (repeat callers) is a message each: ``split`` gives each in its envelope
    without the others, and what is not split is refused.
    """

    name = "nhs111"
    format = "xml"
    base = BASE
    media_types: tuple[str, ...] = ("application/xml", "text/xml", "application/soap+xml")

    def recognises(self, head: bytes) -> bool:
        """An ITK envelope, or a bare ClinicalDocument of HL7 v3 whose type id is that of CDA release 2; in UTF-16 too."""
        if b"\0" in head[:4]:
            head = head.replace(b"\0", b"")
        if b"<" not in head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:8]:
            return False
        return _ITK.search(head) is not None or (_CDA.search(head) is not None and b"POCD_HD000040" in head)

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """The file as it is, or a body for each document of a set; raises Problem ``too-large``."""
        body = whole(stream)
        try:
            body = plain(body)
        except Problem:
            return iter((body,))
        return separate(body) if len(_CDA.findall(body)) > 1 else iter((body,))

    def open(self, body: bytes) -> tuple[Envelope, Node]:
        """Envelope and ClinicalDocument, with the case file of NHS Pathways opened in its place; raises Problem."""
        node = _document(body)
        said = envelope(node)
        graft(node)
        name(node)
        return said, node

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem. The whole document has to be read for it, the case file in it not."""
        return envelope(_document(body))

    async def answer(self, call: Call, feed: str, intake: Intake) -> Reply:
        """A report over SOAP, at ``/itk``; never raises."""
        return await answer(call, feed, intake, self.envelope)


def _document(body: bytes) -> Node:
    from interop.formats.xml import read_xml

    body = plain(body)
    root = read_xml(body)
    unfilled(body)
    node = document(documents(root))
    covered(root)
    return node


def unfilled(body: bytes) -> None:
    """Raises Problem ``placeholder``, naming the line, where a template was not filled; comments may hold anything."""
    if (b"@@" not in body and b"{{" not in body) or PLACEHOLDER.search(body) is None:
        return
    bare = _COMMENT.sub(lambda comment: b"\n" * comment[0].count(b"\n"), body)
    if found := PLACEHOLDER.search(bare):
        raise Problem("placeholder", where=f"line {bare.count(chr(10).encode(), 0, found.start()) + 1}")
