"""Where one goes back to after a form: a page about the same person, and nowhere else."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from interop.pages.visiting import Visit

OURS: Final = re.compile(r"/(?:record|crew)/([A-Za-z0-9\-.]{1,64})((?:/[A-Za-z0-9\-.]{1,64})*)", re.ASCII)
FORMS: Final = ("/access", "/break-glass")
"""One does not go back to where one came from a form to."""


def back(here: Visit, patient: str, said: str = "") -> str:
    """A path of ours about the person: the one that is ``said``, else the one in the address, else that of the page that led here;
    the record where none of them is one."""
    asked = said or here.request.query_params.get("to", "") or _led(here)
    return asked if _about(asked, patient) else f"/record/{patient}"


def _about(path: str, patient: str) -> bool:
    found = OURS.fullmatch(path)
    return found is not None and found[1] == patient and found[2] not in FORMS and ".." not in path


def _led(here: Visit) -> str:
    """The path of the page that led here, '' where that is not one of ours."""
    parts = urlsplit(here.request.headers.get("referer", ""))
    return parts.path if parts.netloc and parts.netloc == here.request.headers.get("host", "") else ""
