"""``interop replay``: what would change, then the replay itself, in batches through the running engine."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

from interop.cli.asking import confirmed
from interop.cli.differences import Difference, Summary, show
from interop.cli.governed import call
from interop.cli.options import Engine
from interop.cli.progress import progress
from interop.cli.shown import remark, wrong
from interop.clock import MICROSECONDS, SystemClock, instant

QUESTION: Final = "Replay these messages?"
MISSING: Final = "Check the number: interop messages lists them."
_AGO: Final = re.compile(r"(\d{1,6})([dhm])")
_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60}


class Which(NamedTuple):
    """The messages that are meant: by number, or by a filter ('' = any)."""

    messages: tuple[int, ...]
    feed: str
    type: str
    state: str
    reason: str
    control_id: str
    since: str
    until: str
    all: bool
    resume: str = ""

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are given."""
        said = {"feed": self.feed, "type": self.type, "state": self.state, "reason": self.reason, "control-id": self.control_id}
        return {name: value for name, value in (said | {"since": self.since, "until": self.until}).items() if value}


class Beside(NamedTuple):
    """How to look beside the engine: by which tables, and where the record is."""

    tables: Path | None
    values: bool
    data: Path
    database: str | None
    mappers: int | None
    feeds: Path | None
    test_numbers: bool
    whereabouts: bool


class Pace(NamedTuple):
    """Messages of a batch, seconds between two, examples of each path."""

    batch: int
    pause: float
    examples: int


paced = Pace


def replay(engine: Engine, which: Which, beside: Beside, pace: Pace, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Tell what would change and, once that is confirmed, do it; 1 where it could not be, 2 where nobody confirmed it or the
    options do not fit together."""
    if which.resume and (which.messages or which.filters or which.all or beside.tables is not None or beside.values):
        return wrong("--resume means all that the feed holds back: leave out messages, filters, --tables and --values.")
    if not (which.messages or which.filters or which.all or which.resume):
        return wrong("Say which messages: by their numbers, by a filter such as --feed or --since, or --all.")
    if which.messages and (which.filters or which.all):
        return wrong("Name messages by their numbers or by a filter, not by both.")
    if (beside.tables is not None or beside.values) and not dry_run:
        return wrong("--tables and --values look beside the engine and change nothing: add --dry-run.")
    try:
        which = which._replace(since=_time(which.since), until=_time(which.until))
    except ValueError as error:
        return wrong(str(error))
    if beside.tables is not None or beside.values:
        return _beside(which, beside, pace, as_json)
    if dry_run or not yes:
        told = _through(engine, which, pace, dry=True)
        if told is None:
            return 1
        nothing = not (told.differences or told.moved)
        show(
            told, pace.examples, dry=True, as_json=as_json and (dry_run or nothing), to_errors=as_json and not (dry_run or nothing)
        )
        if which.resume and nothing and not dry_run:
            nothing = False
        if dry_run or nothing:
            return _nobody(which, told) if not told.messages and not which.resume else 0
        if not confirmed(QUESTION):
            return 2
    told = _through(engine, which, pace, dry=False)
    if told is None:
        return 1
    show(told, pace.examples, dry=False, as_json=as_json)
    return _nobody(which, told) if not told.messages and not which.resume else 0


def _nobody(which: Which, told: Summary) -> int:
    """Say why nothing was replayed, where that is not said yet; 1 where it was named."""
    if told.waiting:
        return int(bool(which.messages))
    why = "what was refused before it was journalled as good, taken down, or written by the API is not replayed"
    remark(f"None of these messages can be replayed: {why}." if which.messages else f"No message is of this filter: {why}.")
    return int(bool(which.messages))


def _through(engine: Engine, which: Which, pace: Pace, *, dry: bool) -> Summary | None:
    """Batch after batch through the engine; None where one failed: what is done stays done, and may be asked for again."""
    summary, after, upto = Summary(), 0, 0
    with progress("looking" if dry else "replaying") as working:
        while True:
            said: list[tuple[str, str, Any]] = [("message", "valuePositiveInt", each) for each in which.messages]
            forms = {"state": "valueCode", "reason": "valueCode", "since": "valueInstant", "until": "valueInstant"}
            said += [(name, forms.get(name, "valueString"), value) for name, value in which.filters.items()]
            if which.resume:
                said.append(("resume", "valueString", which.resume))
            elif not which.messages:
                said += [("all", "valueBoolean", which.all or None), ("count", "valuePositiveInt", pace.batch)]
                said += [("after", "valueUnsignedInt", after or None), ("upto", "valuePositiveInt", upto or None)]
            answer = call(engine, "$replay", *said, ("dry-run", "valueBoolean", dry or None), missing=MISSING)
            if answer is None:
                if summary.messages and not dry:
                    remark(f"{summary.messages} messages are done; the same command goes on with the rest.")
                return None
            after, last = _read(summary, answer[1].get("parameter", []))
            upto = upto or last
            working.at(after or upto, upto or None)
            if not after:
                return summary
            if not dry:
                time.sleep(pace.pause)


def _read(summary: Summary, parameters: list[dict[str, Any]]) -> tuple[int, int]:
    """Take in the answer to a batch; after which the next begins, and the last of the journal."""
    after = last = 0
    for each in parameters:
        parts = [(part["name"], _value(part)) for part in each.get("part", ())]
        said = dict(parts)
        match each["name"]:
            case "messages":
                summary.messages += _value(each)
            case "waiting":
                summary.waiting += _value(each)
            case "replay":
                summary.replays.append(_value(each))
            case "next":
                after = _value(each)
            case "last":
                last = _value(each)
            case "moved":
                summary.moved.append((said["message"], said["before"], said["now"]))
            case "held":
                summary.hold(said["message"], said["why"], [value for name, value in parts if name == "reference"])
            case "difference":
                paths = {value: kind for kind, value in parts if kind in ("change", "vanish", "new")}
                summary.add(Difference(said["reference"], said["kind"], said.get("message", 0), paths))
    return after, last


def _value(parameter: dict[str, Any]) -> Any:
    return next(value for name, value in parameter.items() if name != "name")


def _beside(which: Which, beside: Beside, pace: Pace, as_json: bool) -> int:
    """Look beside the engine: by other tables, or with values."""
    from interop.cli.serve import prepare, settings_of, started
    from interop.mapping.places import holding, use

    settings = settings_of(
        alone=True,
        data=beside.data,
        database=beside.database,
        mappers=beside.mappers,
        feeds=beside.feeds,
        test_numbers=beside.test_numbers or None,
    )
    if settings is None:
        return 2
    prepare()
    try:
        if (named := beside.tables or settings.mappings) is not None:
            use(holding(named))
    except ValueError as error:
        return wrong(str(error))
    return started(_looked(which, beside, pace, settings, as_json), settings)


async def _looked(which: Which, beside: Beside, pace: Pace, settings: Any, as_json: bool) -> int:
    from interop.app.trying import tried
    from interop.store.plan import Replayable

    plan = Replayable(
        which.feed, which.type, which.state, which.reason, which.control_id, _micro(which.since), _micro(which.until),
        count=pace.batch,
    )  # fmt: skip
    summary = Summary()
    with progress("looking") as working:
        async for told, after, last in tried(settings, which.messages, plan, hidden=beside.whereabouts):
            summary.take(told, values=beside.values)
            working.at(after or last, last or None)
            await asyncio.sleep(0)
    show(summary, pace.examples, dry=True, as_json=as_json)
    return 0


def _time(said: str) -> str:
    """A time as an instant: what is so long ago, or a time with a zone or a date (UTC). Raises ValueError."""
    from interop.fhir.searching import interval

    if not said:
        return ""
    if ago := _AGO.fullmatch(said):
        return instant(SystemClock().now() - int(ago[1]) * _UNITS[ago[2]] * MICROSECONDS)
    found = interval(said)
    if found is None:
        raise ValueError(f"{said} is no time: say 7d, 12h or 30m for so long ago, or 2026-01-31T09:00:00Z.")
    return instant(found[0])


def _micro(said: str) -> int:
    from interop.fhir.searching import interval

    found = interval(said) if said else None
    return found[0] if found is not None else 0
