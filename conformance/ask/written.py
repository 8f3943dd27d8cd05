"""Answers as JSON: numbers with the digits that they came with."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import orjson


def say(text: str) -> None:
    """A line of an answer."""
    sys.stdout.write(text + "\n")


def say_json(answer: Any) -> None:
    """An answer as a line of JSON."""
    say(as_json(answer))


def fail(text: str, code: int = 2) -> int:
    """Why there is no answer; gives the exit code."""
    sys.stderr.write(text + "\n")
    return code


def as_json(value: Any) -> str:
    """A value as JSON; what JSON has no form for as its text."""
    return orjson.dumps(value, default=_other).decode()


def _other(value: Any) -> Any:
    return orjson.Fragment(str(value)) if isinstance(value, Decimal) else str(value)
