"""The README says what there is: every command in it can be run, every link leads somewhere."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from lxml import etree

from conformance.cli import app as conformance
from interop.cli.main import app as interop
from tests.places import ROOT
from tests.spec.readme.reader import Reader

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
OURS = re.compile(r"`((?:interop|conformance|scripts/run|scripts/test)(?: [^`]*)?)`")
COMMANDS: dict[str, Any] = {"interop": typer.main.get_command(interop), "conformance": typer.main.get_command(conformance)}
OTHERS = {".", "cat", "curl", "grep", "head", "python3", "scripts/run", "scripts/test"}
"""What else the README calls: shell, and what a Debian with Python and curl has."""


def lines(block: str) -> Iterator[str]:
    """The commands of a block, without what a here-document holds."""
    end = ""
    for line in block.splitlines():
        if end:
            end = "" if line == end else end
        elif line.strip():
            yield line
            found = re.search(r"<<'(\w+)'", line)
            end = found[1] if found else ""


def calls(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, pipes and substitutions taken apart."""
    inner = re.findall(r"\$\((.*)\)", line)
    for part in inner or [line]:
        words = shlex.split(part, posix=True)
        while words:
            place = words.index("|") if "|" in words else len(words)
            yield words[:place]
            words = words[place + 1 :]


def written() -> list[list[str]]:
    """Every call of the README: those of its blocks, and those of ours that stand in the text."""
    found = [call for block in BLOCKS for line in lines(block) for call in calls(line)]
    return found + in_text(README)


def in_text(page: str) -> list[list[str]]:
    """Calls of ours that stand in the text of a page, and those of its indented lines."""
    plain = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    return [
        shlex.split(text, comments=True)
        for text in OURS.findall(plain) + re.findall(r"^    ((?:interop|conformance) .*)$", plain, re.MULTILINE)
    ]


def test_there_are_commands_to_try() -> None:
    assert len(BLOCKS) >= 8
    tried = {call[1] for call in written() if call[0] == "interop" and call[1:]}
    assert {"serve", "send", "convert", "messages", "explain", "tables"} <= tried
    assert {"token", "agreement", "consent", "break-glass", "why", "audit", "identity", "client", "claim", "takedown"} <= tried


def of_documents() -> list[list[str]]:
    """Every call of ours in docs/*.md that the README does not have."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "specification.md"]
    return [list(call) for call in sorted({tuple(call) for text in texts for call in in_text(text)} - set(map(tuple, written())))]


@pytest.mark.parametrize("call", [*written(), *of_documents()], ids=" ".join)
def test_each_command_and_option_exists(call: list[str]) -> None:
    """Of our own commands each option is asked for; of others that they are ones a newcomer has."""
    name = call[0]
    if name not in COMMANDS:
        assert name in OTHERS
        assert not name.startswith("scripts/") or os.access(ROOT / name, os.X_OK)
        return
    command, words = COMMANDS[name], call[1:]
    while words and hasattr(command, "commands") and not words[0].startswith("--"):
        assert words[0] in command.commands
        command, words = command.commands[words[0]], words[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    """Links within the repository, and to a heading where they name one."""
    text = re.sub(r"```.*?```|`[^`]*`", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    for address in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in address:
            continue
        path, _, heading = address.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), address
        if heading:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}, address


@pytest.mark.parametrize("name", PAGES)
def test_files_that_are_named_are_there(name: str) -> None:
    """What stands in code type and begins like a path of the repository; ``*`` stands for anything."""
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    folders = "adapters|conformance|docs|interop|mappings|scripts|tests"
    for path in re.findall(rf"`((?:{folders})/[\w./*-]*)`", text):
        assert list(ROOT.glob(path.rstrip("/"))), path


def test_the_picture_stands_by_itself() -> None:
    """It is well formed, fetches nothing, and shows the record that the README tells of."""
    picture = etree.parse(ROOT / "docs" / "shared-record.svg")
    text = "".join(picture.getroot().itertext())
    assert 'url("http' not in text
    assert not picture.xpath("//@href | //@*[local-name()='href']")
    assert "ORMSGILL" in text


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_commands_work_in_the_order_of_the_page(tmp_path: Path) -> None:
    """From the first command to the last, each ends well and shows what the text says of it."""
    reader = Reader(tmp_path)
    try:
        said = [reader.follow(block) for block in BLOCKS]
        assert reader.stop() == [0]
    finally:
        reader.stop()
    shown = dict(zip(BLOCKS, said, strict=True))

    def of(words: str) -> str:
        found: list[str] = [out for block, out in shown.items() if words in block]
        return found[0]

    assert "ORMSGILL, Laura" in of("scripts/run")
    assert "scripts/test --long" in of("scripts/test")
    assert f"/fhir, ingest http://127.0.0.1:{reader.http}/ingest/FEED, MLLP port {reader.mllp}" in of("interop serve")
    assert '"reason": "unmapped"' in of("--report")
    assert '"reason": "not-carried"' in of("--report")
    assert "1 sent, 1 accepted, 0 not" in of("mllp://")
    assert of("my-practice").count("accepted, 0 not") == 2
    assert '"state":"applied"' in of("my-practice")
    assert "my-referrals" in of("interop messages")
    assert "applied" in of("interop messages")
    assert '"family":"EXAMPLE"' in of("Patient/_search")
    assert '"V200001"' in of("Patient/_search")
    assert "PV1-2" in of("interop explain")

    assert "It may not be seen." in of("interop why")
    assert "RXA01 signs an agreement for this purpose" in of("interop why")
    assert "The person consents to sharing." in of("interop why")
    assert "active: RXA01 with * for direct-care" in of("interop agreement")
    assert "V200001" in of("interop agreement")
    assert "withheld (no consent)" in of("withdrawn")
    assert "V200001" not in of("withdrawn")
    assert "The record is open to you until" in of("interop break-glass")
    assert "V200001" in of("interop break-glass")
    assert "break-glass" in of("interop break-glass").partition("V200001")[2]
    assert "are as they were written" in of("interop break-glass")
    assert "3 who asked may have seen it" in of("interop takedown")
    assert "ambulance-clinician" in of("interop takedown")
