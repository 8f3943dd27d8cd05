"""A message field by field (``/messages/{id}/lineage``) and as it came (``/messages/{id}/content``).

``GET`` of the lineage names fields, rows, elements and losses, and no value: it is about nobody. What a message says is given by
``POST`` alone, to who may ``$message-content``, with a reason from a closed list: ``{"reason": "repair"}``. Nothing is given of a
message about somebody who hides where they are, nor of one that holds what a statute forbids to disclose: nobody can take that out
of the words of a source. Each answer is in the audit with the reason and the people concerned, and in the privacy officer's queue.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import orjson

from interop.api.asgi import Request
from interop.api.auditing.scope import MARK, MESSAGE_READ, REASON
from interop.api.services import Services
from interop.apply.lineages import Looked, look
from interop.audit.privacy import CONTENT
from interop.errors import Problem, reasons
from interop.mapping.contribution import Loss
from interop.mapping.library import Said
from interop.mapping.lineage import Element, Field
from interop.store.values import Entry

NAME: Final = "$message-content"
REASONS: Final = ("repair", "mapping", "sender-asks", "wrong-person", "incident")
"""Why somebody may open what a message says: to repair what was refused, failed or shelved; to check or change a mapping table; a
sender asks what became of it; it may be about the wrong person; an incident is looked into. The audit has no words that somebody
wrote."""
LIMIT: Final = 4096
"""Bytes of a body."""
MANY: Final = 10_000
"""Elements of an answer."""
LONGEST: Final = 2_000
"""Letters of a value that are told; the content has the rest."""


async def reason(request: Request) -> str:
    """The reason that a body states. Raises Problem ``bad-parameter``."""
    try:
        said = orjson.loads(await request.body(LIMIT))
    except ValueError:
        said = None
    found = said.get("reason") if isinstance(said, dict) and len(said) == 1 else None
    if found not in REASONS:
        raise Problem("bad-parameter", where="reason", detail=f"it is one of {', '.join(REASONS)}")
    return str(found)


async def opened(services: Services, request: Request, entry: Entry, why: str) -> Looked:
    """A message whose content is about to be given for a reason, written down for the audit. Raises Problem ``forbidden`` where
    nobody is given it, and what ``look`` raises."""
    looked = await look(services.store, entry, services.feeds, services.mint)
    request.scope[REASON], request.scope[MESSAGE_READ] = why, entry.message
    account = request.account
    account.patients.update(dict.fromkeys(looked.patients))
    if looked.withheld:
        raise Problem("forbidden", detail="what this message says is withheld from everyone")
    request.scope[MARK] = CONTENT
    account.resources += max(1, len(looked.patients))
    return looked


def told(entry: Entry, looked: Looked, *, masked: bool) -> dict[str, Any]:
    """The lineage as JSON: ``lines`` of ``fields``, with what each became; ``resources`` of ``elements``, with the row of each;
    ``masked``: without what anyone said."""
    lineage = looked.lineage
    said: dict[str, Any] = {
        "message": entry.message,
        "feed": entry.feed,
        "type": entry.type,
        "masked": masked,
        "withheld": bool(looked.withheld),
        "tables": looked.digest,
        "tablesThen": looked.then,
        "lines": [{"name": each.name, "depth": each.depth, "fields": each.fields} for each in lineage.lines],
        "fields": [_field(each, looked.rows, masked=masked) for each in lineage.fields],
        "elements": [_element(each, looked.rows, masked=masked) for each in lineage.elements[:MANY]],
        "resources": _resources(looked),
        "losses": _losses(looked),
    }
    if lineage.more:
        said["more"] = lineage.more
    if len(lineage.elements) > MANY:
        said["moreElements"] = len(lineage.elements) - MANY
    if (problem := looked.problem) is not None:
        known = reasons()[problem.reason.name]
        said["problem"] = {"reason": known.name, "sentence": known.sentence, "action": known.action, "where": problem.where}
    return said


def _field(one: Field, rows: Any, *, masked: bool) -> dict[str, Any]:
    said: dict[str, Any] = {"path": one.path, "fate": one.fate, "elements": [each for each in one.elements if each < MANY]}
    if not masked:
        said["value"] = _short(one.text)
    if one.losses:
        said["losses"] = [_loss(each, rows) for each in one.losses]
    return said


def _loss(one: Loss, rows: Any) -> dict[str, str]:
    row: Said | None = rows.get(one.row)
    return {"path": one.path, "reason": one.reason, "row": one.row, "why": row.why if row is not None else ""}


def _element(one: Element, rows: Any, *, masked: bool) -> dict[str, Any]:
    row: Said | None = rows.get(one.row)
    said: dict[str, Any] = {
        "resource": f"{one.type}/{one.id}",
        "path": f"{one.type}.{one.path}",
        "source": one.source,
        "row": one.row,
        "file": row.file if row is not None else "",
        "why": row.why if row is not None else "",
        "fields": one.fields,
    }
    if row is not None and row.codes:
        said["codes"] = row.codes
    if not masked:
        said["value"] = _short(one.value) if isinstance(one.value, str) else one.value
    return said


def _resources(looked: Looked) -> list[dict[str, str]]:
    made = looked.lineage.made
    if made is None:
        return []
    return [{"reference": f"{one.type}/{one.id}", "effect": one.effect} for one in made.contributions]


def _losses(looked: Looked) -> list[dict[str, Any]]:
    """What no element carries, of the message as a whole, each once with how often."""
    counted = Counter(looked.lineage.made.losses if looked.lineage.made is not None else ())
    return [{**_loss(each, looked.rows), "count": count} for each, count in sorted(counted.items())]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
