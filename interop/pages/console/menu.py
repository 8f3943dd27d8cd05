"""The pages of the console, in the order in which they are offered."""

from __future__ import annotations

from typing import Any, Final

AREA: Final = "console"
SECTIONS: Final = (
    ("/console/messages", "Messages"),
    ("/console/shelf", "Shelf"),
    ("/console/replay", "Replay"),
)


def sections(path: str) -> list[dict[str, Any]]:
    """Where each leads; ``current`` is ``page``, ``true`` (within) or ''."""
    return [
        {"href": href, "text": text, "current": "page" if path == href else "true" if f"{path}/".startswith(f"{href}/") else ""}
        for href, text in SECTIONS
    ]
