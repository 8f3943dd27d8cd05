"""The repository tells nothing of the machine that it was made on, nor where packages come from."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from tests.places import ROOT

HOSTS = [
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("registry.npmjs", "org"),
    ("crates", "io"),
    ("proxy.golang", "org"),
    ("maven", "org"),
    ("deb.debian", "org"),
    ("docker", "io"),
    ("ghcr", "io"),
]
# Written in two parts, so that this file does not name them either.
REGISTRY = re.compile("|".join(re.escape(".".join(parts)) for parts in HOSTS).encode())
MACHINE = re.compile(rb"(?<![\w.~])/(?:" + b"|".join((b"work", b"root")) + rb")/\w")


def tracked() -> list[str]:
    """Every file that git holds, by path."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("this is not a git checkout")
    names = [name for name in done.stdout.split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


def naming(pattern: re.Pattern[bytes]) -> list[str]:
    """``path: what was found`` for every tracked file in which the pattern occurs."""
    return [f"{name}: {found[0].decode()}" for name in tracked() if (found := pattern.search((ROOT / name).read_bytes()))]


@pytest.mark.parametrize("host", HOSTS)
def test_the_search_would_find_a_registry(host: tuple[str, str]) -> None:
    assert REGISTRY.search(b"https://" + ".".join(host).encode() + b"/simple")


def test_no_file_names_a_package_registry() -> None:
    assert naming(REGISTRY) == []


def test_no_file_names_a_path_of_the_machine_it_was_made_on() -> None:
    assert MACHINE.search(b"see " + b"/ro" + b"ot/project")
    assert naming(MACHINE) == []


def test_no_file_holds_a_record_of_a_running_engine() -> None:
    """Data folders are never committed."""
    assert [name for name in tracked() if re.search(r"\.sqlite(-wal|-shm)?$|^data/", name)] == []


def test_scripts_may_be_executed_and_parse() -> None:
    scripts = [name for name in tracked() if (name.startswith("scripts/") or name == ".ci/run") and not name.endswith(".py")]
    assert scripts
    for name in scripts:
        assert (ROOT / name).stat().st_mode & 0o111, name
        if (ROOT / name).read_bytes().startswith(b"#!/usr/bin/env bash\n"):
            assert "\nset -euo pipefail\n" in (ROOT / name).read_text(encoding="utf-8"), name
            subprocess.run(["bash", "-n", str(ROOT / name)], check=True)


def test_the_long_sample_of_the_continuous_integration_exists() -> None:
    """Each line names a file, a folder or tests in which there are long ones."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    listed = re.search(r"long_sample=\(\n(.*?)\n\)", script, re.DOTALL)
    assert listed
    names = dict(re.findall(r"^(\w+)=([\w/.:]+)$", script, re.MULTILINE))
    for line in shlex.split(listed[1], comments=True):
        named = re.sub(r"\$(\w+)", lambda found: str(names[found[1]]), line)
        path = ROOT / named.partition("::")[0]
        files = [path] if path.is_file() else sorted(path.glob("test_*.py"))
        assert any("mark.long" in file.read_text(encoding="utf-8") for file in files), line
