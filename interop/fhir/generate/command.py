"""Writing and checking what is committed under ``interop/fhir/tables``."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import zipfile
from pathlib import Path

from interop.fhir.generate import facts, package, rules
from interop.fhir.generate.package import payload
from interop.fhir.generate.source import CORE, EXPANSIONS, SOURCE, read

VERSION = "2"
TABLES = Path(__file__).parents[1] / "tables"
PACKAGE = "r4.zip"

Contents = dict[str, bytes]
"""Table name, or ``r4.zip/`` and a member's name -> content, unpacked: what packs it may differ from machine to machine."""


def generate(source: Path) -> Contents:
    """What the packages yield."""
    core, expansions = read(source / CORE), read(source / EXPANSIONS)
    blocks = facts.structures(core)
    tables = {
        "structures": blocks,
        "codes": facts.codes(blocks, expansions),
        "parameters": facts.parameters(core),
        "compartments": facts.compartments(core),
        "invariants": rules.invariants(core),
        "bindings": rules.bindings(core),
        "profiles": rules.profiles(core),
    }
    made = {name: payload(content) for name, content in tables.items()}
    members = package.members(package.trimmed(core, expansions))
    made.update((f"{PACKAGE}/{name}", content) for name, content in members.items())
    return made


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def stored() -> Contents:
    """What is committed, unpacked."""
    found = {path.name.removesuffix(".json.gz"): gzip.decompress(path.read_bytes()) for path in sorted(TABLES.glob("*.json.gz"))}
    if (TABLES / PACKAGE).exists():
        with zipfile.ZipFile(TABLES / PACKAGE) as archive:
            found.update((f"{PACKAGE}/{name}", archive.read(name)) for name in archive.namelist())
    return found


def manifest(source: Path, made: Contents) -> bytes:
    """Generator version, source digests and table digests, as text."""
    said = {
        "generator": VERSION,
        "source": {name: digest((source / name).read_bytes()) for name in (CORE, EXPANSIONS)},
        "tables": {name: digest(content) for name, content in made.items()},
    }
    return (json.dumps(said, indent=1) + "\n").encode()


def check(source: Path) -> list[str]:
    """What differs from a fresh run or, without the source, from the recorded digests."""
    path = TABLES / "manifest.json"
    recorded = path.read_bytes() if path.exists() else b"{}"
    there = stored()
    if not (source / CORE).exists():
        expected = json.loads(recorded).get("tables", {})
        found = {name: digest(content) for name, content in there.items()}
        differing = sorted(name for name in expected | found if expected.get(name) != found.get(name))
        return differing if expected else ["manifest"]
    fresh = generate(source)
    differing = sorted(name for name in fresh | there if fresh.get(name) != there.get(name))
    return differing + (["manifest"] if manifest(source, fresh) != recorded else [])


def write(source: Path) -> None:
    """Write every table, the package and the manifest."""
    fresh = generate(source)
    TABLES.mkdir(exist_ok=True)
    members = {name.partition("/")[2]: content for name, content in fresh.items() if "/" in name}
    (TABLES / PACKAGE).write_bytes(package.packed(members))
    for name, content in fresh.items():
        if "/" not in name:
            (TABLES / f"{name}.json.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    (TABLES / "manifest.json").write_bytes(manifest(source, fresh))


def main(arguments: list[str] | None = None) -> int:
    """0 when all is well, 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m interop.fhir.generate", description="Tables of FHIR R4 facts.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a table differs")
    parser.add_argument("--source", type=Path, default=SOURCE, help="folder of the packages")
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        write(chosen.source)
        return 0
    differing = check(chosen.source)
    for name in differing:
        print(f"{name} differs", file=sys.stderr)
    return 1 if differing else 0
