"""Layers: import-linter's contracts hold, and no package escapes them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.places import ROOT

CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


def contract(kind: str, source: str) -> dict[str, Any]:
    """The contract of that type whose source (or container) is that package."""
    return next(
        each
        for each in CONFIGURATION["contracts"]
        if each["type"] == kind and source in each.get("source_modules", each.get("containers", ()))
    )


def engine() -> set[str]:
    """The packages of the engine, found on disk."""
    return {f"interop.{path.parent.name}" for path in (ROOT / "interop").glob("*/*.py")}


def parts(package: str) -> set[str]:
    """The modules and packages directly in a package, found on disk."""
    folder = ROOT / package.replace(".", "/")
    return {f"{package}.{path.stem}" for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()} - {
        f"{package}.__init__"
    }


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages of a folder."""
    code = "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command as main; main(['--no-cache'])"
    return subprocess.run([sys.executable, "-P", "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_the_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_broken_layer_is_found(tmp_path: Path) -> None:
    """The same contracts over bare packages: clean at first, broken by one import upwards."""
    outside = ["interop", "adapters", "adapters.one", "adapters.two", "mappings", "conformance"]
    for package in [*engine(), *parts("interop.fhir"), *parts("interop.fhir.validation"), *outside]:
        folder = tmp_path / package.replace(".", "/")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert lint(tmp_path).returncode == 0
    for at, line, broken in [
        ("interop/store", "import interop.record", "Layers"),
        ("interop/policy", "import interop.audit", "Layers"),
        ("interop/fhir/facts", "import interop.fhir.validation", "Inside interop.fhir:"),
        ("interop/fhir/terminology", "import interop.fhir.definitions", "Inside interop.fhir:"),
        ("interop/fhir/validation/profiles", "import interop.fhir.validation.survey", "Inside interop.fhir.validation:"),
        ("interop/journal", "import adapters.one", "The engine knows no adapter"),
        ("adapters/one", "import interop.store", "Adapters know"),
        ("adapters/one", "import adapters.two", "No adapter imports another"),
        ("conformance", "import interop.formats", "The judge stands outside"),
        ("mappings", "import interop.fhir", "Mappings are tables"),
    ]:
        module = tmp_path / at / "__init__.py"
        module.write_text(line + "\n", encoding="utf-8")
        done = lint(tmp_path)
        assert done.returncode == 1, line
        assert broken in done.stdout.split("Broken contracts")[1], line
        module.write_text("", encoding="utf-8")


def test_every_package_of_the_engine_has_a_layer() -> None:
    layers = contract("layers", "interop")["layers"]
    named = {f"interop.{name.strip()}" for layer in layers for name in layer.replace(":", "|").split("|")}
    assert named == engine()


@pytest.mark.parametrize("package", ["interop.fhir", "interop.fhir.validation"])
def test_every_part_has_a_layer(package: str) -> None:
    layers = contract("layers", package)["layers"]
    assert {f"{package}.{name.strip()}" for layer in layers for name in layer.replace(":", "|").split("|")} == parts(package)


def test_adapters_may_import_only_ports_errors_and_formats() -> None:
    allowed = {"interop.ports", "interop.errors", "interop.formats"}
    assert set(contract("forbidden", "adapters")["forbidden_modules"]) == engine() - allowed | {"mappings", "conformance"}


def test_conformance_may_import_only_fhir_and_what_writes_a_generated_page() -> None:
    allowed = {"interop.fhir", "interop.generated"}
    assert set(contract("forbidden", "conformance")["forbidden_modules"]) == engine() - allowed | {"mappings", "adapters"}


def test_the_only_python_of_mappings_is_an_empty_init() -> None:
    assert list((ROOT / "mappings").rglob("*.py")) == [ROOT / "mappings" / "__init__.py"]
    assert (ROOT / "mappings" / "__init__.py").read_bytes() == b""
