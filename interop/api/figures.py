"""How watched folders stand, as ``/metrics`` gives it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class FolderFigures:
    """Of one folder: files that do not stand still yet, that cannot be renamed, that are being read, that lie among the errors;
    messages handed over since
    the start; bytes of the file at hand and how many of them are read; whether the folder can be used."""

    feed: str
    waiting: int = 0
    working: int = 0
    errors: int = 0
    stuck: int = 0
    messages: int = 0
    read: int = 0
    size: int = 0
    usable: bool = True
