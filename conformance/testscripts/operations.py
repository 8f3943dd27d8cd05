"""The operations of a TestScript as HTTP requests (R4 testscript.html, valueset-testscript-operation-codes)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urljoin

import httpx

from conformance.testscripts.content import Content
from conformance.testscripts.memory import Memory, Unset, located

Operation = dict[str, Any]
FORMATS = {"json": "application/fhir+json", "xml": "application/fhir+xml", "ttl": "application/fhir+turtle", "none": ""}
METHODS = {
    "create": "POST", "batch": "POST", "transaction": "POST", "update": "PUT", "updateCreate": "PUT", "patch": "PATCH",
    "delete": "DELETE", "deleteCondSingle": "DELETE", "deleteCondMultiple": "DELETE",
    "read": "GET", "vread": "GET", "history": "GET", "search": "GET", "capabilities": "GET", "metadata": "GET",
}  # fmt: skip
"""Of the interactions; every other code is an operation ``$code``."""
_SAFE = "/?&=+$,:;|()*!'@%-._~#[]"


def perform(client: httpx.Client, operation: Operation, memory: Memory) -> httpx.Response:
    """Send an operation and remember request and answer under their ids. Raises Unset, httpx.HTTPError."""
    code = (operation.get("type") or {}).get("code", "")
    method = operation.get("method", "").upper() or METHODS.get(code) or ("POST" if code and "sourceId" in operation else "GET")
    source = memory.content(operation["sourceId"]) if "sourceId" in operation else None
    headers, form = _headers(operation, source, method, memory)
    body = source.written(form) if source is not None and method in ("POST", "PUT", "PATCH") else None
    url = address(str(client.base_url), operation, code, memory)
    request = client.build_request(method, url, headers=headers, content=body)
    if "accept" not in headers:
        request.headers.pop("accept", None)
    sent = Content(body or b"", {name.lower(): value for name, value in request.headers.items()}, 0, method, str(request.url))
    answer = client.send(request)
    came = Content(answer.content, {name.lower(): value for name, value in answer.headers.items()}, answer.status_code)
    for known, message, id_ in ((memory.requests, sent, "requestId"), (memory.answers, came, "responseId")):
        known[""] = message
        if name := operation.get(id_):
            known[name] = message
    if "sourceId" in operation and answer.is_success:
        place = located(came)
        if place[1] and place[0] != "Bundle":
            memory.places[operation["sourceId"]] = place
    return answer


def _headers(operation: Operation, source: Content | None, method: str, memory: Memory) -> tuple[dict[str, str], str]:
    """The headers of a request and the format that its body is to have ('' as it is)."""
    headers: dict[str, str] = {}
    accept = operation.get("accept", "json")
    if wanted := FORMATS.get(accept, accept):
        headers["accept"] = wanted
    form = ""
    if source is not None and method in ("POST", "PUT", "PATCH"):
        asked = operation.get("contentType", "")
        form = "xml" if "xml" in asked else "json" if asked.endswith("json") and "patch" not in asked else ""
        headers["content-type"] = FORMATS.get(asked, asked) or FORMATS.get(source.format, "application/octet-stream")
    for each in operation.get("requestHeader", ()):
        headers[each["field"].lower()] = memory.filled(each["value"])
    return headers, form


def address(base: str, operation: Operation, code: str, memory: Memory) -> str:
    """The URL of an operation. Raises Unset."""
    base = base.rstrip("/")
    if url := operation.get("url"):
        return urljoin(base + "/", memory.filled(url).lstrip("/"))
    params = memory.filled(operation.get("params", ""))
    if operation.get("encodeRequestUrl", True):
        params = quote(params, safe=_SAFE)
    else:
        params = quote(params, safe=_SAFE + '"<>\\^`{}')
    if operation.get("pathFromRoot"):
        return urljoin(base, params)
    if code in ("capabilities", "metadata"):
        return f"{base}/metadata{params}"
    path, kind = "", operation.get("resource", "")
    if target := operation.get("targetId"):
        found, id_, version = memory.place(target)
        kind = kind or found
        path = f"/{id_}"
        if code == "vread":
            if not version:
                raise Unset(f"{target!r} has no version")
            path += f"/_history/{version}"
    elif not params and code in ("update", "updateCreate", "read", "delete", "patch") and "sourceId" in operation:
        path = f"/{memory.place(operation['sourceId'])[1]}"
    kind = kind or _kind(operation, code, memory)
    start = base + (f"/{kind}" if kind else "") + path
    if code and code not in METHODS and f"${code}" not in params:
        before, mark, query = params.partition("?")
        return f"{start}{before}/${code}{mark}{query}"
    if code == "history" and "_history" not in params:
        before, mark, query = params.partition("?")
        return f"{start}{before}/_history{mark}{query}"
    return start + (params if params[:1] in ("", "/", "?") else f"/{params}" if params[:1] != "&" else f"?{params[1:]}")


def _kind(operation: Operation, code: str, memory: Memory) -> str:
    """The type that the body says, for an interaction that names none."""
    if "sourceId" not in operation:
        return ""
    if code == "patch":
        return memory.place(operation["sourceId"])[0]
    if code in ("create", "update", "updateCreate"):
        return str((memory.content(operation["sourceId"]).resource or {}).get("resourceType", ""))
    return ""
