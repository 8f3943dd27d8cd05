"""Lock files: what is installed is what was reviewed, wherever it comes from."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.places import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock", "deploy/requirements.lock")


def entries(lock: str) -> list[str]:
    """The logical lines of a lock file: continuations joined, comments and blank lines dropped."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def pins(lock: str) -> dict[str, set[str]]:
    """Package name to its pinned versions (one for each marker)."""
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.split("--hash", 1)[0].strip())
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


def declared(*extras: str) -> set[str]:
    """Names of the direct dependencies in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["dependencies"] + [each for extra in extras for each in project["optional-dependencies"][extra]]
    return {canonicalize_name(Requirement(each).name) for each in listed}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_one_version_with_its_hashes(lock: str) -> None:
    lines = entries(lock)
    assert len(lines) > 20
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+==[^\s;]+( ;[^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", line), line[:80]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index|--extra-index|--find-links|-e|\.?/)", text, re.MULTILINE)


def test_the_run_lock_holds_every_dependency_and_the_build_back_end() -> None:
    assert declared("build") <= pins("requirements.lock").keys()


def test_the_development_lock_holds_every_dependency_and_the_same_versions_as_the_run_lock() -> None:
    run, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert declared("build", "dev") <= development.keys()
    assert {name: development[name] for name in run} == run


def test_the_build_back_end_asks_for_nothing_outside_the_lock() -> None:
    """An editable install without build isolation needs the back end's requirements to be installed already."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    assert {canonicalize_name(Requirement(each).name) for each in wanted} <= pins("requirements.lock").keys()


def test_the_lock_of_the_image_holds_what_an_engine_may_need_in_the_versions_of_the_others() -> None:
    image, run, development = pins("deploy/requirements.lock"), pins("requirements.lock"), pins("requirements-dev.lock")
    assert declared("build", "postgresql", "otel") <= image.keys()
    assert {name: image[name] for name in run} == run
    assert {name: development[name] for name in image} == image
