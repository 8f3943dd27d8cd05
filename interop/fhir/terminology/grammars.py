"""Code systems that a grammar defines, judged by rule as far as the rule is sound.

Media types (RFC 6838), languages (BCP-47, RFC 5646), URIs (RFC 3986), countries (ISO 3166), currencies (ISO 4217), units (UCUM).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from interop.fhir.canonicals import CURRENCIES, UCUM, URIS
from interop.fhir.terminology import lists
from interop.fhir.terminology.filters import Pattern, TooSlow
from interop.fhir.terminology.results import Concept, Lookup
from interop.fhir.terminology.system import Filter, Selection
from interop.fhir.ucum import comparable, valid

Judge = Callable[[str], bool | None]
"""Whether a text is a code of the system; None: the grammar allows it, and whether it is in use is not known here."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
# Parameters are read leniently: senders leave out the quotes around values with spaces and slashes.
_MEDIA = re.compile(rf"{_NAME}/{_NAME}(?:[ \t]*;[ \t]*[^\s;=]+=[^;\x00-\x1f\x7f]*)*[ \t]*;?")
_LONGEST = 1_000
"""Characters of a media type: what is longer is none, and would take long to read."""
_SHORT_MEDIA = frozenset(("xml", "json", "ttl"))
_LANGUAGE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[a-wy-z0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.IGNORECASE,
)
_PRIVATE = re.compile(r"[xi](?:-[a-z0-9]{1,8})+", re.IGNORECASE)
_GRANDFATHERED = frozenset(("en-gb-oed", "sgn-be-fr", "sgn-be-nl", "sgn-ch-de"))
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=|-]|%[0-9A-Fa-f]{2})+")


def media_type(code: str) -> bool | None:
    """RFC 6838 type/subtype with parameters; also ``xml``, ``json`` and ``ttl``, which FHIR R4 lets stand for its own formats."""
    return code in _SHORT_MEDIA or (len(code) <= _LONGEST and _MEDIA.fullmatch(code) is not None)


def language(code: str) -> bool | None:
    """RFC 5646; two-letter languages and regions are checked, three-letter languages only for their shape."""
    if _PRIVATE.fullmatch(code) or code.lower() in _GRANDFATHERED:
        return True
    found = _LANGUAGE.fullmatch(code)
    if found is None:
        return False
    region = (found["region"] or "").upper()
    if region.isalpha() and region not in lists.COUNTRIES and region not in lists.USER_COUNTRIES:
        return False
    name = found["language"].lower()
    return name in lists.LANGUAGES if len(name) == 2 else None


def uri(code: str) -> bool | None:
    """An absolute URI."""
    return _URI.fullmatch(code) is not None


def country(code: str) -> bool | None:
    """ISO 3166-1: two letters are looked up, three letters and three digits have the right shape; subdivisions likewise."""
    if re.fullmatch("[A-Z]{2}", code):
        return code in lists.COUNTRIES or (None if code in lists.USER_COUNTRIES else False)
    return None if re.fullmatch("[A-Z]{3}|[0-9]{3}", code) or subdivision(code) is None else False


def subdivision(code: str) -> bool | None:
    """ISO 3166-2: a country of ISO 3166-1 and one to three letters or digits."""
    return None if re.fullmatch("[A-Z]{2}-[A-Z0-9]{1,3}", code) and code[:2] in lists.COUNTRIES else False


def currency(code: str) -> bool | None:
    return code in lists.CURRENCIES


class GrammarSystem:
    """A code system whose codes a function judges."""

    version = ""

    def __init__(self, url: str, judge: Judge, listed: Iterable[str] = ()) -> None:
        self.url = url
        self.why_open = "" if listed else f"the codes of {url} are a grammar, not a list"
        self._judge = judge
        self._listed = sorted(listed)

    def find(self, code: str) -> Concept | None:
        return Concept(code) if self._judge(code) else None

    def excludes(self, code: str) -> bool:
        return self._judge(code) is False

    def concepts(self) -> Iterable[Concept] | None:
        return map(Concept, self._listed) if self._listed else None

    def select(self, wanted: Filter) -> Selection | str:
        if wanted.op == "regex" and wanted.property in ("code", "concept"):
            try:
                return _Ruled(_matching(self._judge, Pattern(wanted.value)))
            except ValueError as error:
                return str(error)
        return f"filter '{wanted.property} {wanted.op}' cannot be computed for {self.url}"

    def subsumes(self, ancestor: str, code: str) -> bool | None:
        return None

    def lookup(self, code: str) -> Lookup | None:
        concept = self.find(code)
        return None if concept is None else Lookup(self.url, "", concept, "", [], [], [])


class Units(GrammarSystem):
    """UCUM. The filter ``canonical`` takes the units that measure the same as its value."""

    def select(self, wanted: Filter) -> Selection | str:
        if wanted.property == "canonical" and wanted.op == "=" and valid(wanted.value):
            return _Ruled(lambda code: comparable(code, wanted.value))
        return super().select(wanted)


class _Ruled:
    """Codes that a rule takes."""

    def __init__(self, rule: Judge) -> None:
        self._rule = rule

    def holds(self, code: str) -> bool | None:
        return self._rule(code)

    def codes(self) -> Iterable[str] | None:
        return None


def _matching(judge: Judge, pattern: Pattern) -> Judge:
    def rule(code: str) -> bool | None:
        pattern.again()
        try:
            return judge(code) if pattern.matches(code) else False
        except TooSlow:
            return None

    return rule


def grammar(url: str) -> GrammarSystem | None:
    """The system of that URL, where a grammar defines it."""
    if url == CURRENCIES:
        return GrammarSystem(url, currency, lists.CURRENCIES)
    if url == UCUM:
        return Units(url, valid)
    judge = _JUDGES.get(url)
    return None if judge is None else GrammarSystem(url, judge)


_JUDGES: dict[str, Judge] = {
    "urn:ietf:bcp:13": media_type,
    "urn:ietf:bcp:47": language,
    URIS: uri,
    "urn:iso:std:iso:3166": country,
    "urn:iso:std:iso:3166:-2": subdivision,
}
