"""Where each setting of an engine comes from: command line, environment, file, default; the first that names it counts."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import ValidationError

from interop.app.opening import named
from interop.app.settings import OURS, Settings

PREFIX: Final = "INTEROP_"
VARIABLE: Final = "INTEROP_CONFIG"
"""Names the file where the command line does not."""
COMMAND: Final = "command line"
DEFAULT: Final = "default"
OTHERS: Final = frozenset(("CONFIG", "ITK_RETURN", "SOURCES", "TOKEN", "URL"))
"""Variables that are no settings of an engine: of commands, and of one adapter."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A setting that cannot be: its name ('' where several are meant), where it comes from, and why."""

    setting: str
    origin: str
    why: str


class Misconfigured(ValueError):
    """There is no engine with these settings; ``faults`` says of each why."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{each.origin}, {each.setting}: {each.why}" for each in faults))


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings, and of each by name where it comes from: ``command line``, ``environment INTEROP_…``, the file's name, ``default``.
    ``file`` None = there is none."""

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None = None


def configured(given: Mapping[str, Any], file: Path | None = None) -> Configuration:
    """The settings that hold; ``given`` are those of the command line, ``file`` a TOML file (None: the one that ``INTEROP_CONFIG``
    names, if any). Raises Misconfigured; OSError where the file cannot be read."""
    said = {name.upper(): value for name, value in os.environ.items() if value}
    if file is None and VARIABLE in said:
        file = Path(said[VARIABLE])
    held = read_file(file) if file is not None else {}
    origins = dict.fromkeys(Settings.model_fields, DEFAULT)
    origins |= dict.fromkeys(held, str(file))
    named_there = {name: PREFIX + name.upper() for name in origins if PREFIX + name.upper() in said}
    origins |= {name: f"environment {variable}" for name, variable in named_there.items()}
    origins |= dict.fromkeys(given, COMMAND)
    chosen = {name: value for name, value in held.items() if name not in named_there} | dict(given)
    try:
        return Configuration(Settings(**chosen), origins, file)
    except ValidationError as error:
        raise Misconfigured([_fault(line, origins) for line in error.errors()]) from None


def read_file(path: Path) -> dict[str, Any]:
    """The settings that a TOML file names, by their own names; paths in it are relative to its folder. Raises Misconfigured for
    what is no TOML and for a name that no setting has; OSError."""
    try:
        held = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured([Fault("", str(path), f"it is no TOML: {error}")]) from None
    faults = [Fault(name, str(path), f"there is no such setting{nearest(name, Settings.model_fields)}") for name in held
              if name not in Settings.model_fields]  # fmt: skip
    if faults:
        raise Misconfigured(faults)
    return {name: _placed(name, value, path.parent) for name, value in held.items()}


def nearest(name: str, known: Any) -> str:
    """``: did you mean …?``, '' where nothing is near."""
    found = get_close_matches(name.replace("-", "_").lower(), list(known), n=1, cutoff=0.6)
    return f": did you mean {found[0]}?" if found else ""


def strangers(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that are named as if they were of an engine and are not, each with the nearest that is."""
    known = [*(name.upper() for name in Settings.model_fields), *OTHERS]
    found = (name for name in sorted(environment) if name.upper().startswith(PREFIX))
    return {name: _variable(name, known) for name in found if name.upper().removeprefix(PREFIX) not in known}


def shown(configuration: Configuration) -> dict[str, tuple[Any, str]]:
    """Every setting: its value as JSON has it, where it comes from. Of a database no user and no password."""
    said = configuration.settings.model_dump(mode="json")
    if configuration.settings.database is not None:
        said["database"] = named(configuration.settings.data, configuration.settings.database)
    return {name: (said[name], configuration.origins[name]) for name in Settings.model_fields}


def _variable(name: str, known: list[str]) -> str:
    found = get_close_matches(name.upper().removeprefix(PREFIX), known, n=1, cutoff=0.6)
    return PREFIX + found[0] if found else ""


def _placed(name: str, value: Any, folder: Path) -> Any:
    """A path of a file is one beside it; ``ours`` of ``rules`` is none."""
    annotation = Settings.model_fields[name].annotation
    if not _is_path(annotation) or not value or (name, value) == ("rules", OURS):
        return value
    several = value if isinstance(value, list) else [value]
    placed = [folder / each if isinstance(each, str) else each for each in several]
    return placed if isinstance(value, list) or get_origin(annotation) is tuple else placed[0]


def _is_path(annotation: Any) -> bool:
    return annotation is Path or any(_is_path(each) for each in get_args(annotation))


def _fault(line: Any, origins: Mapping[str, str]) -> Fault:
    name = str(line["loc"][0]) if line["loc"] else ""
    return Fault(name, origins.get(name, ""), line["msg"].removeprefix("Value error, "))
