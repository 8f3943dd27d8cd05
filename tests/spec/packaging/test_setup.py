"""``scripts/setup``: makes the environment once, then costs nothing; where something is missing it says what to do."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.places import ROOT

INPUTS = ("pyproject.toml", "requirements.lock", "requirements-dev.lock")
TOOLS = ("bash", "env", "dirname", "cat", "sha256sum", "cut", "id", "rm", "flock")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh copy of what ``scripts/setup`` reads, and a search path with no Python and no apt-get."""
    copy = tmp_path / "checkout"
    (copy / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup", copy / "scripts")
    for name in INPUTS:
        shutil.copy(ROOT / name, copy)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found or tool == "flock", tool
        if found:
            (tmp_path / "bin" / tool).symlink_to(found)
    return copy


def setup(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it with that bare search path."""
    return subprocess.run(
        ["bash", str(checkout / "scripts" / "setup"), *arguments],
        env={"PATH": str(checkout.parent / "bin"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def digest(checkout: Path) -> str:
    """What the stamp records: the digest of the files that the environment is made from."""
    return hashlib.sha256(b"".join((checkout / name).read_bytes() for name in INPUTS)).hexdigest()


def environment(checkout: Path, stamp: str) -> Path:
    """An environment whose interpreter writes down what it is asked; returns that record."""
    record = checkout.parent / "asked"
    interpreter = checkout / ".venv" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.write_text(f'#!/usr/bin/env bash\necho "$*" >>"{record}"\n', encoding="utf-8")
    interpreter.chmod(0o755)
    (checkout / ".venv" / ".interop-home").write_text(str(checkout), encoding="utf-8")
    (checkout / ".venv" / ".interop-setup").write_text(stamp, encoding="utf-8")
    return record


def test_where_nothing_changed_it_does_nothing_and_says_nothing(checkout: Path) -> None:
    record = environment(checkout, f"run {digest(checkout)}")
    done = setup(checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not record.exists()


def test_an_environment_for_the_tests_serves_to_run_the_engine(checkout: Path) -> None:
    record = environment(checkout, f"dev {digest(checkout)}")
    assert setup(checkout).returncode == 0
    assert not record.exists()


@pytest.mark.parametrize(
    ("changed", "stamp", "arguments", "lock"),
    [
        ("requirements.lock", "run {}", [], "requirements.lock"),
        ("pyproject.toml", "run {}", [], "requirements.lock"),
        (None, "run {}", ["--dev"], "requirements-dev.lock"),
        ("requirements.lock", "dev {}", [], "requirements-dev.lock"),
    ],
)
def test_a_change_installs_from_the_lock_with_hashes_then_the_project_without_network(
    checkout: Path, changed: str | None, stamp: str, arguments: list[str], lock: str
) -> None:
    record = environment(checkout, stamp.format(digest(checkout)))
    if changed:
        (checkout / changed).write_bytes((checkout / changed).read_bytes() + b"# changed\n")
    done = setup(checkout, *arguments)
    assert done.returncode == 0, done.stderr
    first, second = record.read_text(encoding="utf-8").splitlines()
    assert first.endswith(f"install --require-hashes -r {lock}")
    assert second.endswith("install --no-deps --no-build-isolation -e .")
    assert setup(checkout, *arguments).stderr == "", "the second start does nothing"


def test_an_install_that_was_broken_off_is_done_again(checkout: Path) -> None:
    environment(checkout, "run 0")
    interpreter = checkout / ".venv" / "bin" / "python"
    interpreter.write_text("#!/usr/bin/env bash\nexit 1\n", encoding="utf-8")
    assert setup(checkout).returncode == 1
    assert not (checkout / ".venv" / ".interop-setup").exists()
    assert setup(checkout).returncode == 1


def test_without_python_it_says_exactly_what_to_install(checkout: Path) -> None:
    done = setup(checkout)
    assert done.returncode == 1
    assert "Python 3.11 or later is needed" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_without_the_venv_module_it_says_exactly_what_to_install(checkout: Path) -> None:
    """Debian ships ``venv`` apart from Python: ``import ensurepip`` fails until python3-venv is there."""
    python = checkout.parent / "bin" / "python3"
    python.write_text(
        '#!/usr/bin/env bash\ncase $2 in *ensurepip*) exit 1 ;; *"print("*-venv*) echo python3.11-venv ;; *) exit 0 ;; esac\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    done = setup(checkout)
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install -y python3.11-venv" in done.stderr


def test_an_unknown_argument_is_refused(checkout: Path) -> None:
    done = setup(checkout, "--fast")
    assert (done.returncode, done.stderr) == (2, "usage: scripts/setup [--dev | --browser]\n")


def said(checkout: Path, name: str, script: str) -> None:
    """A program on the search path."""
    program = checkout.parent / "bin" / name
    program.unlink(missing_ok=True)
    program.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
    program.chmod(0o755)


def test_without_a_browser_it_says_exactly_what_to_install(checkout: Path) -> None:
    """Where it may not install anything. The tests of pages fail then."""
    said(checkout, "id", "echo 1000")
    said(checkout, "apt-get", "exit 1")
    done = setup(checkout, "--browser")
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install -y --no-install-recommends chromium fonts-liberation" in done.stderr
    assert setup(checkout, "--browser", INTEROP_TEST_CHROMIUM="/opt/chromium").stderr == ""
    said(checkout, "chromium", "exit 0")
    assert (setup(checkout, "--browser").returncode, setup(checkout, "--browser").stderr) == (0, "")


def test_a_browser_is_installed_where_it_may_be(checkout: Path) -> None:
    asked = checkout.parent / "asked"
    said(checkout, "id", "echo 0")
    said(checkout, "apt-get", f'echo "$*" >>"{asked}"')
    assert setup(checkout, "--browser").returncode == 0
    assert asked.read_text(encoding="utf-8").splitlines() == [
        "update -qq",
        "install -y -qq --no-install-recommends chromium fonts-liberation",
    ]
    assert not (checkout / ".venv").exists()
