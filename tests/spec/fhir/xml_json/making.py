"""Synthetic resources that fill every element of a type, and how two resources are compared."""

from __future__ import annotations

from typing import Any

from interop.fhir import facts
from interop.formats.json import Number

DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p title=\'"one"\'>A &amp; B<br />&#160;<!-- aside --> <i>c</i>\n</p></div>'
_VALUES: dict[str, list[Any]] = {
    "boolean": [True, False],
    "decimal": [Number("72.50"), 7, Number("-0.010"), Number("1e2"), Number("1234567890123456789.0")],
    "integer": [-3, 0],
    "positiveInt": [1, 2147483647],
    "unsignedInt": [0, 5],
    "date": ["2024-02-29", "2024"],
    "dateTime": ["2024-02-03T10:11:12.500+01:00", "2024-02"],
    "instant": ["2024-02-03T10:11:12Z"],
    "time": ["10:11:12"],
    "xhtml": [DIV],
    "id": ["a-1", "b.2"],
    "code": ["one", "two"],
    "base64Binary": ["QUJD", "QUI="],
    "oid": ["urn:oid:1.2.3"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "uri": ["http://example.org/a?b=1&c=2"],
}
_TEXTS = ["plain", "A & B < C > \"D\" 'e'", "two\nlines\tand\r\nmore", " blanks ", "\u00e9\u4e2d\U0001f600"]


class Maker:
    """Makes one resource of a type; ``turn`` picks the form of each choice and the values."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.count = turn

    def resource(self, kind: str, deep: int = 3) -> dict[str, Any]:
        return {"resourceType": kind, **self.block(kind, deep)}

    def block(self, name: str, deep: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for element in facts.children(name):
            datatype = element.types[self.turn % len(element.types)]
            key = element.name
            inside = element.block
            if element.choice:
                key = key[:-3] + datatype[0].upper() + datatype[1:]
                inside = datatype
            if key == "extension" and deep < 2:
                continue
            attribute = name in ("Extension",) and key == "url"
            many = element.max is None or element.max > 1
            if datatype == "Resource":
                if deep > 1:
                    inner = [self.resource("Basic", 1), {"resourceType": "Binary", "contentType": "text/plain", "data": "QUJD"}]
                    made[key] = inner if many else inner[0]
            elif facts.is_primitive(datatype):
                if attribute or datatype == "xhtml" or (key == "id" and facts.kind(name) != "resource"):
                    made[key] = self.value(datatype)
                else:
                    self.primitive(made, key, datatype, many, deep)
            elif deep:
                made[key] = [self.block(inside, deep - 1) for _ in range(2)] if many else self.block(inside, deep - 1)
                if made[key] in ({}, [{}, {}]):
                    del made[key]
        return made

    def primitive(self, made: dict[str, Any], key: str, datatype: str, many: bool, deep: int) -> None:
        """A value; with two in three a shadow; arrays with null on either side."""
        self.count += 1
        shadow: dict[str, Any] = {"id": f"s{self.count}"}
        if deep > 1:
            shadow["extension"] = [{"url": "http://example.org/e", "valueString": "x"}]
        if many:
            made[key] = [self.value(datatype), None, self.value(datatype)]
            made["_" + key] = [None, shadow, {"id": "t"}]
        elif self.count % 3:
            made[key] = self.value(datatype)
            if self.count % 3 == 2 and deep:
                made["_" + key] = shadow
        elif deep:
            made["_" + key] = shadow

    def value(self, datatype: str) -> Any:
        self.count += 1
        values = _VALUES.get(datatype, _TEXTS if datatype in ("string", "markdown") else _VALUES["uri"])
        return values[self.count % len(values)]


def exact(value: Any) -> Any:
    """A form in which two resources are equal only if members, JSON types and the literals of numbers are; members in any order."""
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exact(member) for member in value]
    return type(value).__name__, str(value)
