"""docs/specification.md from the tests: a chapter a folder of tests/spec, a section a module, a line a test.

python -m tests.specification [--check]
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.places import ROOT

SPEC = ROOT / "tests" / "spec"
PAGE = ROOT / "docs" / "specification.md"
HEAD = """# Specification

What the tests under `tests/spec` hold, in their own words: a chapter for each folder, a section for each module, a line for each
test. `scripts/generate` writes this page.
"""
WORDS = {
    word.lower(): word
    for word in (
        "API",
        "CDA",
        "CSV",
        "ER7",
        "FHIR",
        "HL7",
        "HTTP",
        "ITK",
        "JSON",
        "MLLP",
        "NHS",
        "ODS",
        "OpenHR",
        "R4",
        "README",
        "URL",
    )
} | {
    "bars": "BaRS",
    "ers": "e-RS",
    "hl7v2": "HL7 v2",
    "itk3": "ITK3",
    "nhs111": "NHS 111",
    "postgresql": "PostgreSQL",
    "sqlite": "SQLite",
    "uuid": "UUID",
    "xml": "XML",
}
"""How words of names are written."""


def page(spec: Path = SPEC) -> str:
    """The whole page."""
    return "\n".join(_lines(spec)).rstrip() + "\n"


def _lines(spec: Path) -> Iterator[str]:
    yield HEAD
    for folder in sorted(path for path in spec.iterdir() if path.is_dir()):
        modules = sorted(folder.glob("test_*.py"))
        if not modules:
            continue
        yield f"## {_title(folder.name)}"
        yield ""
        for module in modules:
            yield from _section(module)


def _section(module: Path) -> Iterator[str]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    yield f"### {_title(module.stem.removeprefix('test_'))}"
    yield ""
    said = ast.get_docstring(tree)
    if said:
        yield _plain(said)
        yield ""
    tests = list(_tests(tree))
    yield from (f"- {test}" for test in tests)
    yield ""


def _tests(tree: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from _tests(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
            name = _title(node.name.removeprefix("test_"))
            said = ast.get_docstring(node)
            yield f"{name}." if not said else f"{name}. {_plain(said)}"


def _title(name: str) -> str:
    text = " ".join(WORDS.get(word, word) for word in name.split("_"))
    return text if text.split(" ")[0] in WORDS.values() else text[:1].upper() + text[1:]


def _plain(text: str) -> str:
    """A docstring as one paragraph of Markdown; what it holds as code stays so."""
    flat = re.sub(r"\s+", " ", text).strip().replace("``", "`")
    return re.sub(r"(?<!`)([<>])(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)", lambda found: "&lt;" if found[1] == "<" else "&gt;", flat)


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` tell whether it differs; 1 where it does."""
    text = page()
    if arguments != ["--check"]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/specification.md differs: scripts/generate writes it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
