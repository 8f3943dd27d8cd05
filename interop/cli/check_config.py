"""``interop check-config``: every setting, where it comes from, and what is wrong or dangerous about it. Nothing is started."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interop.cli.serve import option
from interop.cli.shown import json_line, say, table
from interop.mapping.places import use


def check_config(given: Mapping[str, Any], config: Path | None, *, reach: bool, as_json: bool) -> int:
    """1 where an engine would not start, or where something is dangerous."""
    from interop.app.checking import Finding, Level, findings
    from interop.app.configuration import Misconfigured, configured, shown

    try:
        configuration = configured(given, config)
    except Misconfigured as wrong:
        action = "Correct it there and check again."
        said = [
            Finding(Level.STOPS, fault.setting, f"{_from(fault.origin, fault.setting)}{_ended(fault.why)}", action)
            for fault in wrong.faults
        ]
        return _show({}, said, as_json)
    except OSError as error:
        sentence = f"{error.filename} cannot be read: {error.strerror}."
        return _show({}, [Finding(Level.STOPS, "config", sentence, "Name a file with --config or INTEROP_CONFIG.")], as_json)
    if configuration.settings.mappings is not None:
        use(configuration.settings.mappings)
    return _show(shown(configuration), asyncio.run(findings(configuration, reach=reach)), as_json)


def _from(origin: str, setting: str) -> str:
    """Where a setting that cannot be comes from, as the beginning of a sentence."""
    where = origin or option(setting)
    return f"{where}: " if where else ""


def _ended(why: str) -> str:
    return why if why.endswith((".", "?")) else f"{why}."


def _text(value: Any) -> str:
    return (" ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)) or "-"


def _show(settings: Mapping[str, tuple[Any, str]], found: list[Any], as_json: bool) -> int:
    status = 1 if any(each.level != "notice" for each in found) else 0
    if as_json:
        for name, (value, origin) in settings.items():
            json_line({"setting": name, "value": value, "from": origin})
        for each in found:
            json_line({"finding": each.level.value, **{name: value for name, value in each._asdict().items() if name != "level"}})
        return status
    if settings:
        table(("setting", "value", "from"), [(name, _text(value), origin) for name, (value, origin) in settings.items()])
        print()
    for each in found:
        say(f"{each.level.value}: {each.setting + ': ' if each.setting else ''}{each.sentence} {each.action}")
    counts = {level: sum(each.level == level for each in found) for level in ("stops", "danger", "notice")}
    if status:
        print(f"\n{counts['stops']} would keep the engine from starting, {counts['danger']} dangerous, {counts['notice']} to know.")
    else:
        print(f"An engine starts with these settings; {counts['notice']} to know.")
    return status
