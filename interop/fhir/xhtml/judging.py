"""What the narrative of a resource may hold (FHIR R4, narrative.html; Narrative invariants txt-1 and txt-2).

Elements and attributes are those of the invariants, with what HTML 4.0 has in the chapters that txt-1 names (7 to 11, 15) besides.
"""

from __future__ import annotations

import html.entities
import re

from lxml import etree

from interop.errors import Problem
from interop.fhir.canonicals import XHTML
from interop.fhir.xhtml.reasons import BLANK
from interop.formats.xml import parse_xml

_XML = "{http://www.w3.org/XML/1998/namespace}"
_BLANKS = " \t\r\n"
_MOST_TAGS = 100_000


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS = _names(
    """
    a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4
    h5 h6 hr i img kbd li map ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var
    """
)
_ATTRIBUTES = _names(
    """
    abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset
    cite class colspan compact coords dir frame headers height href hreflang hspace id idref ismap lang longdesc name
    nohref nowrap rel rev rowspan rules scope shape span src start style summary tabindex title type usemap valign
    value vspace width
    """
) | {_XML + "lang", _XML + "space"}
_OTHER_HTML = _names(
    """
    applet audio base basefont body button canvas center del details embed fieldset font footer form frame frameset
    head header html iframe input ins isindex label legend link main math menu meta nav noframes noscript object
    optgroup option param s script section select source strike style svg template textarea title u video
    """
)
_TAGS = {f"{{{XHTML}}}{name}": name for name in _ELEMENTS}
_NOT_IN_PARAGRAPH = frozenset(("blockquote", "div", "dl", "hr", "ol", "p", "pre", "table", "ul"))
_BLOCKS = tuple(f"{{{XHTML}}}{name}" for name in sorted(_NOT_IN_PARAGRAPH))
_PARAGRAPH = f"{{{XHTML}}}p"
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset(("amp", "lt", "gt", "quot", "apos"))
_ACTIVE = re.compile(r"[\x00-\x20]*(?:j\s*a\s*v\s*a|v\s*b)\s*s\s*c\s*r\s*i\s*p\s*t\s*:", re.IGNORECASE)
_ACTIVE_STYLE = re.compile(r"expression\s*\(|javascript\s*:|@import|behaviou?r\s*:|-moz-binding", re.IGNORECASE)
_IMAGE = re.compile(r"(?:https?:|data:\s*image/|cid:|#|(?![a-z][a-z0-9+.\-]*:)(?!//)[^\s])", re.IGNORECASE)
_HAS_CONTENT = etree.XPath(
    "boolean(descendant::text()[normalize-space()] or descendant::h:img[@src])", namespaces={"h": XHTML}, smart_strings=False
)


def judged(div: str) -> tuple[str, ...]:
    """As ``interop.fhir.xhtml.problems``, each time anew."""
    found: dict[str, None] = {}
    text = div.strip(_BLANKS)
    if "&" in text:
        if text.count("&") > _MOST_TAGS:
            return ("is too large",)
        if any(each[1] not in _XML_ENTITIES for each in _ENTITY.finditer(text)):
            found["has an entity that XML lacks"] = None
        text = _ENTITY.sub(_reference, text)
    root = _root(text)
    if isinstance(root, str):
        found[root] = None
        return tuple(found)
    if root.tag != f"{{{XHTML}}}div":
        named = etree.QName(root).localname == "div"
        found["is not in the namespace of XHTML" if named else "has another root than div"] = None
        if named:
            return tuple(found)
    for element in root.iter():
        name = _TAGS.get(str(element.tag))
        if name is None:
            found[_unknown(element)] = None
        items = element.items()
        if items:
            _attributes(name, items, found)
    _paragraphs(root, found)
    if not _HAS_CONTENT(root):
        found[BLANK] = None
    return tuple(found)


def _root(text: str) -> etree._Element | str:
    """The root, or why there is none."""
    if text.startswith("<?"):
        return "is not well-formed"
    if text.count("<") > _MOST_TAGS:
        return "is too large"
    try:
        return parse_xml(text.encode("utf-8"))
    except UnicodeEncodeError:
        return "is not well-formed"
    except Problem as problem:
        return {
            "document-type": "has a document type",
            "too-deep": "is nested too deep",
            "too-large": "is too large",
        }.get(problem.reason.name, "is not well-formed")


def _reference(found: re.Match[str]) -> str:
    if found[1] in _XML_ENTITIES:
        return found[0]
    return html.entities.html5.get(found[1] + ";", "?").replace("&", "&amp;").replace("<", "&lt;")


def _unknown(element: etree._Element) -> str:
    name = etree.QName(element)
    if name.namespace != XHTML:
        return "has an element of another namespace"
    local = name.localname.lower()
    if name.localname in _OTHER_HTML or local in _OTHER_HTML or local in _ELEMENTS:
        return f"must not hold the element {name.localname if len(name.localname) < 16 else local}"
    return "has an element that narrative does not have"


def _attributes(element: str | None, items: list[tuple[str, str]], found: dict[str, None]) -> None:
    for name, value in items:
        if name not in _ATTRIBUTES:
            event = name.lower().startswith("on") and name.isascii() and name.isalpha() and len(name) <= 24
            found["has an event handler" if event else "has an attribute that narrative does not have"] = None
        elif name == "href" or name == "src" or name == "cite" or name == "longdesc":
            if _ACTIVE.match(value):
                found["links to a script"] = None
            elif name == "src" and element == "img" and not _IMAGE.match(value):
                found["has an image from where none may come"] = None
        elif name == "style" and _ACTIVE_STYLE.search(value):
            found["has an active style"] = None


def _paragraphs(root: etree._Element, found: dict[str, None]) -> None:
    """HTML 4.0, 9.3.1: a paragraph holds no block."""
    for paragraph in root.iter(_PARAGRAPH):
        for inner in paragraph.iterdescendants(*_BLOCKS):
            found[f"has {etree.QName(inner).localname} in a paragraph"] = None
            break
