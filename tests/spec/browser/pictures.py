"""Pictures of pages for docs/images, which the README shows: ``INTEROP_PICTURES=1 scripts/test tests/spec/browser`` writes them.

A test says where: ``await shot(page, "crew-card")``. Otherwise that does nothing. Each is small, and the same each time: the
engine's clock and the browser's stand still, people and their day are the same, nothing moves.
"""

from __future__ import annotations

import os
import re
from typing import Final

from playwright.async_api import Page

from tests.places import ROOT

IMAGES: Final = ROOT / "docs" / "images"
LARGEST: Final = 200_000
"""Bytes of a picture."""


def drawing() -> bool:
    """Whether pictures are written in this run."""
    return bool(os.environ.get("INTEROP_PICTURES"))


async def shot(page: Page, name: str, *, whole: bool = False) -> None:
    """Write docs/images/NAME.png where pictures are asked for: what the screen shows, or the ``whole`` page."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name), name
    if not drawing():
        return
    IMAGES.mkdir(exist_ok=True)
    await page.evaluate("() => document.fonts.ready.then(() => true)")
    taken = await page.screenshot(full_page=whole, animations="disabled", caret="hide", scale="device")
    assert len(taken) <= LARGEST, f"{name}.png has {len(taken)} bytes"
    (IMAGES / f"{name}.png").write_bytes(taken)
