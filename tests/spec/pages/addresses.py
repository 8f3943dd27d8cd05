"""Every page there is, from the router: its address, its methods, the area to which it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from fastapi import FastAPI
from fastapi.routing import APIRoute

from interop.api.app import create_app
from interop.api.services import Services
from interop.pages.application import create_pages
from interop.pages.areas import Area, areas

NONE: Final = "none"
"""The id of nothing."""


class Address(NamedTuple):
    """A method and an address with ``{patient}`` and ``{id}``; ``area`` None where it is for everyone, signed on or not."""

    method: str
    path: str
    area: Area | None

    def about(self, patient: str, id: str = NONE) -> str:
        """Filled in; what else is left open is nothing."""
        return "/".join(
            {"{patient}": patient, "{id}": id}.get(part, NONE if part.startswith("{") else part) for part in self.path.split("/")
        )


def area_of(path: str) -> Area | None:
    """The area in which an address is: the one whose own is the longest beginning of it."""
    inside = [each for each in areas().values() if f"{path}/".startswith(f"{each.href}/")]
    return max(inside, key=lambda each: len(each.href), default=None)


def addresses(services: Services) -> Iterator[Address]:
    """All of them; HEAD is as GET."""
    pages = create_pages(services, create_app(services))
    assert isinstance(pages, FastAPI)
    for each in pages.routes:
        if isinstance(each, APIRoute):
            yield from (Address(method, each.path, area_of(each.path)) for method in sorted((each.methods or set()) - {"HEAD"}))
