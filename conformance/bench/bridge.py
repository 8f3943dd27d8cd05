"""hl7v2-fhir-bridge, to compare with: ``python -m conformance.bench.bridge FILE [--bundles]``.

Its own functions ``parse_bytes`` and ``convert``, without its validation; a Bundle a line, or one line with the count and time.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def main() -> None:
    """The process."""
    convert = import_module("v2fhir.convert").convert
    configuration = import_module("v2fhir.config").load_config(None)
    parse = import_module("v2fhir.hl7.parser").parse_bytes
    bodies = [part.lstrip(b"\x0b") for part in Path(sys.argv[1]).read_bytes().split(b"\x1c\r") if part]
    if "--bundles" in sys.argv:
        for body in bodies:
            print(json.dumps(_bundle(parse, convert, configuration, body)))
        return
    done = failed = 0
    start = time.perf_counter()
    for body in bodies:
        try:
            parsed = parse(body, configuration.default_charset, configuration.fallback_charsets)
            done += orjson.dumps(convert(parsed, configuration, NOW).bundle)[:1] == b"{"
        except Exception:
            failed += 1
    taken = time.perf_counter() - start
    print(json.dumps({"done": done, "failed": failed, "seconds": taken, "version": version("hl7v2-fhir-bridge")}))


def _bundle(parse: Any, convert: Any, configuration: Any, body: bytes) -> Any:
    """The Bundle, or None where the message is refused. What quotes the whole message, the Provenance, is left out."""
    try:
        bundle = convert(parse(body, configuration.default_charset, configuration.fallback_charsets), configuration, NOW).bundle
    except Exception:
        return None
    return [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] != "Provenance"]


if __name__ == "__main__":
    main()
