"""The paths of a TestScript: XPath on the XML form, JSONPath on the JSON form (R4 testscript.html, TestScript.variable.path).

Scripts in use write them loosely: XPath with the prefix ``fhir:`` or without, without ``@value``, on JSON too, and below the
root of a Bundle; JSONPath without ``$``. All are taken.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from conformance.ask.written import as_json
from conformance.testscripts.content import Content
from interop.fhir.fhirpath import Environment, FhirPathError, TooCostly, compile


class BadPath(ValueError):
    """A path or expression that cannot be evaluated."""


_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_PREFIX = re.compile(r"\b(?:fhir|f|xhtml|h):(?=[\w*])")
_ROOTED = re.compile(r"(?:(?<=^)|(?<=[(,|=<>\s]))/(?=[\w*])")
_STEP = re.compile(
    r"""(?P<deep>\.\.)(?P<under>\*|[\w-]+) | \.?\[\s*(?P<index>-?\d+)\s*\] | \.?\[\s*(?P<all>\*)\s*\] | \.(?P<every>\*)
    | \.?\[\s*(?P<quote>['"])(?P<key>.+?)(?P=quote)\s*\] | \.?(?P<name>[A-Za-z_$@][\w-]*)
    | \.?\[\s*\?\s*\(?\s*@\.(?P<field>[\w.]+)\s*(?P<op>==|!=)\s*(?P<literal>'[^']*'|"[^"]*"|[\w.-]+)\s*\)?\s*\]""",
    re.VERBOSE,
)


def values(content: Content, path: str) -> list[str]:
    """What a path gives, as text. Raises BadPath."""
    if content.format == "json" and _is_jsonpath(path):
        return [_text(each) for each in jsonpath(content.resource or {}, path)]
    return xpath(content, path)


def _is_jsonpath(path: str) -> bool:
    outside = _LITERAL.sub("", path)
    return outside[:1] in (".", "$") or ("/" not in outside and ("." in outside or "[" in outside) and outside[-1:] != "(")


def xpath(content: Content, path: str) -> list[str]:
    """XPath 1.0 on the XML form: the ``value`` of elements that have one, else their text."""
    tree = content.tree
    if tree is None:
        return []
    written = _outside(path)
    for attempt in (written, f".//{written}" if re.match(r"[A-Za-z*]", written) and "(" not in written else ""):
        if not attempt:
            continue
        try:
            found = tree.xpath(attempt)
        except etree.XPathError as problem:
            raise BadPath(f"the path {path!r} cannot be evaluated: {problem}") from problem
        if not isinstance(found, list):
            return [_number(found)]
        if found:
            return [_node(each) for each in found]
    return []


def _outside(path: str) -> str:
    """Without prefixes and with absolute paths made relative to what holds the root, outside of literals."""
    parts: list[str] = []
    last = 0
    for literal in _LITERAL.finditer(path):
        parts += [_plain(path[last : literal.start()]), literal[0]]
        last = literal.end()
    return "".join([*parts, _plain(path[last:])])


def _plain(part: str) -> str:
    return _ROOTED.sub("", _PREFIX.sub("", part.strip() if part.strip() else part))


def _node(node: Any) -> str:
    if isinstance(node, str):
        return str(node)
    value = node.get("value")
    return value if value is not None else "".join(node.itertext()).strip() or ("".join(child.get("value", "") for child in node))


def _number(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def jsonpath(resource: Any, path: str) -> list[Any]:
    """Names, indexes, ``*``, ``..name`` and filters that compare a field with a literal; lists are walked through by names."""
    found = [resource]
    rest = path.strip().removeprefix("$")
    first = re.match(r"\.?([A-Z]\w*)(?=[.\[]|$)", rest)
    if first and isinstance(resource, dict) and first[1] == resource.get("resourceType"):
        rest = rest[first.end() :]
    while rest:
        step = _STEP.match(rest)
        if step is None:
            raise BadPath(f"the path {path!r} cannot be read at {rest!r}")
        found = [value for each in found for value in _step(each, step)]
        rest = rest[step.end() :]
    return [value for each in found for value in (each if isinstance(each, list) else [each])]


def _step(value: Any, step: re.Match[str]) -> list[Any]:
    if step["deep"]:
        return _below(value, step["under"])
    if step["index"] is not None:
        at = int(step["index"])
        return [value[at]] if isinstance(value, list) and -len(value) <= at < len(value) else []
    if step["all"] or step["every"]:
        return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    if step["field"]:
        wanted = step["literal"].strip("'\"")
        alike = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
        same = [each for each in alike if wanted in [_text(one) for one in jsonpath(each, step["field"])]]
        return [same if step["op"] == "==" else [each for each in alike if each not in same]]
    name = step["key"] or step["name"]
    if isinstance(value, list):
        return [one for each in value for one in _step(each, step)]
    return [value[name]] if isinstance(value, dict) and name in value else []


def _below(value: Any, name: str) -> list[Any]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    here = [value[name]] if isinstance(value, dict) and name in value else []
    return here + [one for each in children for one in _below(each, name)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def evaluate(content: Content, expression: str) -> list[str]:
    """What a FHIRPath expression gives on the resource, as text. Raises BadPath."""
    try:
        found = compile(expression).evaluate(content.resource or {}, Environment())
    except (FhirPathError, TooCostly) as problem:
        raise BadPath(f"the expression {expression!r} cannot be evaluated: {problem}") from problem
    return [as_json(each.value) if isinstance(each.value, dict | list) else _text(each.value) for each in found]
