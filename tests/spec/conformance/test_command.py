"""``conformance generate``: what it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from conformance.cli import app
from conformance.generate import hl7v2


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["generate", *arguments])


def test_hl7_is_written_as_mllp_frames(tmp_path: Path) -> None:
    """``<VT>`` message ``<FS><CR>``, one after the other, the messages those of the generator."""
    out = tmp_path / "feed.mllp"
    assert run("--patients", "5", "--seed", "4", "--out", str(out)).exit_code == 0
    frames = out.read_bytes().split(b"\x1c\r")
    assert frames.pop() == b""
    assert [frame.removeprefix(b"\x0b") for frame in frames] == list(hl7v2.messages(4, 5))
    assert all(frame.startswith(b"\x0bMSH|") for frame in frames)


def test_json_is_written_a_line_each(tmp_path: Path) -> None:
    """ndjson: each line is a resource."""
    out = tmp_path / "ers.ndjson"
    assert run("--patients", "5", "--families", "ers", "--out", str(out)).exit_code == 0
    kinds = {orjson.loads(line)["resourceType"] for line in out.read_bytes().splitlines()}
    assert kinds == {"ReferralRequest", "Appointment", "CommunicationRequest", "Bundle"}


def test_several_families_are_written_as_files(tmp_path: Path) -> None:
    """A file each, numbered in order, named for its family."""
    assert run("--patients", "3", "--families", "hl7v2,openhr", "--out", str(tmp_path / "d")).exit_code == 0
    names = sorted(path.name for path in (tmp_path / "d").iterdir())
    assert names[0] == "00000001-hl7v2.hl7"
    assert names[1] == "00000002-openhr.xml"


def test_many_files_are_spread_over_folders(tmp_path: Path) -> None:
    """No more than a thousand to a folder."""
    assert run("--patients", "400", "--format", "files", "--out", str(tmp_path / "d")).exit_code == 0
    assert len(list((tmp_path / "d").glob("*.hl7"))) == 1000
    assert next((tmp_path / "d" / "00001").iterdir()).suffix == ".hl7"


def test_stops_after_so_many_messages(tmp_path: Path) -> None:
    """``--messages`` bounds the stream."""
    out = tmp_path / "some"
    assert run("--patients", "50", "--messages", "7", "--out", str(out)).exit_code == 0
    assert out.read_bytes().count(b"\x1c\r") == 7


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--families", "vision"), "vision"),
        (("--families", "openhr", "--format", "mllp"), "MLLP"),
        (("--families", "hl7v2", "--format", "ndjson"), "ndjson"),
        (("--format", "csv"), "csv"),
        (("--families", "openhr"), "folder"),
    ],
)
def test_refusals_name_the_cause(arguments: tuple[str, ...], word: str) -> None:
    """A wrong argument ends with exit code 2 and says what was wrong."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert word in result.output
