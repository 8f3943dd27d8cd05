"""Tokens for a server that knows who asks: one for all requests, others for cases that name an authorisation."""

from __future__ import annotations

import csv
import shlex
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from conformance.judged.outcome import Unusable

PATIENCE = 60
"""Seconds in which a token must be made."""


class Shape(NamedTuple):
    """What an authorisation that a case names is for."""

    patient: str
    scope: str


@cache
def shapes() -> dict[str, Shape]:
    """Name -> what it is for, of ``conformance/searches/auth.csv``."""
    text = files("conformance.searches").joinpath("auth.csv").read_text("utf-8")
    return {row["name"]: Shape(row["patient"], row["scope"]) for row in csv.DictReader(text.splitlines())}


class Tokens:
    """``plain`` is for requests that name no authorisation, '' for none; ``given`` are those that were given by name; ``mint`` a
    command that prints a token and takes ``--patient`` and ``--scope`` ('' for none)."""

    def __init__(self, plain: str = "", given: Mapping[str, str] | None = None, mint: str = "") -> None:
        self._given, self._mint = dict(given or {}), shlex.split(mint)
        self.plain = plain or (self._made() if mint else "")

    def of(self, name: str) -> str:
        """The token of an authorisation; '' where there is none. Raises Unusable where it cannot be made."""
        if name not in self._given and self._mint and name in shapes():
            shape = shapes()[name]
            self._given[name] = self._made("--patient", shape.patient, "--scope", shape.scope)
        return self._given.get(name, "")

    def _made(self, *options: str) -> str:
        command = [*self._mint, *options]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
        except (OSError, subprocess.SubprocessError) as problem:
            said = (getattr(problem, "stderr", "") or "").strip()
            raise Unusable(f"no token comes from {self._mint[0]}: {type(problem).__name__} {said}") from None
        return done.stdout.strip()


def bearer(token: str) -> dict[str, str]:
    """The header of a token; none for none."""
    return {"authorization": f"Bearer {token}"} if token else {}
