"""Patch cases of others (../shared/conformance/patch) whose documents are no resources, so that no server can be asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from lxml import etree

from interop.errors import Problem
from interop.fhir.patching import json_patch, patch_document


def test_json_patch(shared: Callable[[str], Path]) -> None:
    failed = []
    for case in json.loads(shared("conformance/patch/json-patch-tests.json").read_bytes()):
        try:
            wrong = json_patch(case["doc"], case["patch"]) != case.get("expected", "an error")
        except Problem:
            wrong = "error" not in case
        if wrong:
            failed.append(case["comment"])
    assert failed == []


def test_xml_patch(shared: Callable[[str], Path]) -> None:
    failed = []
    for case in etree.parse(shared("conformance/patch/xml-patch-tests.xml")).getroot().iter("case"):
        target, wanted = case.find("target"), case.find("patched")
        (diff,) = case.findall("{http://hl7.org/fhir}patch")
        assert target is not None
        document = etree.tostring(target[0], with_tail=False) if len(target) else b""
        try:
            patched = patch_document(document, etree.tostring(diff, with_tail=False))
            wrong = wanted is None or _plain(patched) != _plain(etree.tostring(wanted[0], with_tail=False))
        except Problem:
            wrong = wanted is not None
        if wrong:
            failed.append(case.get("name"))
    assert failed == []


def _plain(document: bytes) -> bytes:
    """Without white space between elements, comments kept."""
    root = etree.fromstring(document)
    for element in root.iter():
        element.text = element.text if (element.text or "").strip() else None
        element.tail = element.tail if (element.tail or "").strip() else None
    return etree.tostring(root, method="c14n")
