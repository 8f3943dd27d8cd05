"""Feeds the FHIR core with bytes that reach new code, by atheris, until stopped or until something undocumented is raised.

    python -m tests.fuzz.fhir_core [json|xml|xhtml|fhirpath|terminology] [FOLDER] [-max_total_time=60] [-timeout=5]

What follows the target goes to libFuzzer; FOLDER collects inputs of interest. Ends at once where atheris is not installed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable
from typing import Any

atheris: Any = importlib.import_module("atheris") if importlib.util.find_spec("atheris") else None


def targets() -> dict[str, Callable[[bytes], Any]]:
    """What may be fed, by name; each raises only what nobody documented."""
    from interop.errors import Problem
    from interop.fhir.definitions import Definitions
    from interop.fhir.documents import read
    from interop.fhir.fhirpath import Environment, FhirPathError, TooCostly, compile
    from interop.fhir.terminology import Terminology, Uncomputable
    from interop.fhir.terminology import TooCostly as TooMany
    from interop.fhir.validation.validator import Validator
    from interop.fhir.xhtml import problems
    from interop.fhir.xml import from_xml, to_xml

    base = Definitions.base()
    terminology = Terminology(base)
    validator = Validator(base, terminology)
    patient = {"resourceType": "Patient", "id": "a", "name": [{"given": ["a", "b"], "family": "c"}], "birthDate": "1980-01-02"}

    def json(data: bytes) -> None:
        for document in read(data, "a file"):
            if document.resource is not None:
                validator.validate(document.resource)
                with contextlib.suppress(Problem):
                    from_xml(to_xml(document.resource))

    def xml(data: bytes) -> None:
        with contextlib.suppress(Problem):
            resource = from_xml(b'<Patient xmlns="http://hl7.org/fhir">' + data + b"</Patient>")
            validator.validate(resource)
            with contextlib.suppress(Problem):
                assert from_xml(to_xml(resource)) is not None

    def xhtml(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        problems(text)
        problems(f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>')

    def fhirpath(data: bytes) -> None:
        with contextlib.suppress(FhirPathError, TooCostly):
            compile(data.decode("utf-8", "replace")).evaluate(patient, Environment(budget=20_000))

    def of_terminology(data: bytes) -> None:
        for document in read(data, "a file"):
            if document.resource is not None:
                terminology.validate_code(document.resource, "http://example.org/cs", "a")
                with contextlib.suppress(Uncomputable, TooMany):
                    terminology.expand(document.resource)

    return {"json": json, "xml": xml, "xhtml": xhtml, "fhirpath": fhirpath, "terminology": of_terminology}


def main(arguments: list[str]) -> int:
    """Runs one target; 2 for an unknown one."""
    if atheris is None:
        print("atheris is not installed: nothing was run")
        return 0
    name = arguments[1] if len(arguments) > 1 else "json"
    with atheris.instrument_imports(include=["interop.fhir", "interop.formats"]):
        known = targets()
    if name not in known:
        print(f"no target {name}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    atheris.Setup([arguments[0], *arguments[2:]], known[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
