"""Operations of a running engine, called by the commands that govern who sees what."""

from __future__ import annotations

import json
from typing import Any

from interop.cli.options import Engine
from interop.cli.shown import wrong

Said = tuple[str, str, Any]
"""Name, ``value[x]`` and value of a parameter; None and '' are not told."""
PATIENCE = 60
"""Seconds."""
NEXT = {
    401: "Sign on with --token or INTEROP_TOKEN; on the engine's own machine --data makes a token of the demonstration.",
    403: "Ask under a role that may: interop token --role … makes one of the demonstration.",
}
"""What to do next, by status."""
PERSON = "Check the id: GET /fhir/Patient?identifier=… finds the person, where the role may."
"""What to do where what was named is not there, if it was a person."""


def call(engine: Engine, address: str, *said: Said, missing: str = PERSON) -> tuple[int, dict[str, Any]] | None:
    """POST an operation; the status and the resource that it answers with. None, with a sentence on standard error, where it
    failed; ``missing`` says what to do where there is nothing of that name."""
    parameters = [{"name": name, form: value} for name, form, value in said if value not in (None, "")]
    return ask(engine, "POST", address, {"resourceType": "Parameters", "parameter": parameters}, missing=missing)


def ask(
    engine: Engine, method: str, address: str, body: dict[str, Any] | None = None, *, missing: str = PERSON
) -> tuple[int, dict[str, Any]] | None:
    """A request below the service base; as ``call``."""
    import httpx

    from interop.cli.bearer import bearer

    url = address if "://" in address else f"{engine.url.rstrip('/')}/fhir/{address}"
    headers = {"content-type": "application/fhir+json", "accept": "application/fhir+json", **bearer(url, engine.token, engine.data)}
    try:
        # Without TLS there is nothing to verify, and the authorities of the machine take half a second to read.
        verify = not url.startswith("http://")
        answer = httpx.request(method, url, json=body, headers=headers, timeout=PATIENCE, trust_env=False, verify=verify)
    except httpx.ReadTimeout:
        wrong(f"{engine.url} has not answered within {PATIENCE} seconds. It may still be at it: ask again later.")
        return None
    except httpx.TransportError:
        wrong(f"No engine answers at {engine.url}. Start it with interop serve, or name it with --url.")
        return None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        wrong(f"{engine.url} is no address: name the engine with --url http://HOST:PORT.")
        return None
    said = _resource(answer.text)
    if answer.is_success and said is not None:
        return answer.status_code, said
    following = missing if answer.status_code == 404 else NEXT.get(answer.status_code, "")
    wrong(f"{answer.status_code}: {words(said)} {following}".strip())
    return None


def _resource(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def words(said: dict[str, Any] | None) -> str:
    """What an OperationOutcome says, in one line."""
    issues = said.get("issue") if said is not None else None
    found = [said.get("sentence", ""), said.get("detail", "")] if said is not None and "sentence" in said else []
    for issue in issues if isinstance(issues, list) else []:
        found += [issue.get("details", {}).get("text", ""), issue.get("diagnostics", "")]
    return " ".join(filter(None, found)) or "what answers is no engine of ours."
