"""``interop new-adapter``: a skeleton that works before anything in it is changed (docs/adding-a-source.md)."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interop.cli.main import app
from interop.cli.new_adapter import ENTRY_POINTS, FORMS
from tests.places import ROOT


def asked(*arguments: object) -> tuple[int, str]:
    """Exit code and all that was said."""
    result = CliRunner().invoke(app, ["new-adapter", *map(str, arguments)])
    return result.exit_code, result.output


def installed(project: Path, site: Path) -> dict[str, str]:
    """Make a package known as ``pip install -e`` does; the environment in which it is."""
    said = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    known = site / f"{said['name'].replace('-', '_')}-{said['version']}.dist-info"
    known.mkdir(parents=True)
    (known / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {said['name']}\nVersion: {said['version']}\n")
    groups = said["entry-points"].items()
    points = "".join(f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in each.items()) for group, each in groups)
    (known / "entry_points.txt").write_text(points)
    return os.environ | {"PYTHONPATH": os.pathsep.join((str(site), str(project), str(ROOT)))}


@pytest.mark.parametrize("form", [pytest.param(form, marks=pytest.mark.long if form != "xml" else ()) for form in FORMS])
def test_the_skeleton_of_a_package_passes_its_own_tests(form: str, tmp_path: Path) -> None:
    """Another team adds a source without touching the engine: adapter and tables are found by entry points."""
    code, said = asked("acme", "--format", form, "--package", "--into", tmp_path)
    assert (code, "pip install" in said) == (0, True)
    project = tmp_path / "interop-acme"
    environment = installed(project, tmp_path / "site")
    for command in (
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        ["-c", "from interop.cli import main; main()", "tables", "acme"],
    ):
        done = subprocess.run([sys.executable, *command], cwd=project, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "acme: visit" in done.stdout


@pytest.mark.parametrize("form", FORMS)
def test_no_row_of_the_skeleton_is_idle(form: str, tmp_path: Path) -> None:
    """The worked examples miss every row that is dropped, as those of every family do."""
    asked("acme", "--format", form, "--package", "--into", tmp_path)
    project = tmp_path / "interop-acme"
    script = "from tests.mutation.rows import mutate; print([str(v.row) for v in mutate('acme').survivors])"
    environment = installed(project, tmp_path / "site")
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_in_the_repository_it_stands_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    code, said = asked("acme", "--into", tmp_path)
    assert (code, "scripts/setup" in said) == (0, True)
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]["entry-points"]["interop.adapters"] == {
        **tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["interop.adapters"],
        "acme": "adapters.acme:adapter",
    }
    made = sorted(path for path in tmp_path.rglob("*") if path.is_file() and path.name != "pyproject.toml")
    assert {path.relative_to(tmp_path).parts[0] for path in made} == {"adapters", "mappings", "tests"}
    assert all(str(path) in said for path in made)
    python = [str(path) for path in made if path.suffix == ".py"]
    style = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), *python]
    done = subprocess.run(style, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Acme",), "cannot be the name"),
        (("class",), "cannot be the name"),
        (("hl7v2",), "There is a family hl7v2 already."),
        (("acme", "--format", "er7"), "mappings/hl7v2/sites"),
        (("acme", "--format", "yaml"), "There is no format yaml; there are xml, json, csv."),
        (("acme",), "--package"),
    ],
)
def test_what_cannot_be_made_is_said_with_the_next_step(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    code, found = asked(*arguments, "--into", tmp_path)
    assert (code, list(tmp_path.iterdir())) == (2, [])
    assert said in found


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(ENTRY_POINTS)
    assert asked("acme", "--into", tmp_path)[0] == 0
    adapter = tmp_path / "adapters" / "acme" / "adapter.py"
    adapter.write_text("mine\n")
    assert asked("acme", "--into", tmp_path)[0] == 2
    assert adapter.read_text() == "mine\n"
