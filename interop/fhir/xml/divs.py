"""Narrative as it stands in the text of a document: what a parser gives back has lost quotes, references and comments."""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator

from lxml import etree

from interop.errors import Problem
from interop.fhir.canonicals import XHTML
from interop.formats.xml import parse_xml

_ASIDE = r"<(?:!--.*?-->|!\[CDATA\[.*?\]\]>|\?.*?\?>|"
_TAG = r"(?P<close>/?)%sdiv(?=[\s/>])(?:[^>\"']|\"[^\"]*\"|'[^']*')*?(?P<empty>/?)>)"
_MARKUP = re.compile(_ASIDE + _TAG % "", re.DOTALL)
_MARKUP_WITH_PREFIX = re.compile(_ASIDE + _TAG % "(?:[^\\s<>/:\"'=]+:)?", re.DOTALL)
_START = re.compile(r"<div(?=[\s/>])(?:[^>\"']|\"[^\"]*\"|'[^']*')*?>", re.DOTALL)
_DEFAULT = re.compile(r"\sxmlns\s*=")
_PERHAPS_PREFIXED = re.compile(r":(?<=\w:)(?=[^\W\d])")
_PREFIXED = re.compile(r"</?(?!xml:)[^\s<>/:\"'=!?]+:|\s(?!xml:|xmlns:)[^\s<>/:\"'=]+:[^\s<>/:\"'=]+\s*=\s*[\"']")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_MOST_PREFIXES = 50
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))


def outermost(source: str) -> Iterator[tuple[int, int]]:
    """Where each outermost ``div`` of a well-formed document begins and ends, in order."""
    depth = start = 0
    markup = _MARKUP_WITH_PREFIX if ":div" in source else _MARKUP
    for found in markup.finditer(source):
        close = found["close"]
        if close is None:
            continue
        if close:
            depth -= 1
            if not depth:
                yield start, found.end()
        elif not found["empty"]:
            if not depth:
                start = found.start()
            depth += 1
        elif not depth:
            yield found.span()


def as_written(written: str, element: etree._Element) -> str | None:
    """The text of a div as it stands in the document, its namespace said; None where a prefix in it is declared outside."""
    start = _START.match(written)
    if start and not (_PERHAPS_PREFIXED.search(written) and _PREFIXED.search(written)):
        if str(element.tag).startswith(f"{{{XHTML}}}") and not _DEFAULT.search(start[0]):
            return f'<div xmlns="{XHTML}"' + written[4:]
        return written
    try:
        parse_xml(written.encode("utf-8"))
    except Problem:
        return None
    return written


def anew(element: etree._Element) -> str:
    """The text of a div written from its tree, XHTML without prefix. Raises Problem ``too-large`` for more than 50 prefixes."""
    if len(element.nsmap) > _MOST_PREFIXES:
        raise Problem("too-large", detail=f"more than {_MOST_PREFIXES} prefixes")
    spaces: dict[str | None, str] = {None: XHTML}
    spaces.update((prefix, space) for prefix, space in element.nsmap.items() if prefix and space != XHTML)
    root = etree.Element(element.tag, nsmap=spaces)
    root.text = element.text
    root.attrib.update(element.attrib)
    root.extend(_copies(element))
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")


def _copies(element: etree._Element) -> list[etree._Element]:
    made = []
    for child in element:
        copy = etree.fromstring(etree.tostring(child, with_tail=False))
        copy.tail = child.tail
        made.append(copy)
    return made


def embedded(div: str) -> str | None:
    """The text of a div as it may stand in a document, entities of HTML as character references; None where it is no such text."""
    text = div.strip(" \t\r\n")
    if "&" in text:
        text = _ENTITY.sub(_reference, text)
    if text.startswith(("<?", "<!")):
        return None
    try:
        root = parse_xml(text.encode("utf-8"))
    except (Problem, UnicodeEncodeError):
        return None
    return text if etree.QName(root).localname == "div" else None


def _reference(found: re.Match[str]) -> str:
    if found[1] in _XML_ENTITIES:
        return found[0]
    characters = html.entities.html5.get(found[1] + ";")
    return found[0] if characters is None else "".join(f"&#{ord(each)};" for each in characters)
