"""Reasons that others than the judge of narrative know."""

from __future__ import annotations

from typing import Final

BLANK: Final = "has neither text nor an image"
"""The one reason of txt-2."""
