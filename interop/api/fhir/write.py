"""Create, update, patch and delete of what the API owns, also by criteria (FHIR R4 http, 3.1.0.7 to 3.1.0.9)."""

from __future__ import annotations

from interop.api import links
from interop.api.asgi import Request, Response
from interop.api.fhir.bodies import patch_body, sent
from interop.api.fhir.criteria import criteria_of, read
from interop.api.fhir.permits import author_of, permit_of
from interop.api.fhir.read import version_headers
from interop.api.negotiation import if_match, prefer
from interop.api.problems import outcome
from interop.api.services import Services
from interop.apply.asked import CREATE, DELETE, PATCH, UPDATE, Asked, Criteria, Written
from interop.errors import Problem
from interop.policy.secrets import masked


async def create(services: Services, request: Request, type: str) -> Response:
    """201 with the address of the new resource; 200 where ``If-None-Exist`` finds one, 412 where it finds several."""
    permit, author = permit_of(services, request, "create", type), author_of(request)
    criteria = None
    if b"if-none-exist" in request.headers:
        criteria = criteria_of(services, request, "create", type, read(type, request.header(b"if-none-exist")))
    resource, body = await sent(services, request, type)
    base = links.base(request, services.base)
    asked = Asked(CREATE, type, criteria=criteria, resource=resource, body=body, base=base, permit=permit, author=author)
    return answer(services, request, asked, await services.writes.write(asked))


async def update(services: Services, request: Request, type: str, id: str = "") -> Response:
    """200, or 201 where there was nothing; 412 where ``If-Match`` names another version or the criteria find several."""
    permit, author = permit_of(services, request, "update", type, id), author_of(request)
    expected, absent, criteria = _conditions(services, request, "update", type, id)
    resource, body = await sent(services, request, type, id)
    base = links.base(request, services.base)
    asked = Asked(
        UPDATE, type, id, criteria, resource, body, expected=expected, absent=absent, base=base, permit=permit, author=author
    )
    return answer(services, request, asked, await services.writes.write(asked))


async def patch(services: Services, request: Request, type: str, id: str = "") -> Response:
    """200 with the patched resource; 404 where there is none, 412 where ``If-Match`` names another version."""
    permit, author = permit_of(services, request, "patch", type, id), author_of(request)
    expected, absent, criteria = _conditions(services, request, "patch", type, id)
    change = await patch_body(services, request)
    base = links.base(request, services.base)
    asked = Asked(
        PATCH, type, id, criteria, change=change, expected=expected, absent=absent, base=base, permit=permit, author=author
    )
    return answer(services, request, asked, await services.writes.write(asked))


async def delete(services: Services, request: Request, type: str, id: str = "") -> Response:
    """204, also where it was deleted before or never there; by criteria at most one is deleted, 412 where they find several."""
    permit, author = permit_of(services, request, "delete", type, id), author_of(request)
    expected, absent, criteria = _conditions(services, request, "delete", type, id)
    asked = Asked(DELETE, type, id, criteria, expected=expected, absent=absent, permit=permit, author=author)
    return answer(services, request, asked, await services.writes.write(asked))


def _conditions(
    services: Services, request: Request, interaction: str, type: str, id: str
) -> tuple[tuple[int, ...] | None, bool, Criteria | None]:
    """The versions one of which is wanted, whether none is, and the criteria where no id is given."""
    absent = request.header(b"if-none-match")
    if absent not in ("", "*"):
        raise Problem("bad-parameter", where="If-None-Match", detail="only * has a meaning for a write")
    query = request.scope.get("query_string", b"").decode("latin-1")
    criteria = None if id else criteria_of(services, request, interaction, type, read("", query))
    expected = if_match(request.header(b"if-match") if b"if-match" in request.headers else None)
    return expected, bool(absent), criteria


def malformed_id(type: str) -> Problem:
    """What an update is told that would make a resource under an id that is none (FHIR R4 http, 3.1.0.7; datatypes, id)."""
    return Problem("bad-parameter", where=f"{type}.id", detail="an id is 1 to 64 letters, digits, hyphens and full stops")


def answer(services: Services, request: Request, asked: Asked, written: Written) -> Response:
    """What a write is answered with, as ``Prefer`` has it."""
    stored = written.stored
    if stored is not None and not written.message and asked.method != DELETE:  # nothing was changed: what there is was given
        request.account.resources += 1
        if stored.subject:
            request.account.patients[stored.subject] = None
    headers = version_headers(stored) if stored is not None else []
    if asked.method == DELETE:
        del headers[1:]  # there is nothing that was modified
    if stored is not None and asked.method != DELETE:
        address = f"{links.base(request, services.base)}/{stored.type}/{stored.id}/_history/{stored.version}"
        headers.append((b"location", address.encode("ascii")))
    wanted = prefer(request.header(b"prefer")).answer
    if wanted == "OperationOutcome":
        body = said(asked, written)
    elif wanted == "minimal" or stored is None:
        body = b""
    else:
        body = masked(stored.type, stored.body)
    if asked.method == DELETE:
        return Response(
            200 if wanted == "OperationOutcome" else 204, body if wanted == "OperationOutcome" else b"", headers=headers
        )
    return Response(201 if written.created else 200, body, headers=headers)


def said(asked: Asked, written: Written) -> bytes:
    """An OperationOutcome that tells what was done."""
    done = {CREATE: "created", DELETE: "deleted"}.get(asked.method, "updated")
    text = "created" if written.created else done if written.message else "unchanged"
    return outcome([{"severity": "information", "code": "informational", "diagnostics": f"The resource was {text}."}])
