"""``$audit-verify``: whether the audit is as it was written; begun by POST, and told how far it is by GET."""

from __future__ import annotations

from typing import Any

from interop.api.asgi import Response
from interop.api.operations.audit import parameters, part
from interop.api.operations.operation import Asked
from interop.audit.verifying import RUNNING
from interop.clock import instant
from interop.errors import Problem


async def audit_verify(asked: Asked) -> Response:
    """Parameters: ``state`` (never, running, well, bad), bytes ``done`` of ``total``, ``when``; once looked at, ``rows``,
    ``chains``, ``checkpoints``, ``beyond``, ``removed``, ``lost`` and of the first bad entry ``bad``. Raises Problem ``forbidden``,
    ``not-found``."""
    services = asked.services
    services.decide(asked.request, "$audit-verify")
    verifying = services.verifying
    if verifying is None:
        raise Problem("not-found")
    if asked.request.method == "POST":
        verifying.begin(services.clock.now())
    found, running = verifying.found, verifying.state == RUNNING
    said: dict[str, tuple[str, Any]] = {
        "state": ("valueCode", verifying.state),
        "done": ("valueInteger", verifying.done if running else None),
        "total": ("valueInteger", verifying.total if running else None),
        "when": ("valueInstant", instant(verifying.when) if verifying.when else ""),
    }
    if found is not None:
        for name in ("rows", "chains", "checkpoints", "beyond", "removed"):
            said[name] = ("valueInteger", getattr(found, name))
        said["lost"] = ("valueString", " ".join(map(str, found.lost)))
        if found.bad is not None:
            said["bad"] = ("valueString", f"entry {found.bad.sequence} of chain {found.bad.chain}: {found.bad.what}")
    return parameters([part("state", said)])
