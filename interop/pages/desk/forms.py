"""What is wrong with a form, as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def wrong(errors: Mapping[str, str] | None, *, quicker: bool = False) -> dict[str, Any]:
    """Values of a page: ``errors`` by the id of the field, ``errors_list`` for the summary, and the status."""
    said = errors or {}
    return {
        "errors": said,
        "errors_list": [{"text": words, "href": f"#{name}"} for name, words in said.items()],
        "status": 409 if quicker else 400 if said else 200,
    }
