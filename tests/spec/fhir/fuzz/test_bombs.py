"""Small texts that ask for much work, and large ones: bounded by depth, size and steps, so that time grows no faster than size."""

from __future__ import annotations

import contextlib
import io
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from interop.errors import Problem
from interop.fhir.definitions import Definitions, Unusable
from interop.fhir.terminology import Terminology
from interop.fhir.validation import check
from interop.fhir.validation.validator import Validator
from interop.fhir.xhtml import problems
from interop.fhir.xml import from_xml, to_xml

GUARD = 20.0
"""Seconds of this process: far above what any of these takes, far below what one that grows by the square would."""


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < GUARD


def nested(count: int, wrap: Any, inner: Any) -> Any:
    for _ in range(count):
        inner = wrap(inner)
    return inner


def patient(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **members}


def bundle(kind: str, count: int) -> dict[str, Any]:
    """Patients of whom each refers to three others."""
    entries: list[dict[str, Any]] = []
    for each in range(count):
        links = [{"other": {"reference": f"Patient/p{(each * 7 + step) % count}"}, "type": "seealso"} for step in range(3)]
        resource = patient(id=f"p{each}", link=links)
        entries.append({"fullUrl": f"http://example.org/fhir/Patient/p{each}", "resource": resource})
    if kind == "document":
        author = [{"reference": "Patient/p0"}]
        section = [{"title": "a", "entry": [{"reference": f"Patient/p{each}"} for each in range(count)]}]
        composition = {"resourceType": "Composition", "id": "c", "status": "final", "date": "2024", "title": "a", "author": author}
        entries.insert(0, {"fullUrl": "http://example.org/fhir/Composition/c", "resource": {**composition, "section": section}})
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def again(wrap: str, **members: Any) -> Any:
    """Wraps a value into the one member of an object, in an array."""
    return lambda each: {**members, wrap: [each]}


def one(resource: str, member: str, value: Any) -> dict[str, Any]:
    return {"resourceType": resource, member: [value]}


def length(count: int = 5_000_000, text: str = "a") -> str:
    return text * count


LINK = {"other": {"reference": "#p"}, "type": "seealso"}
UNIT = {"value": 1, "system": "http://unitsofmeasure.org", "code": "(" * 100_000 + "m" + ")" * 100_000}
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'
DEEP: dict[str, Callable[[], Any]] = {
    "deep extensions": lambda: patient(extension=[nested(20_000, again("extension", url="http://a/b"), {"url": "http://a/b"})]),
    "deep arrays": lambda: patient(name=nested(50_000, lambda each: [each], 1)),
    "deep objects": lambda: patient(foo=nested(50_000, lambda each: {"a": each}, 1)),
    "deep resources": lambda: nested(3_000, again("contained", resourceType="Patient"), patient()),
    "deep bundles": lambda: nested(3_000, lambda each: one("Bundle", "entry", {"resource": each}), patient()),
    "deep items": lambda: one("QuestionnaireResponse", "item", nested(3_000, again("item", linkId="a"), {"linkId": "b"})),
    "deep concepts": lambda: one("CodeSystem", "concept", nested(2_000, again("concept", code="a"), {"code": "b"})),
    "deep narrative": lambda: patient(text={"status": "generated", "div": "<div>" * 100_000}),
    "deep unit": lambda: {"resourceType": "Observation", "valueQuantity": UNIT},
}
LONG: dict[str, Callable[[], Any]] = {
    "long id": lambda: patient(id=length()),
    "long date": lambda: patient(birthDate=length(text="1")),
    "long blank": lambda: patient(name=[{"family": length(text=" ")}]),
    "long base64": lambda: patient(photo=[{"data": length(1_000_000, "A=A")}]),
    "long reference": lambda: patient(managingOrganization={"reference": length(text="/")}),
    "long URL": lambda: patient(extension=[{"url": length()}], meta={"profile": [length()]}),
    "long OID": lambda: patient(identifier=[{"system": "urn:ietf:rfc:3986", "value": "urn:oid:" + length(2_000_000, "1.")}]),
    "long narrative": lambda: patient(text={"status": "generated", "div": DIV + length() + "</div>"}),
}
MANY: dict[str, Callable[[], Any]] = {
    "many names": lambda: patient(name=[{"family": "a"} for _ in range(20_000)]),
    "many nulls": lambda: patient(name=[{"given": [None] * 20_000, "_given": [{"id": "a"}] * 20_000}]),
    "many codings": lambda: patient(maritalStatus={"coding": [{"system": "http://a/b", "code": f"c{n}"} for n in range(20_000)]}),
    "many extensions": lambda: patient(extension=[{"url": f"http://a/{n}", "valueString": "a"} for n in range(20_000)]),
    "many profiles": lambda: patient(meta={"profile": [f"http://a/{n}" for n in range(10_000)]}),
    "many mistakes": lambda: patient(name=[1] * 50_000),
    "many members": lambda: patient(**{f"x{n}": 1 for n in range(50_000)}),
    "many contained": lambda: patient(
        contained=[patient(id=f"p{n}", link=[{"other": {"reference": f"#p{n + 1}"}, "type": "seealso"}]) for n in range(5_000)]
    ),
    "many contained of one id": lambda: patient(contained=[patient(id="p")] * 5_000, link=[LINK] * 5_000),
    "a collection": lambda: bundle("collection", 10_000),
    "a document": lambda: bundle("document", 10_000),
    "a transaction": lambda: bundle("transaction", 10_000),
    "one fullUrl": lambda: {"resourceType": "Bundle", "entry": [{"fullUrl": "http://a/b", "resource": patient()}] * 10_000},
    "a differential": lambda: {
        "resourceType": "StructureDefinition",
        "differential": {"element": [{"id": f"Patient.name:s{n}", "path": "Patient.name"} for n in range(5_000)]},
    },
    "questions": lambda: {"resourceType": "Questionnaire", "item": [{"linkId": "a", "type": "string"} for _ in range(10_000)]},
}
BOMBS = DEEP | LONG | MANY


@pytest.mark.long
@pytest.mark.parametrize("name", BOMBS)
def test_resources(name: str) -> None:
    resource = BOMBS[name]()
    base = Definitions.base()
    with guarded():
        assert isinstance(check(resource), list)
        assert isinstance(Validator(base, Terminology(base)).validate(resource), list)
        with contextlib.suppress(Problem):
            from_xml(to_xml(resource))


def xml(inside: bytes) -> bytes:
    return b'<Patient xmlns="http://hl7.org/fhir">' + inside + b"</Patient>"


@pytest.mark.parametrize(
    "body",
    [
        xml(b"<name " + b" ".join(b'a%d="1"' % each for each in range(50_000)) + b"/>"),
        xml(b'<name a="1"/>' * 20_000),
        xml(b"<foo/>" * 50_000),
        xml(b"a<name/>" * 50_000),
        xml(b"<name/><active/>" * 20_000),
        xml(b"".join(b'<a%d xmlns="urn:%d"/>' % (each, each) for each in range(20_000))),
        xml(b"<text>" + b"<div>a</div>" * 30_000 + b"</text>"),
        xml(b"<text><div xmlns='http://www.w3.org/1999/xhtml'>" + b"<div>" * 200 + b"</div>" * 200 + b"</div></text>"),
        xml(b"<!-- <div> -->" * 50_000 + b"<text><div xmlns='http://www.w3.org/1999/xhtml'/></text>"),
        xml(b"<text><div xmlns='http://www.w3.org/1999/xhtml'>" + b"a:b " * 200_000 + b"</div></text>"),
        xml(b"<text><div xmlns='http://www.w3.org/1999/xhtml' title='" + b"a>" * 200_000 + b"'/></text>"),
        xml(b"<extension url='a'>" * 250 + b"</extension>" * 250),
        b'<!DOCTYPE a [<!ENTITY b "cccccccccc"><!ENTITY d "&b;&b;&b;&b;">]>' + xml(b"&d;"),
    ],
)
def test_xml(body: bytes) -> None:
    with guarded(), contextlib.suppress(Problem):
        from_xml(body)


@pytest.mark.parametrize(
    "div",
    [
        DIV + "&nbsp;" * 500_000 + "</div>",
        DIV + "&amp;" * 90_000 + "</div>",
        DIV + "<p>a</p>" * 40_000 + "</div>",
        DIV + "<p>" * 200 + "<b/>" * 10_000 + "</p>" * 200 + "</div>",
        DIV + "<p style='" + "expression " * 100_000 + "'/></div>",
        DIV + "<a href='" + "j a v a s " * 100_000 + "'>a</a></div>",
        DIV + "<a href='" + " " * 500_000 + "'>a</a></div>",
        "<" * 500_000,
        "&" * 500_000,
    ],
)
def test_narrative(div: str) -> None:
    with guarded():
        assert isinstance(problems(div), list)


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("package/a.json", b" " * 200_000_000)


def tarred(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("package/a.json")
        member.size = 200_000_000
        archive.addfile(member, io.BytesIO(bytes(member.size)))


@pytest.mark.long
@pytest.mark.parametrize(("name", "write"), [("a.zip", zipped), ("a.tgz", tarred)])
def test_packages_that_grow_when_they_are_opened(tmp_path: Path, name: str, write: Any) -> None:
    path = tmp_path / name
    write(path)
    assert path.stat().st_size < 1_000_000
    with guarded(), pytest.raises(Unusable):
        Definitions.base().with_packages([path])


@pytest.mark.parametrize("body", [b"", b"\x1f\x8b" + bytes(100), b"PK\x03\x04" + bytes(100), b'{"a":' * 100_000, b"<a>" * 100_000])
@pytest.mark.parametrize("name", ["a.tgz", "a.zip", "a.json", "a.xml"])
def test_packages_that_are_none(tmp_path: Path, name: str, body: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with contextlib.suppress(Unusable):
        assert Definitions.base().with_packages([path]).problems
