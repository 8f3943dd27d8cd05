"""What importing a part of the FHIR core loads: parsers and the larger parts only where they are needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"lxml", "orjson", "regex", "jinja2", "httpx", "hypothesis"}
"""Libraries that cost some milliseconds or megabytes."""


def loaded(code: str) -> set[str]:
    """The parts of ``interop.fhir`` and the heavy libraries that a new interpreter has after running ``code``."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60).stdout.split()
    parts = {".".join(name.split(".")[:3]) for name in names if name.startswith("interop.fhir.")}
    return parts | {name for name in names if name in HEAVY}


def of(*parts: str) -> set[str]:
    """Full names of parts of ``interop.fhir``."""
    return {f"interop.fhir.{part}" for part in parts}


FACTS = of("canonicals", "facts", "parameters", "tables")
CHECK = FACTS | of("findings", "names", "primitives", "references", "validation", "xhtml")


@pytest.mark.parametrize(
    ("module", "may"),
    [
        ("interop.fhir.facts", FACTS),
        ("interop.fhir.findings", of("findings")),
        ("interop.fhir.validation", CHECK),
        ("interop.fhir.searching", FACTS | of("references", "rows", "searching", "ucum")),
        ("interop.fhir.terminology", of("canonicals", "shapes", "terminology", "ucum")),
        ("interop.fhir.fhirpath", FACTS | of("fhirpath", "ucum", "xhtml") | {"regex"}),
    ],
)
def test_a_part_loads_what_it_names_and_no_parser(module: str, may: set[str]) -> None:
    assert loaded(f"import {module}") - may == set()


def test_a_resource_is_checked_without_parser_where_it_has_no_narrative() -> None:
    """And without FHIRPath, where all its invariants are hot."""
    code = "from interop.fhir.validation import check; assert len(check({'resourceType': 'Patient', 'id': 'a'})) == 1"
    assert loaded(code) - CHECK == set()


@pytest.mark.parametrize("module", ["interop.app.engine", "interop.app.workshop", "interop.api.app", "interop.apply.pool"])
def test_the_engine_starts_without_what_only_validators_need(module: str) -> None:
    """Rules are FHIRPath, so the engine knows it; the mappers do not."""
    unused = of("definitions", "documents", "terminology", "xml", "generate")
    assert loaded(f"import {module}") & (unused if module != "interop.apply.pool" else unused | of("fhirpath")) == set()
