"""``Composition/$document`` (FHIR R4, Composition operation document): a document Bundle with all that is referred to."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import orjson

from interop.api import links
from interop.api.asgi import Header, Response
from interop.api.fhir.included import local
from interop.api.fhir.permits import author_of, permit_of
from interop.api.fhir.read import present
from interop.api.negotiation import prefer
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.apply.asked import CREATE
from interop.apply.asked import Asked as Write
from interop.clock import instant
from interop.errors import Problem
from interop.fhir.canonicals import URIS
from interop.fhir.references import references
from interop.formats.json import load_json
from interop.store.decision import Decision
from interop.store.plan import Several
from interop.store.values import Stored

NAME: Final = "$document"
MOST: Final = 2000
"""Resources of a document."""
Key = tuple[str, str]


async def document(asked: Asked) -> Response:
    """The document, newly assembled; with ``persist`` it is kept at ``/Bundle`` and the Location header names it.

    What the Composition itself refers to must be here (FHIR R4, documents.html); what is further away and not here is left out
    or, with ``Prefer: handling=strict``, a reason to refuse too. Raises Problem ``not-found``, ``gone``, ``bad-parameter``,
    ``incomplete-document``, ``too-costly``.
    """
    id_ = asked.id or _named(asked)
    if asked.inputs.flag("persist") and asked.request.method != "POST":
        raise BadInput("persist", "", "a document is kept by POST only")
    decision = asked.services.decide(asked.request, NAME, "Composition", id_)
    permit = permit_of(asked.services, asked.request, "create", "Bundle") if asked.inputs.flag("persist") else None
    composition = await present(asked.services, decision, "Composition", id_)
    resources, missing = await graph(asked, decision, composition)
    own = set(refers_to(composition))
    if missing & own or (missing and prefer(asked.request.header(b"prefer")).strict):
        raise Problem("incomplete-document", detail=f"{len(missing)} of its references lead nowhere")
    body = assemble(links.base(asked.request, asked.services.base), resources, asked.services.clock.now())
    headers: list[Header] = []
    if asked.inputs.flag("persist"):
        written = await asked.services.writes.write(
            Write(
                CREATE, "Bundle", resource=load_json(body, values=None), body=body, permit=permit, author=author_of(asked.request)
            )
        )
        stored = written.stored
        assert stored is not None
        body = stored.body
        address = f"{links.base(asked.request, asked.services.base)}/Bundle/{stored.id}/_history/{stored.version}"
        headers.append((b"location", address.encode("ascii")))
    return Response(200, body, headers=headers)


def _named(asked: Asked) -> str:
    said = asked.inputs.text("id")
    base = links.base(asked.request, asked.services.base) + "/Composition/"
    named = said.removeprefix(base).removeprefix("Composition/")
    if not named or "/" in named:
        raise BadInput("id", "", "the id of a Composition of this server is wanted")
    return named


async def graph(asked: Asked, decision: Decision, start: Stored) -> tuple[list[Stored], set[Key]]:
    """A resource and all that it refers to, directly or not, in the order in which it is met; and what is not there."""
    found: dict[Key, Stored] = {(start.type, start.id): start}
    missing: set[Key] = set()
    waiting = [start]
    while waiting:
        wanted = dict.fromkeys(key for stored in waiting for key in refers_to(stored) if key not in found and key not in missing)
        if len(found) + len(wanted) > MOST:
            raise Problem("too-costly")
        waiting = await asked.services.store.query(Several(decision, tuple(wanted))) if wanted else []
        read = {(stored.type, stored.id): stored for stored in waiting}
        waiting = [read[key] for key in wanted if key in read]
        found |= {(stored.type, stored.id): stored for stored in waiting}
        missing |= wanted.keys() - read.keys()
    return list(found.values()), missing


def refers_to(stored: Stored) -> list[Key]:
    """What a resource refers to on this server."""
    return local(literal for _, literal in references(orjson.loads(stored.body)))


def assemble(base: str, resources: list[Stored], now: int) -> bytes:
    """A Bundle of type ``document``: identifier, time, the first resource first (FHIR R4, bdl-9 to bdl-11)."""
    entries = b",".join(
        b'{"fullUrl":"%s","resource":%s}' % (f"{base}/{stored.type}/{stored.id}".encode("ascii"), stored.body)
        for stored in resources
    )
    named = orjson.dumps({"system": URIS, "value": f"urn:uuid:{uuid4()}"})
    head = b'{"resourceType":"Bundle","identifier":%s,"type":"document","timestamp":"%s"' % (named, instant(now).encode("ascii"))
    return head + b',"entry":[' + entries + b"]}"
