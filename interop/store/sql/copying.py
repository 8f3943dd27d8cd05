"""The tables of a journal, to be copied as they are from one store to another."""

from __future__ import annotations

TABLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("entry", ("message", "feed", "adapter", "received", "control_id", "type", "duplicate", "digest", "state", "ack", "reason",
               "detail", "place", "size", "repeats")),
    ("body", ("message", "body")),
    ("journal_key", ("message", "place", "key")),
    ("repetition", ("message", "received")),
)  # fmt: skip
"""Tables and columns, those that number themselves left out."""

PORTION = 1_000
"""Rows at a time."""
