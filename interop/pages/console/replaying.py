"""Messages mapped again by the tables of today: what would change, then, once its size is written down, the replay itself, a batch
at a time: ``/console/replay``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.pages.console.listing import choices
from interop.pages.console.menu import AREA, sections
from interop.pages.console.words import STATES, midnight
from interop.pages.visiting import Visit

TEXTS: Final = {"feed": "valueString", "type": "valueString", "state": "valueCode", "reason": "valueCode",
                "control-id": "valueString", "since": "valueInstant", "until": "valueInstant"}  # fmt: skip
JSON: Final = [(b"content-type", b"application/fhir+json")]
BATCHES: Final = (50, 200, 1000)
SHOWN: Final = 200
"""Differences that a page shows."""
KINDS: Final = {"change": "changes", "vanish": "goes", "new": "is new"}
AGAIN: Final = ("applied", "shelved", "failed", "refused")
"""States in which messages may be replayed."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """The form, what would change, and what did."""

    @app.api_route("/console/replay", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def form(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        return _page(here, {name: value for name, value in request.query_params.items() if value})

    @app.post("/console/replay", response_class=HTMLResponse)
    async def replay(request: Request) -> Response:
        here = await visit(request)
        here.enter(AREA)
        said = {name: value for name, value in (await here.form()).items() if value}
        if not which(said):
            return _page(here, said, status=400, wrong={"field": "feed", "text": "Say which messages: by a filter or a number"})
        confirmed = said.get("does") == "replay"
        if confirmed and said.get("typed", "").replace(",", "") != said.get("expected", "-"):
            text = f"Write {said.get('expected', 'the number')} to replay these messages"
            return await _tried(here, said, status=400, wrong={"field": "typed", "text": text})
        return await _done(here, said) if confirmed else await _tried(here, said)


async def _tried(here: Visit, said: dict[str, str], *, status: int = 200, wrong: Mapping[str, str] | None = None) -> Response:
    """What would change."""
    found = await _ask(here, said, dry=True)
    if isinstance(found, Response):
        return found
    return _page(here, said, status=status, wrong=wrong, plan=told(found))


async def _done(here: Visit, said: dict[str, str]) -> Response:
    """What did, and the next batch."""
    found = await _ask(here, said, dry=False)
    return found if isinstance(found, Response) else _page(here, said, done=told(found))


async def _ask(here: Visit, said: dict[str, str], *, dry: bool) -> Any:
    """The answer of ``$replay``; the form again where it is not understood."""
    answer = await here.api.ask("POST", "/fhir/$replay", body=orjson.dumps(parameters(said, dry=dry)), headers=JSON)
    if answer.status in (400, 404, 422):
        text = " ".join(NotGiven(answer.status, answer.json).sentences) or "Check what you wrote"
        issues = (answer.json or {}).get("issue") or [{}]
        more = str(issues[0].get("diagnostics", ""))
        return _page(here, said, status=400, wrong={"field": "message" if said.get("message") else "feed", "text": more or text})
    if answer.status != 200:
        raise NotGiven(answer.status, answer.json)
    return answer.json


def which(said: Mapping[str, str]) -> dict[str, str]:
    """The filter or the number that says which messages."""
    return {name: said[name] for name in ("resume", "message", *TEXTS) if said.get(name)}


def parameters(said: Mapping[str, str], *, dry: bool) -> dict[str, Any]:
    """What is asked of ``$replay``."""
    asked: list[dict[str, Any]] = []
    if feed := said.get("resume"):
        asked.append({"name": "resume", "valueString": feed})
    elif numbers := said.get("message", "").replace(",", " ").split():
        asked += [{"name": "message", "valuePositiveInt": _number(each)} for each in numbers]
    else:
        times = {name: midnight(said.get(name, ""), days) for name, days in (("since", 0), ("until", 1))}
        asked += [{"name": name, kind: times.get(name) or said[name]} for name, kind in TEXTS.items() if said.get(name)]
        asked.append({"name": "count", "valuePositiveInt": _number(said.get("batch", "")) or BATCHES[1]})
        for name, kind in (("after", "valueUnsignedInt"), ("upto", "valuePositiveInt")):
            if _number(said.get(name, "")):
                asked.append({"name": name, kind: _number(said[name])})
    return {"resourceType": "Parameters", "parameter": [*asked, {"name": "dry-run", "valueBoolean": dry}]}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What a batch comes to: how many messages, their states, and what becomes of which resource, by FHIR path."""
    found: dict[str, Any] = {
        "messages": 0,
        "waiting": 0,
        "next": 0,
        "last": 0,
        "replay": 0,
        "moved": [],
        "held": [],
        "differences": [],
    }
    for each in answer.get("parameter", ()):
        name, parts = each["name"], [(part["name"], _value(part)) for part in each.get("part", ())]
        said = dict(parts)
        match name:
            case "messages" | "waiting" | "next" | "last" | "replay":
                found[name] = _value(each)
            case "moved":
                before, now = (STATES.get(said[when], (said[when], ""))[0] for when in ("before", "now"))
                found["moved"].append({"message": said["message"], "before": before, "now": now})
            case "held":
                found["held"].append(
                    {"message": said["message"], "why": said["why"], "count": sum(one == "reference" for one, _ in parts)}
                )
            case "difference":
                paths = [{"path": value, "words": KINDS[kind]} for kind, value in parts if kind in KINDS]
                found["differences"].append({**said, "words": KINDS.get(said["kind"], said["kind"]), "paths": paths})
    found["changed"] = len(found["differences"])
    found["paths"] = _paths(found["differences"])
    found["differences"] = found["differences"][:SHOWN]
    return found


def _paths(differences: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How often each path changes, most often first."""
    counted: dict[tuple[str, str], int] = {}
    for each in differences:
        for path in each["paths"] or [{"path": each["reference"].partition("/")[0], "words": each["words"]}]:
            counted[path["path"], path["words"]] = counted.get((path["path"], path["words"]), 0) + 1
    ranked = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return [{"path": path, "words": words, "count": count} for (path, words), count in ranked]


def _value(parameter: Mapping[str, Any]) -> Any:
    return next((value for name, value in parameter.items() if name != "name"), "")


def _page(
    here: Visit,
    said: Mapping[str, str],
    *,
    status: int = 200,
    wrong: Mapping[str, str] | None = None,
    plan: Mapping[str, Any] | None = None,
    done: Mapping[str, Any] | None = None,
) -> Response:
    states = {state: STATES[state][0] for state in AGAIN}
    chosen = which(said)
    batch = _number(said.get("batch", "")) or BATCHES[1]
    return here.page(
        "console/replay.html",
        "Replay",
        status=status,
        sections=sections("/console/replay", here.asker.role),
        chosen=chosen,
        again=f"?{urlencode({**chosen, 'batch': batch})}",
        upto=said.get("upto", ""),
        after=said.get("after", ""),
        batch=batch,
        batches=BATCHES,
        wrong=wrong,
        plan=plan,
        done=done,
        **{**choices(here.services), "states": states},
    )
