"""The page of a story: whom it is about, a sequence diagram (Mermaid) and a table of its steps, and what falls short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.spec.workflows.cast import ENGINE
from tests.spec.workflows.telling import Step

HEAD = (
    "Written from a run of the engine by `python -m tests.spec.workflows.writing`; `tests/spec/workflows` fails where it differs."
)


def page(title: str, about: str, steps: Sequence[Step], short: Sequence[str]) -> str:
    """The whole page."""
    return "\n".join(_lines(title, about, steps, short)).rstrip() + "\n"


def _lines(title: str, about: str, steps: Sequence[Step], short: Sequence[str]) -> Iterator[str]:
    yield f"# {title}"
    yield from ("", about, "", HEAD, "", "```mermaid", "sequenceDiagram")
    yield from _diagram(steps)
    yield from ("```", "", "## Step by step", "")
    yield "| when | who and what | port | what the engine makes of it, by which row | who is told |"
    yield "|---|---|---|---|---|"
    for each in steps:
        what = f"{each.who}: {each.what}" if each.who else f"*{each.what}*"
        made = [f"answer: {each.answer}"] if each.answer else []
        made += [f"`{one}`" for one in each.made]
        told = [f"{whom} ({how}, `{rule}`)" for whom, how, rule in each.told]
        cells = (each.when, what, each.port, "; ".join(made), "; ".join(told) or "nobody")
        yield "| " + " | ".join(cell.replace("|", "\\|") or "–" for cell in cells) + " |"
    yield from ("", "## What falls short", "")
    yield from (f"- {each}" for each in short)


def _diagram(steps: Sequence[Step]) -> Iterator[str]:
    names = [ENGINE, *(each.who for each in steps if each.who), *(whom for each in steps for whom, _, _ in each.told)]
    known = {name: f"p{number}" for number, name in enumerate(dict.fromkeys(names))}
    first = next(iter(each.who for each in steps if each.who), ENGINE)
    for name in dict.fromkeys((first, *known)):
        yield f"    participant {known[name]} as {_plain(name)}"
    engine, day = known[ENGINE], ""
    for each in steps:
        on, _, time = each.when.rpartition(" ")
        if on != day:
            yield f"    Note over {engine}: {on}"
            day = on
        if each.who:
            yield f"    {known[each.who]}->>{engine}: {time} {_plain(each.what)}"
        else:
            yield f"    Note over {engine}: {time} {_plain(each.what)}"
        for one in each.made:
            yield f"    {engine}->>{engine}: {_plain(one)}"
        if each.answer and each.who:
            yield f"    {engine}-->>{known[each.who]}: {_plain(each.answer)}"
        for whom, how, rule in each.told:
            yield f"    {engine}-){known[whom]}: {_plain(how)}, {rule}"


def _plain(text: str) -> str:
    """Without what Mermaid reads as its own."""
    return text.replace(";", ",").replace("#", "no. ").replace("`", "").replace("->", "to")
