"""Runs search cases: by GET, and by POST where the search has such a form."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from conformance.judged.outcome import FAIL, PASS, SKIP, WARN, Outcome
from conformance.judged.target import JSON, Judged, address, exchange, resource
from conformance.judged.tokens import bearer
from conformance.searches.cases import Case, Resource
from conformance.searches.sorting import out_of_order

LOADING = "loading"
PAGES = 50
"""Pages of one answer that are followed."""


class Found(NamedTuple):
    """All pages of an answer: the first answer, matches and includes in their order, the total of the first page."""

    answer: httpx.Response
    matches: list[Resource]
    includes: list[Resource]
    total: int | None


def load(client: httpx.Client, fixtures: list[Resource]) -> Iterator[Outcome]:
    """PUT every fixture by its id, then do what Bundles of type batch or transaction ask for.

    What is refused is told, and fails nothing by itself: a server may refuse what is not R4. A transaction that is refused is
    sent as a batch, so that what is R4 of it is there.
    """
    for each in fixtures:
        name = f"{each['resourceType']}/{each['id']}"
        yield _loaded(name, client.put(address(client, name), json=each, headers={"content-type": JSON}))
    for each in fixtures:
        if each["resourceType"] == "Bundle" and each.get("type") in ("batch", "transaction"):
            answer = _posted(client, each)
            if not answer.is_success:
                answer = _posted(client, each | {"type": "batch"})
            yield _loaded(f"entries of Bundle/{each['id']}", answer)


def _posted(client: httpx.Client, bundle: Resource) -> httpx.Response:
    return client.post(address(client, ""), json=bundle, headers={"content-type": JSON})


def _loaded(name: str, answer: httpx.Response) -> Outcome:
    if answer.is_success:
        return Outcome(LOADING, name, PASS)
    return Outcome(LOADING, name, WARN, f"{answer.request.method} was answered {answer.status_code}", exchange(answer))


def runs(case: Case, suite: str) -> list[tuple[str, Case, str, str]]:
    """The runs of a case: suite, case, method, what is added to its query."""
    if case.other:
        return [(suite, case, "", "")]
    kind = case.request.partition("?")[0]
    methods = ("GET", "POST") if "/" not in kind and "*" not in kind else ("GET",)
    return [(suite, case, method, variant) for variant in case.variants for method in methods]


def run(client: Judged, suite: str, case: Case, method: str, variant: str) -> Outcome:
    """One run of a case. Raises Unusable where a token that it needs cannot be made."""
    if case.other:
        return Outcome(suite, f"{case.name} {case.request}", SKIP, f"expects what is not known here: {case.other}")
    token = client.tokens.of(case.auth) if case.auth else client.tokens.plain
    if case.auth and not token:
        return Outcome(suite, f"{case.name} {method} {case.request}", SKIP, f"no token for {case.auth}: see --auth and --mint")
    request = case.request + (("&" if "?" in case.request else "?") + variant if variant else "")
    began = time.monotonic()
    name = f"{case.name} {method} {request}"
    try:
        found = _search(client, method, request, bearer(token))
        why = _judged(case, variant, found)
    except httpx.HTTPError as problem:
        return Outcome(suite, name, FAIL, f"{type(problem).__name__} {problem}", seconds=time.monotonic() - began)
    taken = time.monotonic() - began
    return Outcome(suite, name, FAIL if why else PASS, why, exchange(found.answer) if why else "", taken)


def _search(client: httpx.Client, method: str, request: str, who: dict[str, str]) -> Found:
    path, _, query = request.partition("?")
    if method == "GET":
        first = client.get(address(client, request.replace(" ", "%20").replace("|", "%7C")), headers=who)
    else:
        body = quote(query.replace(" ", "+"), safe="%&=+:/,;$|\\'!*()-._~@[]?#")
        form = {"content-type": "application/x-www-form-urlencoded", **who}
        first = client.post(address(client, f"{path}/_search" if path else "_search"), content=body, headers=form)
    matches: list[Resource] = []
    includes: list[Resource] = []
    bundle = resource(first)
    total = bundle.get("total")
    for _ in range(PAGES):
        for entry in bundle.get("entry") or []:
            mode = (entry.get("search") or {}).get("mode", "match")
            if mode != "outcome":
                (matches if mode == "match" else includes).append(entry.get("resource") or {})
        url = link(bundle, "next")
        if not url:
            break
        bundle = resource(client.get(first.url.join(url), headers=who))
    return Found(first, matches, includes, total)


def link(bundle: Resource, relation: str) -> str:
    """The URL of a Bundle's link; ''."""
    return next((each.get("url", "") for each in bundle.get("link") or [] if each.get("relation") == relation), "")


def _judged(case: Case, variant: str, found: Found) -> str:
    """'' where the answer is as it should be, else what is wrong."""
    status = found.answer.status_code
    if status != case.status:
        return f"status {status}, not {case.status}"
    if case.status != 200:
        return ""
    bundle = resource(found.answer)
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "searchset":
        return "the answer is no Bundle of type searchset"
    counted = "_summary=count" in (variant, *case.request.partition("?")[2].split("&"))
    problems = [
        _number("matches", case.total, None if counted else len(found.matches)),
        _number("total", case.total, found.total if counted or found.total is not None else case.total),
        _number("entries", case.entries, None if counted else len(found.matches) + len(found.includes)),
        "" if counted else _ids("matches", case.finds, found.matches, case.ordered),
        "" if counted else _ids("includes", case.includes, found.includes, False),
    ]
    if counted and (found.matches or found.includes):
        problems.append("_summary=count gives no entries")
    if case.sorted:
        problems.append("out of order: " + said if (said := out_of_order(case.request, found.matches)) else "")
        problems.append("" if found.matches else "nothing was found to be in order")
    return "; ".join(filter(None, problems))


def _number(what: str, wanted: int | None, came: int | None) -> str:
    if wanted is None or came == wanted or (came is None and what != "total"):
        return ""
    return f"{came} {what}, not {wanted}"


def _ids(what: str, wanted: tuple[str, ...] | None, came: list[Resource], ordered: bool) -> str:
    if wanted is None:
        return ""
    found = [f"{each.get('resourceType')}/{each.get('id')}" for each in came]
    if (found == list(wanted)) if ordered else (sorted(found) == sorted(wanted)):
        return ""
    missing = [each for each in wanted if each not in found]
    extra: list[Any] = [each for each in found if each not in wanted]
    parts = [f"without {', '.join(missing)}" if missing else "", f"with {', '.join(extra)}" if extra else ""]
    return f"{what} " + (" and ".join(filter(None, parts)) or f"come as {', '.join(found)}")
