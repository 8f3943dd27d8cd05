"""``interop pull``: what a source does not send is fetched and handed to the running engine as if it had been sent."""

from __future__ import annotations

import asyncio
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interop.cli.bearer import bearer
from interop.cli.progress import progress
from interop.cli.shown import json_line, remark, say, wrong
from interop.errors import Problem, reasons
from interop.mapping.library import adapters, carriers
from interop.ports import Have, Pulled, Puller, Seen
from interop.store.plan import Messages

if TYPE_CHECKING:
    import httpx
    from stamina.instrumentation import RetryDetails

NEWEST = 200_000
"""How far back in the journal a pull looks for what it has."""
PAGE = 5_000
DOWN = frozenset({"source-unavailable", "source-timeout"})
"""Reasons by which a source is down."""
DONE = frozenset({"received", "mapped", "applied"})
"""States of what is in the journal for good; what was refused or failed is fetched again."""


def pull(feed: str, *, sources: Path, to: str, data: Path, database: str | None, token: str, as_json: bool) -> int:
    """Pull a feed once; 1 where something could not be had or was refused, 2 where it could not be begun or not be ended."""
    try:
        settings, puller = read_source(sources, feed)
        seen = asyncio.run(seen_in(data, feed, database))
        with _telling_retries():
            pulled = puller.pull(settings, seen)
            return asyncio.run(_pull(pulled, f"{to.rstrip('/')}/ingest/{feed}", as_json, bearer(to, token, data)))
    except (OSError, ValueError) as error:
        return wrong(f"It cannot be pulled: {error}")


def read_source(path: Path, feed: str) -> tuple[Mapping[str, Any], Puller]:
    """The settings of a feed, a table of a TOML file, and the adapter that it names; raises OSError, ValueError."""
    with path.open("rb") as file:
        try:
            tables = tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{path}: {error}") from None
    settings = tables.get(feed)
    if not isinstance(settings, dict):
        raise ValueError(f"{path} has no table [{feed}]")
    wanted = str(settings.get("adapter", feed))
    able = {name: one for name, one in {**adapters(), **carriers()}.items() if isinstance(one, Puller)}
    if wanted not in able:
        raise ValueError(f"{path}: the adapter of [{feed}] cannot pull; these can: {', '.join(sorted(able))}")
    return settings, able[wanted]


class Journal:
    """``interop.ports.Seen`` on the entries of a journal, newest first."""

    def __init__(self, entries: Iterator[tuple[str, bytes]]) -> None:
        self._newest: dict[str, Have] = {}
        for control_id, digest in entries:
            self._newest.setdefault(control_id.rpartition("/")[0], Have(control_id, digest))

    def newest(self, stem: str) -> Have | None:
        return self._newest.get(stem)


async def seen_in(data: Path, feed: str, database: str | None = None) -> Seen:
    """What the journal has of a feed, read beside the running engine; nothing where there is no journal here."""
    from interop.app.opening import open_store

    found: list[tuple[str, bytes]] = []
    try:
        store = await open_store(data, database, read_only=True)
    except (OSError, Problem):
        return Journal(iter(()))
    try:
        before = 0
        while len(found) < NEWEST:
            entries = await store.query(Messages(feed, "", "", before, PAGE))
            found += [(each.control_id, each.digest) for each in entries if each.control_id and each.state in DONE]
            if len(entries) < PAGE:
                break
            before = entries[-1].message
    finally:
        await store.close()
    return Journal(iter(found))


async def _pull(pulled: AsyncIterator[Pulled], address: str, as_json: bool, headers: Mapping[str, str]) -> int:
    """Hand over one after another: what was handed over stays, however it ends. Raises OSError, ValueError."""
    import httpx

    counts, ended = {"new": 0, "known": 0, "failed": 0}, None
    async with httpx.AsyncClient(timeout=60, trust_env=False, headers=headers) as engine:
        with progress("pulling") as working:
            try:
                async for one in pulled:
                    line = await _hand_over(engine, address, one)
                    one.taken = line["outcome"] != "failed"
                    counts[line["outcome"]] += 1
                    working.at(sum(counts.values()))
                    working.says(line["what"].partition("/")[0])
                    if as_json or line["outcome"] == "failed":
                        _tell(line, as_json)
            except Problem as problem:
                ended = problem
        if ended.reason.name in DOWN if ended is not None else not counts["failed"]:
            await _say_of_source(engine, address, "well" if ended is None else "down")
    if as_json:
        json_line({"pulled": sum(counts.values()), **counts})
    else:
        print(f"{sum(counts.values())} looked at: {counts['new']} new, {counts['known']} known, {counts['failed']} failed")
    if ended is not None:
        with redirect_stdout(sys.stderr):
            _tell({"what": "The pull ended early", "outcome": "ended", **ended.as_json()}, as_json)
        return 2
    return 1 if counts["failed"] else 0


async def _say_of_source(engine: httpx.AsyncClient, address: str, state: str) -> None:
    """Tell the engine how the source is, so that what is absent can be told from what is not there: down where it could not be
    reached, well where all of it was seen. Of any other end nothing is known."""
    import httpx

    try:
        answer = await engine.post(address, params={"source": state})
        told = answer.is_success
    except httpx.TransportError:
        told = False
    if not told:
        remark("The engine could not be told how the source is: what it says of this feed may be out of date.")


@contextmanager
def _telling_retries() -> Iterator[None]:
    """What is asked again in here is told; the library's own settings come back after it."""
    import stamina

    stamina.instrumentation.set_on_retry_hooks([_again])
    try:
        yield
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)


def _again(details: RetryDetails) -> None:
    """Tell that the source is asked once more."""
    remark(f"The source is asked again in {details.wait_for:.0f} s: {details.caused_by}")


async def _hand_over(engine: httpx.AsyncClient, address: str, one: Pulled) -> dict[str, str]:
    """What became of one; raises OSError where the engine cannot be reached, Problem where it takes nothing at present."""
    import httpx

    if one.problem is not None:
        return {"what": one.what, "outcome": "failed", **one.problem.as_json()}
    if not one.body:
        return {"what": one.what, "outcome": "known"}
    try:
        answer = await engine.post(address, content=one.body, headers={"Content-Type": one.media_type})
    except httpx.TransportError as error:
        raise OSError(f"the engine does not answer ({type(error).__name__}). Is it running (interop serve)?") from error
    if answer.is_success:
        number = answer.headers.get("location", "").rpartition("/")[2]
        return {"what": one.what, "outcome": "known" if b'"repeats"' in answer.content else "new", "message": number}
    refused = _refusal(answer)
    if answer.status_code >= 500 or refused.reason.name == "wrong-feed":
        raise refused
    return {"what": one.what, "outcome": "failed", **refused.as_json()}


def _refusal(answer: httpx.Response) -> Problem:
    """Why the engine did not take a message, by the code that its OperationOutcome names."""
    known = reasons()
    try:
        issues = answer.json()["issue"]
        name = next((each["code"] for issue in issues for each in issue["details"]["coding"] if each["code"] in known), "fault")
    except (ValueError, KeyError, TypeError):
        name = "fault"
    return Problem(name, detail=f"HTTP {answer.status_code}")


def _tell(line: Mapping[str, str], as_json: bool) -> None:
    """A line as JSON, or one sentence and one action."""
    if as_json:
        json_line(line)
    else:
        said = " ".join(part for part in (line.get("sentence", ""), line.get("detail", "")) if part)
        say(f"{line['what']}: {said} {line.get('action', '')}")
