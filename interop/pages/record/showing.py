"""A part of a record as a page; where the API refuses it, whose record it is stays on the page, with the words of the refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi.responses import HTMLResponse

from interop.api.inside import NotGiven
from interop.pages.visiting import Visit

ROLE: Final = "This part of a record is not for your role."
TITLES: Final = {404: "It is not here", 410: "It is no longer here"}
FAILED: Final = "That did not work"


async def shown(
    here: Visit,
    template: str,
    values: dict[str, Any],
    asked: Awaitable[dict[str, Any]],
    title: str | Callable[[dict[str, Any]], str],
    called: str = "",
) -> HTMLResponse:
    """The page of what is ``asked`` of the API, under the person of ``values``; ``title`` of what was found,
    which ``called`` stands for in a browser's history: what a source calls it does not stay behind there."""
    try:
        found = await asked
    except NotGiven as refused:
        named = title if isinstance(title, str) else "This"
        forbidden = refused.status == 403
        words = [ROLE] if forbidden else refused.sentences
        head = f"{named}: not shown" if forbidden else TITLES.get(refused.status, FAILED)
        return here.page("record/not_given.html", head, status=refused.status, **values, said=words, forbidden=forbidden)
    return here.page(template, title if isinstance(title, str) else title(found), tab=called, **values, **found)
