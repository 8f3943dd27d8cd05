"""In which form an answer is given and a body has come: media types (FHIR R4 http, 3.1.0.1.10; RFC 9110, 12.5.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from interop.api.asgi import FHIR_JSON, Request

JSON: Final = "json"
XML: Final = "xml"
VERSIONS: Final = ("4.0", "4.0.1")
"""What ``fhirVersion`` may say: the version that is served (FHIR R4, versioning.html)."""
_FHIR: Final = {JSON: "application/fhir+json", XML: "application/fhir+xml"}
_GENERIC: Final = {"application/json": JSON, "text/json": JSON, "application/xml": XML, "text/xml": XML}
_NAMED: Final = {
    **{media: (kind, media) for kind, media in _FHIR.items()},
    **{media: (kind, media) for media, kind in _GENERIC.items()},
    "application/json+fhir": (JSON, _FHIR[JSON]),
    "application/xml+fhir": (XML, _FHIR[XML]),
}
_SHORT: Final = {"json": JSON, "xml": XML}
_HTML: Final = ("text/html", "application/xhtml+xml", "html")
_UTF8: Final = ("utf-8", "utf8", "us-ascii")


class Form(NamedTuple):
    """How an answer is given: as JSON or XML, under which Content-Type, with line breaks or without.

    ``explicit``: a form of FHIR was asked for by name, so that a Binary is shown as a resource. ``acceptable`` is false where the
    client takes no form that there is; the form is then the one for telling so.
    """

    kind: str = JSON
    content_type: bytes = FHIR_JSON
    pretty: bool = False
    explicit: bool = False
    acceptable: bool = True


DEFAULT: Final = Form()
POSTED: Final = "interop.shown"
"""Key of a request's scope: the parameters that have come in its body, where they say how the answer is to look as well."""


def form_of(request: Request) -> Form:
    """The form that a request asks for: ``_format`` goes before ``Accept``; ``_pretty``."""
    query: bytes = request.scope.get("query_string", b"")
    accept = request.headers.get(b"accept", b"")
    posted: list[tuple[str, str]] = request.scope.get(POSTED, [])
    if posted or (query and (b"_format" in query or b"_pretty" in query)):
        said = dict(_pairs(query) + [(name, value.replace(" ", "+")) for name, value in posted])
        return asked(accept, said.get("_format", ""), said.get("_pretty", ""))
    return _accepted(accept) if accept else DEFAULT


def _pairs(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string, a plus sign left as it is: so are media types written; [] where there are too many."""
    try:
        return parse_qsl(query.decode("latin-1").replace("+", "%2B"), max_num_fields=1000)
    except ValueError:
        return []


@lru_cache(maxsize=512)
def _accepted(accept: bytes) -> Form:
    return _negotiated(accept.decode("latin-1"), parameter=False)


def asked(accept: bytes, format_: str, pretty: str) -> Form:
    """The form that these three ask for; '' for one that was not given."""
    form = _negotiated(format_, parameter=True) if format_.strip() else _accepted(accept) if accept else DEFAULT
    return form._replace(pretty=pretty == "true") if pretty in ("true", "false") else form


@lru_cache(maxsize=512)
def _negotiated(wanted: str, *, parameter: bool) -> Form:
    """The form that suits best: the highest weight, then the first named."""
    ranges = []
    refused: set[str] = set()
    for place, part in enumerate(wanted.lower().replace(" json", "+json").replace(" xml", "+xml").split(",")):
        media, said = parts(part)
        weight = _weight(said.get("q", "1"))
        if weight:
            ranges.append((-weight, place, media, said))
        elif media in _NAMED:
            refused.add(_NAMED[media][0])
    for _, _, media, said in sorted(ranges, key=lambda each: each[:2]):
        version = said.get("fhirversion", "")
        form = _form(media, refused, parameter)
        if form is not None and (not version or version in VERSIONS):
            return form._replace(content_type=form.content_type + f"; fhirVersion={version}".encode()) if version else form
    return Form(acceptable=False)


def _form(media: str, refused: set[str], parameter: bool) -> Form | None:
    if media in _HTML:
        return Form(JSON, b"application/json; charset=utf-8", pretty=True)
    if media in _NAMED:
        kind, media = _NAMED[media]
        return Form(kind, f"{media}; charset=utf-8".encode(), explicit=True)
    if parameter and media in _SHORT:
        return Form(_SHORT[media], f"{_FHIR[_SHORT[media]]}; charset=utf-8".encode(), explicit=True)
    if not parameter and media in ("*/*", "application/*", "text/*"):
        kind = next((each for each in (JSON, XML) if each not in refused), "")
        family = f"text/{kind}" if media == "text/*" else _FHIR.get(kind, "")
        return Form(kind, f"{family}; charset=utf-8".encode()) if kind else None
    return None


@lru_cache(maxsize=512)
def body_kind(content_type: str) -> str | None:
    """``json`` or ``xml`` for a Content-Type under which resources of R4 come, in UTF-8 where it says so; None for any other."""
    media, said = parts(content_type.lower())
    if said.get("charset", "utf-8") not in _UTF8 or said.get("fhirversion", "4.0") not in VERSIONS:
        return None
    return _NAMED[media][0] if media in _NAMED else None


def parts(text: str) -> tuple[str, dict[str, str]]:
    """A media type and its parameters by name."""
    media, *rest = (each.strip() for each in text.split(";"))
    pairs = (each.partition("=") for each in rest)
    return media, {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0
    return weight if 0 <= weight <= 1 else 0
