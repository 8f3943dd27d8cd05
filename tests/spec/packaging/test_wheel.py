"""The wheel: everything that runs is in it, and it runs from anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.places import ROOT

pytestmark = pytest.mark.long

ADMISSION = "\r".join(
    [
        r"MSH|^~\&|PAS|RXX|TIE|RXX|20260401101500||ADT^A01^ADT_A01|WHEEL1|T|2.4|||AL|NE",
        "EVN|A01|20260401101500",
        "PID|1||9990000018^^^NHS^NH||TESTCASE^Alder^^^MR||19510203|1|||1 EXAMPLE LANE^^EXAMPLETON^^ZZ99 3VZ",
        "PV1|1|I|W1^B2^3^RXX||||C1234567^EXAMPLE^ROWAN^^^DR|||100||||||||I|V100001^^^RXX^VN|||||||||||||||||||||||||20260401100000",
        "",
    ]
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline from the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True)
    [built] = folder.glob("interop-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``bin`` of a second environment with the wheel in it; third-party packages are lent by this one.

    A line in a ``.pth`` file lends a folder without reading the ``.pth`` files inside it, so that the editable install of
    this environment stays out of sight.
    """
    folder = tmp_path_factory.mktemp("second") / "venv"
    venv.create(folder, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(folder / "bin" / "python")]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    [site] = folder.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run from ``/`` with nothing of this process in the environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "INTEROP", "COV"))}
    return subprocess.run([str(each) for each in command], cwd="/", env=clean, capture_output=True, text=True, check=False)


def test_every_tracked_file_of_the_four_packages_is_in_the_wheel(wheel: Path) -> None:
    """Tables, templates and the like included: nothing is left in the repository that the engine needs."""
    packages = ("interop", "adapters", "mappings", "conformance")
    listed = subprocess.run(["git", "ls-files", "-z", *packages], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    tracked = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    assert tracked
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert tracked <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == set(packages)


def test_the_wheel_says_its_licence_its_commands_and_its_adapters(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [folder] = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(f"{folder}/METADATA").decode()
        points = archive.read(f"{folder}/entry_points.txt").decode()
        assert archive.read(f"{folder}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "interop = interop.cli:main" in points
    assert "conformance = conformance.cli:main" in points
    assert "[interop.adapters]" in points


def test_the_second_environment_runs_the_wheel_not_the_repository(installed: Path) -> None:
    done = run(installed / "python", "-c", "import interop, adapters; print(interop.__file__); print(adapters.__file__)")
    assert done.returncode == 0, done.stderr
    for line in done.stdout.split():
        assert Path(line).is_relative_to(installed.parent)


def test_every_adapter_of_the_entry_points_loads(installed: Path) -> None:
    code = "from importlib.metadata import entry_points as e; print(*[p.load() and p.name for p in e(group='interop.adapters')])"
    done = run(installed / "python", "-c", code)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) >= {"hl7v2", "openhr", "nhs111", "ers", "emis", "bars", "documents"}


def test_convert_runs_from_anywhere(installed: Path, tmp_path: Path) -> None:
    """An admission (ADT A01) becomes one transaction Bundle a line: a Patient with the NHS number, and an Encounter."""
    message = tmp_path / "an admission.hl7"
    message.write_text(ADMISSION, encoding="utf-8", newline="")
    done = run(installed / "interop", "convert", message)
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    bundle = json.loads(line)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
    assert bundle["meta"]["source"].endswith("an%20admission.hl7")
    resources = {entry["resource"]["resourceType"]: entry["resource"] for entry in bundle["entry"]}
    assert {"Patient", "Encounter"} <= resources.keys()
    assert "9990000018" in {identifier["value"] for identifier in resources["Patient"]["identifier"]}


@pytest.mark.parametrize("command", ["interop", "conformance"])
def test_the_commands_say_what_they_do(installed: Path, command: str) -> None:
    done = run(installed / command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout
