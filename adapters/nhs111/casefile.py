"""The case file of NHS Pathways, which a report holds as base64 XML: put into the tree where its text stands.

It stands there as ``@PathwaysCase``, like an attribute: a walk to any depth of the document does not go through it.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Final

from interop.errors import Problem
from interop.formats.tree import Node

CASE: Final = "PathwaysCase"
_NUMBER: Final = ("@", "caseDetails/caseId", "caseDetails/@", "messageStatus")


def graft(document: Node) -> None:
    """Give each ``observationMedia/value`` in base64 that is a case file the file's tree as its kid ``@PathwaysCase``.

    What cannot be read, or tells nothing but its number, stays as it is: the file is carried whole in any case.
    """
    from interop.formats.xml import read_xml

    for media in _media(document):
        value = media.kid("value")
        if value is None or not value.value or value.text("@representation") != "B64":
            continue
        try:
            content = binascii.a2b_base64(value.value)
            case = read_xml(content) if CASE.encode() in content[:4096] else None
        except (ValueError, binascii.Error, Problem):
            continue
        if case is not None and case.name == CASE and _says(case):
            case.up = value
            value.kids = {**value.kids, "@" + CASE: [case]}


def _says(case: Node) -> bool:
    """Whether the file tells more than which case it is of: otherwise nobody has answered anything."""
    return any(not path.startswith(_NUMBER) for path, _ in case.leaves())


def _media(node: Node) -> Iterator[Node]:
    open_ = [node]
    while open_:
        at = open_.pop()
        if at.name == "observationMedia":
            yield at
        else:
            open_.extend(kid for kids in at.kids.values() for kid in kids if kid.kids)
