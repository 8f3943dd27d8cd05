"""``conformance patch``: put the document, patch it, read it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from conformance.judged.outcome import FAIL, PASS, SKIP, WARN, Outcome
from conformance.judged.progress import advancing
from conformance.judged.showing import Form, show
from conformance.judged.target import JSON, Where, address, exchange, resource, target
from conformance.patches.cases import Case, as_json, read
from conformance.roundtrip.resources import difference
from interop.fhir.findings import ERROR
from interop.fhir.validation import check

OURS = ("id", "meta", "text")
"""Elements of the resource that are not compared: the server's, or given here."""


def judge(paths: list[Path], where: Where, form: Form, *, only: str = "", say: Callable[[str], None] = print) -> int:
    """Run the patch cases of files; the exit code. Raises Unusable."""
    cases = [each for path in paths for each in read(path) if only in each.name]
    outcomes: list[Outcome] = []
    with target(where) as client:
        for number, case in enumerate(advancing(cases, len(cases), "cases")):
            outcomes += _run(client, case, f"patched-{number}")
    return show("conformance patch", outcomes, form, say)


def _run(client: httpx.Client, case: Case, id_: str) -> Iterator[Outcome]:
    if case.reason:
        yield Outcome(case.suite, case.name, SKIP, case.reason)
        return
    forms = [(case.media_type, case.patch)]
    if body := as_json(case):
        forms.append((JSON, body))
    for media_type, patch in forms:
        yield _patched(client, case, id_, media_type, patch)


def _patched(client: httpx.Client, case: Case, id_: str, media_type: str, patch: bytes) -> Outcome:
    name = f"{case.name} ({media_type})"
    kind = case.before["resourceType"]
    url = address(client, f"{kind}/{id_}")
    try:
        before = json.dumps(case.before | {"id": id_}, default=str).encode()
        put = client.put(url, content=before, headers={"content-type": JSON})
        if not put.is_success:
            return Outcome(case.suite, name, FAIL, f"its document was answered {put.status_code}", exchange(put))
        answer = client.patch(url, content=patch, headers={"content-type": media_type})
        came = _compared(resource(client.get(url)))
    except httpx.HTTPError as problem:
        return Outcome(case.suite, name, FAIL, f"{type(problem).__name__} {problem}")
    if case.after is None:
        unchanged = difference(_compared(case.before), came)
        refused = 400 <= answer.status_code < 500 and not unchanged
        return Outcome(case.suite, name, PASS if refused else FAIL, "" if refused else "was to be refused", exchange(answer))
    if not answer.is_success:
        broken = [each.rule for each in check(case.after) if each.severity == ERROR]
        why = f"status {answer.status_code}" + (f"; what is wanted breaks {', '.join(broken)}" if broken else "")
        return Outcome(case.suite, name, WARN if broken else FAIL, why, exchange(answer))
    said = difference(_compared(case.after), came)
    return Outcome(case.suite, name, FAIL if said else PASS, said, exchange(answer) if said else "")


def _compared(said: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in said.items() if name not in OURS}
