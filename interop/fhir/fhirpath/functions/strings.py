"""Strings (N1 2.0.0, section 5.6, with the functions for trial use)."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable
from typing import Any

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.functions.registry import Compiling, StepRun, function, simple
from interop.fhir.fhirpath.item import STRING, Collection, Item
from interop.fhir.fhirpath.patterns import pattern, timed
from interop.fhir.fhirpath.tree import Tree
from interop.fhir.fhirpath.values import integer_of, string_of


def _paid(text: str, state: State) -> str:
    state.pay(1 + len(text) // 16)
    return text


def _of_two(name: str, said: Callable[[str, str], Any]) -> None:
    """Register what is said of a text and another; of none nothing is."""

    @simple(name, 1)
    def compute(items: Collection, _state: State, other: Collection) -> Any:
        text, part = string_of(items, name), string_of(other, name)
        return None if text is None or part is None else said(text, part)


_of_two("indexOf", str.find)
_of_two("lastIndexOf", str.rfind)
_of_two("startsWith", str.startswith)
_of_two("endsWith", str.endswith)
_of_two("contains", str.__contains__)


@simple("substring", 1, 2)
def _substring(items: Collection, _state: State, begin: Collection, count: Collection | None = None) -> str | None:
    text, start = string_of(items, "substring"), integer_of(begin, "substring")
    if text is None or start is None or not 0 <= start < len(text):
        return None
    length = None if count is None else integer_of(count, "substring")
    return text[start:] if length is None else text[start : start + max(0, length)]


@simple("upper")
def _upper(items: Collection, state: State) -> str | None:
    text = string_of(items, "upper")
    return None if text is None else _paid(text.upper(), state)


@simple("lower")
def _lower(items: Collection, state: State) -> str | None:
    text = string_of(items, "lower")
    return None if text is None else _paid(text.lower(), state)


@simple("length")
def _length(items: Collection, _state: State) -> int | None:
    text = string_of(items, "length")
    return None if text is None else len(text)


@simple("trim")
def _trim(items: Collection, state: State) -> str | None:
    text = string_of(items, "trim")
    return None if text is None else _paid(text.strip(), state)


@simple("replace", 2)
def _replace(items: Collection, state: State, old: Collection, new: Collection) -> str | None:
    text, part, other = string_of(items, "replace"), string_of(old, "replace"), string_of(new, "replace")
    if text is None or part is None or other is None:
        return None
    state.pay(1 + (len(text) + text.count(part) * len(other)) // 16)
    return text.replace(part, other)


@simple("matches", 1, 2)
def _matches(items: Collection, state: State, form_: Collection, flags: Collection | None = None) -> bool | None:
    text, form = string_of(items, "matches"), string_of(form_, "matches")
    said = string_of(flags, "matches") if flags else None
    if text is None or form is None:
        return None
    compiled = pattern(f"(?{''.join(sorted({*said} & {*'im'}))}){form}" if said and {*said} & {*"im"} else form)
    return timed(state, lambda seconds: compiled.search(text, timeout=seconds) is not None)  # type: ignore[no-any-return]


@simple("matchesFull", 1)
def _matches_full(items: Collection, state: State, form_: Collection) -> bool | None:
    text, form = string_of(items, "matchesFull"), string_of(form_, "matchesFull")
    if text is None or form is None:
        return None
    return timed(state, lambda seconds: pattern(form).fullmatch(text, timeout=seconds) is not None)  # type: ignore[no-any-return]


_GROUP = re.compile(r"\$(?:(\d)|\{(\w+)\})")


@simple("replaceMatches", 2)
def _replace_matches(items: Collection, state: State, form_: Collection, new: Collection) -> str | None:
    text, form, other = (string_of(each, "replaceMatches") for each in (items, form_, new))
    if text is None or form is None or other is None:
        return None
    if not form:
        return text
    compiled = pattern(form)
    # Groups are written $1 or ${name}; everything else stands for itself.
    pieces = _GROUP.split(other)

    def substitute(match: Any) -> str:
        said: list[str] = []
        for place, piece in enumerate(pieces):
            if place % 3 == 0:
                said.append(piece)
            elif piece is not None:
                said.append(match[int(piece) if place % 3 == 1 else piece] or "")
        made = "".join(said)
        state.pay(1 + len(made) // 16)
        return made

    try:
        return timed(state, lambda seconds: compiled.sub(substitute, text, timeout=seconds))  # type: ignore[no-any-return]
    except IndexError:
        raise FhirPathError("the regular expression has no such group") from None


@function("toChars")
def _to_chars(_compiler: Compiling, _trees: tuple[Tree, ...]) -> StepRun:
    def run(items: Collection, this: Collection, state: State) -> Collection:
        text = string_of(items, "toChars") or ""
        state.pay(len(text))
        return [Item(letter, STRING) for letter in text]

    return run


@function("split", 1)
def _split(compiler: Compiling, trees: tuple[Tree, ...]) -> StepRun:
    separator = compiler.run(trees[0])

    def run(items: Collection, this: Collection, state: State) -> Collection:
        text, by = string_of(items, "split"), string_of(separator(this, state), "split")
        if text is None or by is None:
            return []
        parts = text.split(by) if by else list(text)
        state.pay(len(parts))
        return [Item(part, STRING) for part in parts]

    return run


@simple("join", 0, 1)
def _join(items: Collection, state: State, separator: Collection = ()) -> str | None:  # type: ignore[assignment]
    by = string_of(separator, "join") or ""
    texts = [item.value for item in items if item.value is not None]
    if not all(isinstance(text, str) for text in texts):
        raise FhirPathError("join takes strings")
    state.pay(1 + sum(len(text) + len(by) for text in texts) // 16)
    return by.join(texts) if items else None


@simple("encode", 1)
def _encode(items: Collection, state: State, form: Collection) -> str | None:
    text, how = string_of(items, "encode"), string_of(form, "encode")
    if text is None or how is None:
        return None
    body = _paid(text, state).encode("utf-8", "replace")
    match how:
        case "hex":
            return body.hex()
        case "base64":
            return base64.b64encode(body).decode()
        case "urlbase64":
            return base64.urlsafe_b64encode(body).decode()
        case _:
            return None


@simple("decode", 1)
def _decode(items: Collection, state: State, form: Collection) -> str | None:
    text, how = string_of(items, "decode"), string_of(form, "decode")
    if text is None or how is None:
        return None
    try:
        match how:
            case "hex":
                return bytes.fromhex(_paid(text, state)).decode()
            case "base64":
                return base64.b64decode(text, validate=True).decode()
            case "urlbase64":
                return base64.b64decode(text, altchars=b"-_", validate=True).decode()
            case _:
                return None
    except (ValueError, binascii.Error):
        raise FhirPathError("decode: the text is not of that form") from None


@simple("escape", 1)
def _escape(items: Collection, state: State, form: Collection) -> str | None:
    text, how = string_of(items, "escape"), string_of(form, "escape")
    if text is None or how is None:
        return None
    _paid(text, state)
    if how == "html":
        return html.escape(text)
    return json.dumps(text, ensure_ascii=False)[1:-1] if how == "json" else None


@simple("unescape", 1)
def _unescape(items: Collection, state: State, form: Collection) -> str | None:
    text, how = string_of(items, "unescape"), string_of(form, "unescape")
    if text is None or how is None:
        return None
    _paid(text, state)
    if how == "html":
        return html.unescape(text)
    return _ESCAPED.sub(_plain, text) if how == "json" else None


_ESCAPED = re.compile(r"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt]")


def _plain(match: re.Match[str]) -> str:
    said: str = json.loads(f'"{match[0]}"')
    return "\ufffd" if "\ud800" <= said <= "\udfff" and len(said) == 1 else said
