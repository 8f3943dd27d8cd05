"""What is found of a setting: why an engine would not start by it, or what is dangerous about it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How bad it is: the engine would not start; it would, and somebody is at risk; it is worth knowing."""

    STOPS = "stops"
    DANGER = "danger"
    NOTICE = "notice"


class Finding(NamedTuple):
    """One sentence and one action about a setting ('' = about none)."""

    level: Level
    setting: str
    sentence: str
    action: str
