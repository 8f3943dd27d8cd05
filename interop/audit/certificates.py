"""Certificates of what was disposed of, signed by the audit's key, kept with its checkpoints: counts and digests, no names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from interop.audit.key import AuditKey, Verifier
from interop.audit.parts import sync_directory
from interop.store.directory import make_directory

SUFFIX: Final = ".certificate"


def issue(directory: Path, key: AuditKey, said: dict[str, Any]) -> dict[str, Any]:
    """Keep a certificate under the next number; the one that is there where the last says the same. Raises OSError."""
    there = list(issued(directory))
    if there and {name: value for name, value in there[-1]["certificate"].items() if name not in ("number", "made")} == {
        name: value for name, value in said.items() if name != "made"
    }:
        return there[-1]
    number = max((each["certificate"]["number"] for each in there), default=0) + 1
    certificate = {"number": number, **said}
    text = orjson.dumps(certificate, option=orjson.OPT_SORT_KEYS)
    made = {"certificate": certificate, "signature": key.sign(text).hex(), "public": key.public.hex()}
    make_directory(directory)
    path = directory / f"{number:06d}{SUFFIX}"
    with os.fdopen(os.open(path.with_suffix(".new"), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
        file.write(orjson.dumps(made, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    path.with_suffix(".new").replace(path)
    sync_directory(directory)
    return made


def issued(directory: Path) -> Iterator[dict[str, Any]]:
    """Those that were issued, in order."""
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        yield orjson.loads(path.read_bytes())


def genuine(made: dict[str, Any], key: Verifier) -> bool:
    """Whether a certificate is as the key signed it."""
    text = orjson.dumps(made["certificate"], option=orjson.OPT_SORT_KEYS)
    return key.signed(text, bytes.fromhex(made["signature"]))
