"""Values of strings and URIs (FHIR R4 search, 3.1.1.4.8 and 3.1.1.4.13)."""

from __future__ import annotations

from typing import Final

from interop.api.searching.combining import any_of
from interop.api.searching.escapes import plain
from interop.api.searching.unsupported import malformed
from interop.fhir.searching import normalise, unpunctuated
from interop.store.where import All, Text, Token, Where

WHOLE: Final = frozenset(("name", "address", "phonetic"))
"""Parameters over all parts of a name or address: several words may be parts of one each."""


def string(name: str, value: str, modifier: str) -> Where:
    """The start of a text, its whole (``:exact``) or a part (``:contains``, ``:text``); case and accents
    count for ``:exact`` alone."""
    if modifier == "exact":
        return Text(name, plain(value), "exact")
    text = normalised(name, value)
    match = "contains" if modifier in ("contains", "text") else "starts"
    bare = text if text.isalnum() else unpunctuated(text)
    found: list[Where] = [Text(name, each, match) for each in dict.fromkeys((text, bare)) if each]
    words = text.split(" ")
    if len(words) > 1 and name in WHOLE and not modifier:
        found.append(All(tuple(Text(name, word) for word in words)))
    return any_of(found)


def normalised(name: str, value: str) -> str:
    """The text that is compared; raises Problem ``bad-parameter`` where nothing is left of it."""
    text = normalise(plain(value))
    if not text:
        raise malformed(name, "a text is wanted")
    return text


def uri(name: str, value: str, modifier: str) -> Where:
    """The whole URI; with ``:below`` what begins with it; with ``:above`` what it begins with, by steps of its path. Of a canonical
    ``url|version`` the business version counts too."""
    text = plain(value)
    url, mark, version = text.rpartition("|")
    if name == "url" and mark and not modifier:
        return All((Text(name, url, "equals"), Token("version", version)))
    if modifier == "below":
        return Text(name, text, "starts")
    if modifier == "above":
        return any_of([Text(name, each, "equals") for each in _above(text)])
    return Text(name, text, "equals")


def _above(text: str) -> list[str]:
    """A URI and what is above it, each with and without a slash at its end."""
    start = text.find("://") + 3 if "://" in text else 0
    separator = "/" if start else ":"
    ends = [place for place, each in enumerate(text) if each == separator and place > start]
    found = [text]
    for end in reversed(ends):
        found += [text[: end + 1], text[:end]] if separator == "/" else [text[:end]]
    return list(dict.fromkeys(found))
