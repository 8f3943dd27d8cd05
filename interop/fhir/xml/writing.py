"""A resource as FHIR XML, elements in the standard's order (FHIR R4, xml.html)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from interop.errors import Problem
from interop.fhir.canonicals import FHIR
from interop.fhir.names import shown
from interop.fhir.xml.divs import embedded
from interop.fhir.xml.plan import (
    ATTRIBUTE,
    BOOLEAN,
    COMPLEX,
    DIV,
    NUMBER,
    RESOURCE,
    TEXT,
    Block,
    Field,
    block,
    known_resource,
    value_of,
)

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPECIAL = re.compile('[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


class _Refused(Exception):
    """What XML would lose; ``steps`` lead to it, the last first."""

    def __init__(self, why: str) -> None:
        self.why = why
        self.steps: list[str] = []


def to_xml(resource: dict[str, Any]) -> bytes:
    """The resource as XML in UTF-8 with a declaration, without white space between elements.

    Reading it again gives the same resource, save that HTML's entities in narrative (``&nbsp;``) become character references,
    an array that holds only null is left out, and null fills arrays of primitives and of their shadows to the same length.
    Raises Problem ``invalid-resource``, its ``where`` the element, for what XML could not say: no resource of R4, an unknown
    element, a value of the wrong JSON type, an empty array, a null without extension, a character that XML lacks, narrative
    that is not well-formed; ``too-deep`` for too many objects within each other.
    """
    out: list[str] = [_HEAD]
    try:
        _resource(out, resource, f' xmlns="{FHIR}"')
    except _Refused as refused:
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        steps = [kind if isinstance(kind, str) and known_resource(kind) else "Resource", *reversed(refused.steps)]
        raise Problem("invalid-resource", where=".".join(steps), detail=refused.why) from None
    except RecursionError:
        raise Problem("too-deep") from None
    return "".join(out).encode("utf-8")


def _resource(out: list[str], value: Any, space: str) -> None:
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(kind, str) or not known_resource(kind):
        raise _Refused("is no resource of R4")
    if len(value) == 1:
        out.append(f"<{kind}{space}/>")
        return
    out.append(f"<{kind}{space}>")
    _content(out, value, block(kind), True)
    out.append(f"</{kind}>")


def _content(out: list[str], value: dict[str, Any], plan: Block, is_resource: bool = False) -> None:
    """The members of an object as elements; its attributes are written already."""
    fields: list[Field] = []
    members = plan.members
    last = -1
    ordered = True
    for name in value:
        field = members.get(name)
        if field is None:
            if is_resource and name == "resourceType":
                continue
            said = shown(name)
            raise _at(_Refused("is no element of R4"), said) if said else _Refused("has a member that is no element of R4")
        if name is not field.name and name[0] == "_" and name == field.shadow and field.name in value:
            continue
        if field.rank < last:
            ordered = False
        last = field.rank
        fields.append(field)
    if not ordered:
        fields.sort(key=_rank)
    for field in fields:
        kind = field.kind
        name = field.name
        try:
            if kind <= NUMBER:
                each = value.get(name)
                if kind == TEXT and not field.many and type(each) is str and field.shadow not in value:
                    out.append(
                        f'<{name} value="{_SPECIAL.sub(_escape, each)}"/>' if _SPECIAL.search(each) else f'<{name} value="{each}"/>'
                    )
                else:
                    _primitive(out, field, value)
            elif kind == ATTRIBUTE:
                continue
            elif field.many or isinstance(value[name], list):
                _list(out, field, value[name])
            else:
                _WRITERS[kind](out, field, value[name])
        except _Refused as refused:
            if not refused.steps or refused.steps[-1][:1] != "[":
                raise _at(refused, name) from None
            refused.steps[-1] = name + refused.steps[-1]
            raise


def _rank(field: Field) -> int:
    return field.rank


def _at(refused: _Refused, step: str) -> _Refused:
    refused.steps.append(step)
    return refused


def _list(out: list[str], field: Field, values: Any) -> None:
    _fits(field, values)
    write = _WRITERS[field.kind]
    place = -1
    try:
        for each in values:
            place += 1
            write(out, field, each)
    except _Refused as refused:
        raise _at(refused, f"[{place}]") from None


def _fits(field: Field, values: Any) -> None:
    """An array where one belongs; elsewhere only several, for so is it read that an element repeats."""
    if not isinstance(values, list):
        raise _Refused("must be an array")
    if not values:
        raise _Refused("must not be an empty array")
    if not field.many and len(values) == 1:
        raise _Refused("must not be an array")


def _complex(out: list[str], field: Field, value: Any) -> None:
    if not isinstance(value, dict):
        raise _Refused("must be an object")
    _element(out, field, value, "")


def _element(out: list[str], field: Field, value: dict[str, Any], said: str) -> None:
    """With its attributes, then those that are ``said`` already, and what stands in it."""
    name = field.name
    plan = field.block
    start = _attributes(value, plan) + said
    if value.keys() <= plan.attributes.keys():
        out.append(f"<{name}{start}/>")
        return
    out.append(f"<{name}{start}>")
    _content(out, value, plan)
    out.append(f"</{name}>")


def _attributes(value: dict[str, Any], plan: Block) -> str:
    said = ""
    for name in plan.attributes:
        if name in value:
            text = value[name]
            if not isinstance(text, str):
                raise _at(_Refused("must be a string"), name)
            try:
                said += f' {name}="{_SPECIAL.sub(_escape, text)}"'
            except _Refused as refused:
                raise _at(refused, name) from None
    return said


def _primitive(out: list[str], field: Field, holder: dict[str, Any]) -> None:
    name = field.name
    values = holder.get(name)
    shadows = holder.get(field.shadow)
    if not field.many and not isinstance(values, list) and not isinstance(shadows, list):
        _value(out, field, values, shadows)
        return
    for each in (values, shadows):
        if each is not None:
            _fits(field, each)
    values = values or []
    shadows = shadows or []
    place = 0
    try:
        for place in range(max(len(values), len(shadows))):
            _value(out, field, values[place] if place < len(values) else None, shadows[place] if place < len(shadows) else None)
    except _Refused as refused:
        raise _at(refused, f"[{place}]") from None


def _value(out: list[str], field: Field, value: Any, shadow: Any) -> None:
    start = "" if value is None else f' value="{_literal(value, field.kind)}"'
    if shadow is None:
        if value is None:
            raise _Refused("has neither value nor extension")
        out.append(f"<{field.name}{start}/>")
        return
    if not isinstance(shadow, dict):
        raise _Refused("must have an object beside it")
    if not shadow and value is not None:
        raise _Refused("has an empty object beside it")
    _element(out, field, shadow, start)


def _literal(value: Any, kind: int) -> str:
    """The value attribute. Text stands for a number or boolean only where it would be read as text again."""
    if isinstance(value, str):
        if kind != TEXT and not isinstance(value_of(value, kind), str):
            raise _Refused("has the wrong JSON type")
        return _SPECIAL.sub(_escape, value)
    if isinstance(value, bool):
        if kind == BOOLEAN:
            return "true" if value else "false"
    elif kind == NUMBER:
        if isinstance(value, int):
            return str(value)
        if isinstance(value, (Decimal, float)) and isinstance(value_of(str(value), NUMBER), (int, Decimal)):
            return str(value)
    raise _Refused("has the wrong JSON type")


def _escape(found: re.Match[str]) -> str:
    escaped = _ESCAPES.get(found[0])
    if escaped is None:
        raise _Refused("holds a character that XML lacks")
    return escaped


def _contained(out: list[str], field: Field, value: Any) -> None:
    out.append(f"<{field.name}>")
    _resource(out, value, "")
    out.append(f"</{field.name}>")


def _div(out: list[str], field: Field, value: Any) -> None:
    text = embedded(value) if isinstance(value, str) else None
    if text is None:
        raise _Refused("is no well-formed XHTML in a div")
    out.append(text)


_WRITERS = {COMPLEX: _complex, RESOURCE: _contained, DIV: _div}
