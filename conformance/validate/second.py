"""A second opinion: the official Java validator over the same files, packages and profiles, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from conformance.validate.comparison import Said
from conformance.validate.loading import Unusable
from interop.fhir.definitions import Definitions

MAIN = "org.hl7.fhir.validation.ValidatorCli"
KINDS = ("StructureDefinition", "ValueSet", "CodeSystem", "ConceptMap", "NamingSystem", "SearchParameter", "Questionnaire")
FILE = "operationoutcome-file"
AT_ONCE = 400
"""Files a call: the validator takes ten seconds to start, and a command line has an end."""


def java() -> str:
    """The Java of this machine; raises Unusable where there is none."""
    home = os.environ.get("JAVA_HOME", "")
    found = shutil.which("java", path=str(Path(home, "bin"))) if home else None
    found = found or shutil.which("java")
    if found is None:
        raise Unusable("A second opinion needs Java and there is none here; install a JRE of 17 or later, or set JAVA_HOME.")
    return found


def command_line(runtime: str, validator: Path) -> list[str]:
    """How the validator is started: a JAR that holds all, or a folder of JARs. Raises Unusable where it is neither."""
    if validator.is_dir() and any(validator.glob("*.jar")):
        return [runtime, "-cp", str(validator / "*"), MAIN]
    if validator.is_file():
        return [runtime, "-jar", str(validator)]
    raise Unusable(f"There is no validator at {validator}; give --second-opinion its JAR or a folder of JARs.")


def opinions(
    validator: Path, groups: Mapping[tuple[str, ...], Sequence[Path]], definitions: Definitions, base: Definitions
) -> dict[str, list[Said]]:
    """What it says of each file, by the name under which it was given; ``groups`` are files by the profiles that they must keep."""
    start = command_line(java(), validator)
    found: dict[str, list[Said]] = {}
    with tempfile.TemporaryDirectory() as folder:
        options = ["-version", "4.0.1", "-tx", "n/a"]
        if write_definitions(definitions, base, Path(folder, "ig")):
            options += ["-ig", str(Path(folder, "ig"))]
        for profiles, files in groups.items():
            wanted = [part for profile in profiles for part in ("-profile", profile)]
            for begin in range(0, len(files), AT_ONCE):
                some = files[begin : begin + AT_ONCE]
                told = _run([*start, *(str(path.absolute()) for path in some), *options, *wanted], Path(folder, "out.json"))
                by_file = said(told)
                for path in some:
                    alone = by_file.get("", []) if len(some) == 1 else []
                    found[str(path)] = by_file.get(str(path.absolute()), by_file.get(path.name, alone))
    return found


def write_definitions(definitions: Definitions, base: Definitions, folder: Path) -> int:
    """Write what the packages add to base R4 as flat JSON files, which every version of the validator reads; how many."""
    folder.mkdir()
    count = 0
    for kind in KINDS:
        for url in sorted(set(definitions.every(kind)) - set(base.every(kind))):
            resource = definitions.resource(kind, url)
            if resource is not None:
                count += 1
                Path(folder, f"{kind}-{count}.json").write_bytes(orjson.dumps(resource, default=_number))
    return count


def said(outcomes: Any) -> dict[str, list[Said]]:
    """What an OperationOutcome says, or a Bundle of them, by the file that each names ('' where it names none)."""
    entries = outcomes.get("entry", []) if outcomes.get("resourceType") == "Bundle" else [{"resource": outcomes}]
    found: dict[str, list[Said]] = {}
    for entry in entries:
        outcome = entry.get("resource", {})
        names = [each.get("valueString", "") for each in outcome.get("extension", ()) if each.get("url", "").endswith(FILE)]
        issues = found.setdefault(names[0] if names else "", [])
        for issue in outcome.get("issue", ()):
            where = [*issue.get("expression", ()), *issue.get("location", ()), ""]
            text = issue.get("details", {}).get("text") or issue.get("diagnostics") or ""
            issues.append(Said(issue.get("severity", ""), where[0], text))
    return found


def grouped(files: Iterable[tuple[Path, tuple[str, ...]]]) -> dict[tuple[str, ...], list[Path]]:
    """Files by the profiles that they must keep."""
    groups: dict[tuple[str, ...], list[Path]] = {}
    for path, profiles in files:
        groups.setdefault(profiles, []).append(path)
    return groups


def _run(command: list[str], out: Path) -> Any:
    out.unlink(missing_ok=True)
    done = subprocess.run([*command, "-output", str(out)], capture_output=True, text=True, errors="replace", check=False)
    try:
        return orjson.loads(out.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip() and not line.startswith("\tat ")]
        why = f": {lines[-1][:200]}" if lines else ""
        raise Unusable(f"The second validator gave no outcome (exit code {done.returncode}){why}") from None


def _number(value: Any) -> Any:
    """A number that keeps its digits, as a number."""
    return orjson.Fragment(str(value))
