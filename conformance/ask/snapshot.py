"""The snapshot of a structure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.ask.written import fail, say, say_json
from conformance.validate.loading import Unusable, definitions_of, unknown_profile
from interop.fhir.definitions import Unusable as Undefined


def show(url: str, packages: Sequence[Path], *, as_json: bool) -> int:
    """Print the elements, a line each (or ``--json``: the array); 2 where there is no such structure or it cannot be used."""
    try:
        definitions = definitions_of(packages)
        if definitions.structure(url) is None:
            return fail(unknown_profile(url, definitions))
        elements = definitions.snapshot(url)
    except (Unusable, Undefined) as problem:
        return fail(str(problem))
    if as_json:
        say_json(elements)
    else:
        for element in elements:
            say(_line(element))
    return 0


def _line(element: dict[str, Any]) -> str:
    types = "|".join(str(each.get("code", "")).rpartition("/")[2] for each in element.get("type", ()))
    binding = element.get("binding", {})
    bound = f"  {binding.get('strength')} {binding.get('valueSet', '')}" if binding else ""
    fixed = "".join(f"  {name}" for name in element if name.startswith(("fixed", "pattern")))
    must = "  must-support" if element.get("mustSupport") else ""
    name = element.get("id") or element.get("path", "")
    return f"{name}  {element.get('min', 0)}..{element.get('max', '*')}  {types}{bound}{fixed}{must}".rstrip()
