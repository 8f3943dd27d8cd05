"""The asserts of a TestScript (R4 testscript.html, TestScript.setup.action.assert)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from conformance.testscripts.content import Content
from conformance.testscripts.memory import Memory, Unset
from conformance.testscripts.operations import FORMATS
from conformance.testscripts.paths import evaluate, values
from interop.fhir.definitions import Definitions, Unusable
from interop.fhir.findings import ERROR
from interop.fhir.validation.validator import Validator

Assert = dict[str, Any]

RESPONSES = {
    "okay": 200, "created": 201, "noContent": 204, "notModified": 304, "bad": 400, "forbidden": 403, "notFound": 404,
    "methodNotAllowed": 405, "conflict": 409, "gone": 410, "preconditionFailed": 412, "unprocessable": 422,
}  # fmt: skip
"""assert-response-code-types."""
RELATIONS = {"self", "first", "previous", "prev", "next", "last"}


class NotChecked(Exception):
    """An assert that cannot be judged here; the text says why."""


class Judged(NamedTuple):
    """An assert, the message that it is about, and what that is to be compared with."""

    said: Assert
    content: Content
    wanted: str | None
    memory: Memory
    packages: tuple[Path, ...]


def judged(said: Assert, memory: Memory, packages: tuple[Path, ...] = ()) -> str:
    """'' where the assert holds, else what was wanted and what came. Raises NotChecked, Unset, BadPath."""
    asked = said.get("direction") == "request"
    content = memory.content(said.get("sourceId", ""), requests=asked)
    wanted = _wanted(said, memory)
    if "sourceId" in said and not any(name in said for name in _CHECKS):
        raise NotChecked("asks nothing")
    for name, check in _CHECKS.items():
        if name in said:
            return check(Judged(said, content, wanted, memory, packages))
    raise NotChecked("asks for nothing that is known here")


def _wanted(said: Assert, memory: Memory) -> str | None:
    """The value to compare with: ``value``, or what an expression or path gives on another fixture or message."""
    if "value" in said:
        return memory.filled(str(said["value"]))
    if "compareToSourceId" not in said:
        return None
    other = memory.content(said["compareToSourceId"])
    if expression := said.get("compareToSourceExpression"):
        return "\n".join(evaluate(other, memory.filled(expression)))
    if path := said.get("compareToSourcePath"):
        return next(iter(values(other, memory.filled(path))), "")
    if expression := said.get("expression"):
        return "\n".join(evaluate(other, memory.filled(expression)))
    if path := said.get("path"):
        return next(iter(values(other, memory.filled(path))), "")
    if header := said.get("headerField"):
        return other.headers.get(header.lower(), "")
    return None


def compared(operator: str, came: list[str], wanted: str | None, what: str) -> str:
    """'' where the operator holds between what came and what is wanted."""
    said = "\n".join(came)
    if operator in ("empty", "notEmpty"):
        return "" if bool("".join(came).strip()) == (operator == "notEmpty") else f"{what} is {said!r}, wanted {operator}"
    if operator == "eval":
        return "" if said == "true" else f"{what} is {said or 'empty'}, not true"
    if wanted is None:
        raise NotChecked("has no value to compare with")
    listed = [each.strip() for each in wanted.split(",")]
    holds: dict[str, Callable[[], bool]] = {
        "equals": lambda: said == wanted or wanted in came or _same(said, wanted),
        "notEquals": lambda: not (said == wanted or wanted in came or _same(said, wanted)),
        "in": lambda: any(each in listed for each in came),
        "notIn": lambda: not any(each in listed for each in came),
        "contains": lambda: wanted in said,
        "notContains": lambda: wanted not in said,
        "greaterThan": lambda: _greater(said, wanted),
        "lessThan": lambda: _greater(wanted, said),
        "matchesRegex": lambda: re.search(wanted, said) is not None,
        "matchesMimeClass": lambda: re.search(rf"/([\w.-]+\+)?{re.escape(wanted)}\b", said) is not None,
    }
    if operator not in holds:
        raise NotChecked(f"operator {operator!r}")
    return "" if holds[operator]() else f"{what} is {said[:200]!r}, wanted {operator} {wanted!r}"


def _same(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _greater(one: str, other: str) -> bool:
    try:
        return float(one) > float(other)
    except ValueError:
        return one > other


def _response(case: Judged) -> str:
    name = case.said["response"]
    if name not in RESPONSES:
        raise NotChecked(f"response {name!r}")
    return compared(case.said.get("operator", "equals"), [str(case.content.status)], str(RESPONSES[name]), f"status ({name})")


def _code(case: Judged) -> str:
    codes = case.memory.filled(str(case.said["responseCode"]))
    return compared(case.said.get("operator", "in" if "," in codes else "equals"), [str(case.content.status)], codes, "status")


def _content_type(case: Judged) -> str:
    came = case.content.headers.get("content-type", "").lower()
    name = case.said["contentType"]
    operator = case.said.get("operator", "equals")
    if operator in ("contains", "notContains", "matchesRegex", "matchesMimeClass"):
        return compared(operator, [came], name, "Content-Type")
    bare = came.partition(";")[0].strip()
    full = str(FORMATS.get(name, name)).partition(";")[0].strip()
    return compared(operator, [bare], full, "Content-Type")


def _header(case: Judged) -> str:
    name = case.said["headerField"]
    came = case.content.headers.get(name.lower())
    operator = case.said.get("operator", "equals" if case.wanted is not None else "notEmpty")
    return compared(operator, [came] if came is not None else [], case.wanted, f"header {name}")


def _resource(case: Judged) -> str:
    came = str((case.content.resource or {}).get("resourceType", "no resource"))
    return compared(case.said.get("operator", "equals"), [came], case.said["resource"], "the resource")


def _minimum(case: Judged) -> str:
    least = case.memory.content(case.said["minimumId"]).resource
    if least is None:
        raise NotChecked(f"{case.said['minimumId']!r} is no resource")
    came = case.content.resource or {}
    kind = str(least.get("resourceType", ""))
    inside = [each.get("resource") or {} for each in came.get("entry") or []] if kind != "Bundle" else []
    if any(not any(lacking(least, each, kind)) for each in inside):
        return ""
    lacks = next(iter(lacking(least, came, kind)), "")
    return f"lacks what {case.said['minimumId']} has at {lacks}" if lacks else ""


def lacking(least: Any, value: Any, place: str) -> Iterable[str]:
    """Where a value lacks something that the least has; items of a list may stand in any order, among others."""
    if isinstance(least, dict) and isinstance(value, dict):
        for name, part in least.items():
            if name not in value:
                yield f"{place}.{name}"
            else:
                yield from lacking(part, value[name], f"{place}.{name}")
    elif isinstance(least, list) and isinstance(value, list):
        for number, part in enumerate(least):
            if not any(next(iter(lacking(part, each, "")), None) is None for each in value):
                yield f"{place}[{number}]"
    elif isinstance(least, str) and isinstance(value, str) and place.endswith(".div"):
        if "".join(least.split()) != "".join(value.split()):
            yield place
    elif least != value or isinstance(least, bool) != isinstance(value, bool):
        yield place or "here"


def _links(case: Judged) -> str:
    """The links are good ones: each with a known relation and an address, and a self link among them (R4, search 3.1.1.4)."""
    if not case.said["navigationLinks"]:
        return ""
    links = (case.content.resource or {}).get("link") or []
    relations = [each.get("relation", "") for each in links if each.get("url")]
    if "self" not in relations or len(relations) != len(links):
        return f"links {relations}: a self link is wanted, and an address of each"
    unknown = [each for each in relations if each not in RELATIONS]
    return f"unknown links {unknown}" if unknown else ""


def _method(case: Judged) -> str:
    request = case.memory.content(case.said.get("sourceId", ""), requests=True)
    return compared(case.said.get("operator", "equals"), [request.method.lower()], case.said["requestMethod"].lower(), "the method")


def _url(case: Judged) -> str:
    request = case.memory.content(case.said.get("sourceId", ""), requests=True)
    return compared(case.said.get("operator", "equals"), [request.url], case.memory.filled(case.said["requestURL"]), "the URL")


def _body(case: Judged) -> str:
    text = case.content.body.decode("utf-8", "replace")
    return compared(case.said.get("operator", "contains"), [text], case.said["responseBody"], "the body")


def _expression(case: Judged) -> str:
    expression = case.memory.filled(case.said["expression"])
    came = evaluate(case.content, expression)
    if case.wanted is None and case.said.get("operator", "eval") not in ("empty", "notEmpty"):
        return compared("eval", came, None, expression)
    return compared(case.said.get("operator", "equals"), came, case.wanted, expression)


def _path(case: Judged) -> str:
    path = case.memory.filled(case.said["path"])
    came = values(case.content, path)
    default = "equals" if case.wanted is not None else "notEmpty"
    return compared(case.said.get("operator", default), came, case.wanted, path)


def _profile(case: Judged) -> str:
    profiles = case.memory.script.resource.get("profile", ())
    named = next((each for each in profiles if each.get("id") == case.said["validateProfileId"]), None)
    if named is None:
        raise Unset(f"no profile {case.said['validateProfileId']!r}")
    if case.content.resource is None:
        return "there is no resource to validate"
    url = named.get("reference", "")
    validator = _validator(case.packages)
    if not url.startswith("http") or validator.definitions.structure(url) is None:
        raise NotChecked(f"the profile {url} is not loaded; --package gives it")
    errors = [each for each in validator.validate(case.content.resource, (url,)) if each.severity == ERROR]
    told = "; ".join(f"{each.expression}: {each.message}" for each in errors[:3])
    return f"{len(errors)} errors against {url}: {told}" if errors else ""


@cache
def _validator(packages: tuple[Path, ...]) -> Validator:
    try:
        definitions = Definitions.base()
        return Validator(definitions.with_packages(packages) if packages else definitions)
    except Unusable as problem:
        raise NotChecked(str(problem)) from problem


_CHECKS: dict[str, Callable[[Judged], str]] = {
    "response": _response,
    "responseCode": _code,
    "contentType": _content_type,
    "headerField": _header,
    "resource": _resource,
    "minimumId": _minimum,
    "navigationLinks": _links,
    "requestMethod": _method,
    "requestURL": _url,
    "responseBody": _body,
    "validateProfileId": _profile,
    "expression": _expression,
    "path": _path,
}
"""What an assert may ask; one that asks several is judged by the first (testscript.html: an assert makes one assertion)."""
