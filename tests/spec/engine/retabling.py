"""Tables that say something otherwise, in place of the packaged ones, within this process."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from interop.mapping.places import VARIABLE

Change = Callable[[str], str]
Changes = dict[str, Change]
"""What becomes of the text of a table, by its path."""


def tables(directory: Path, changes: Changes) -> Path:
    """A copy of the packaged tables, without their examples, with these changes."""
    shutil.copytree(Path(str(files("mappings"))), directory, ignore=shutil.ignore_patterns("examples", "__pycache__"))
    for name, change in changes.items():
        file = directory / name
        text = file.read_text("utf-8")
        assert change(text) != text
        file.write_text(change(text), "utf-8")
    return directory


def without(row: str) -> Change:
    """Take away the row of that id."""
    return lambda text: "".join(line for line in text.splitlines(keepends=True) if not line.startswith(f"{row},"))


def saying(old: str, new: str) -> Change:
    """Say one thing instead of another."""
    return lambda text: text.replace(old, new, 1)


NO_GENDER: Changes = {"hl7v2/elements-patient.csv": without("PAT050")}
NO_ALLERGIES: Changes = {
    "hl7v2/routes.csv": lambda text: "".join(
        line.replace(" alg ", " ") if line.startswith("ADT^A08,") else line for line in text.splitlines(keepends=True)
    )
}
NO_UPDATES: Changes = {"hl7v2/routes.csv": without("ADT^A08")}
OTHER_GENDER: Changes = {
    "hl7v2/elements-patient.csv": saying("PAT050,pat,,PID-8,,gender,,", "PAT050,pat,,PID-8,PID-11 absent,gender,,")
}


def use(monkeypatch: pytest.MonkeyPatch, directory: Path | None) -> None:
    """Let these tables hold from now on; None for the packaged ones."""
    if directory is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, str(directory))
    forget()


def forget() -> None:
    """What was read or compiled of tables is read and compiled anew."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("interop.mapping", "interop.record", "interop.app")):
            for each in vars(module).values():
                if hasattr(each, "cache_clear"):
                    each.cache_clear()
