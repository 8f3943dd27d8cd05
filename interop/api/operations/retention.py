"""``$retention``: what the settings no longer keep goes, a portion a call, or with ``dry-run`` what would."""

from __future__ import annotations

import asyncio

from interop.api.asgi import Response
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import Said, as_parameters, parts, resource
from interop.errors import Problem


async def retention(asked: Asked) -> Response:
    """Parameters: how many ``messages`` have no content any more and how many ``bytes`` that was, how many ``versions`` and
    ``audit-parts`` are gone, of which ``source`` how many resources, the ``certificate`` of each that is done, whether there is
    ``more``.

    Raises Problem ``forbidden``, ``not-found``, ``audit-unavailable``, ``journal-unavailable``."""
    asked.services.decide(asked.request, "$retention")
    disposing, dry = asked.services.disposing, asked.inputs.flag("dry-run")
    if disposing is None:
        raise Problem("not-found")
    if dry:
        done = await disposing.due()
    else:
        done = await asyncio.shield(asyncio.ensure_future(disposing.run(asked.request.asker)))
    said: list[Said] = [
        ("dry-run", "valueBoolean", dry),
        ("messages", "valueUnsignedInt", done.messages),
        ("bytes", "valueDecimal", done.size),
        ("versions", "valueUnsignedInt", done.versions),
        ("audit-parts", "valueUnsignedInt", done.parts),
    ]
    said += [
        ("source", "part", parts(("name", "valueString", name), ("resources", "valueUnsignedInt", count)))
        for name, count in sorted(done.sources.items())
    ]
    said += [("certificate", "valuePositiveInt", number) for number in done.certificates]
    said.append(("more", "valueBoolean", done.more))
    return resource(as_parameters(*said))
