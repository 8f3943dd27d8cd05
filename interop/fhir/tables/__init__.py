"""The generated tables; ``python -m interop.fhir.generate`` writes them."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> Any:
    """A table by name, unpacked once."""
    return json.loads(gzip.decompress(files(__name__).joinpath(f"{name}.json.gz").read_bytes()))


@cache
def digest(name: str) -> str:
    """The digest of a table as the manifest has it: another one, another table."""
    manifest = json.loads(files(__name__).joinpath("manifest.json").read_bytes())
    return str(manifest["tables"][name])


def package() -> bytes:
    """The package ``r4.zip``, packed: R4's conformance resources without their texts."""
    return files(__name__).joinpath("r4.zip").read_bytes()
