"""Compiles a release of a terminology."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

from conformance.ask.written import fail, say, say_json
from interop.fhir.terminology.releases import BadRelease, Release, load_dmd, load_rf2

DMD = ("f_vtm2", "f_vmp2", "f_amp2", "nhsbsa_dmd")
"""Beginnings of the names of dm+d's files and of the zips within a release."""


def compiled(source: Path, out: Path, version: str | None, *, as_json: bool) -> int:
    """Write ``out`` and tell what it holds; 2 where the release cannot be read."""
    if not source.exists():
        return fail(f"There is no release {source}; give a folder or zip as it was downloaded.")
    try:
        load = load_dmd if is_dmd(source) else load_rf2
        said = load(source, out, _progress if sys.stderr.isatty() else None, version=version)
        made = Release.open(out)
    except BadRelease as problem:
        return fail(f"The release cannot be read: {problem}")
    except (OSError, zipfile.BadZipFile) as problem:
        return fail(f"{source} or {out} cannot be used: {problem}")
    if as_json:
        say_json({"file": str(out), "system": made.url, "version": said, "codes": len(made)})
    else:
        say(f"{out}: {len(made):,} codes of {made.url}, version {said}; give it with --terminology")
    return 0


def is_dmd(source: Path) -> bool:
    """Whether a folder or zip looks like dm+d: files ``f_vmp2…``, not ``sct2_…``."""
    if source.is_dir():
        names = [name for _, _, found in os.walk(source) for name in found]
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            names = [name.rpartition("/")[2] for name in archive.namelist()]
    else:
        names = [source.name]
    return any(name.lower().startswith(DMD) for name in names)


def _progress(file: str, rows: int) -> None:
    sys.stderr.write(f"\r\033[K{file}: {rows:,}")
    sys.stderr.flush()
