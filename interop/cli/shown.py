"""What others have written, shown on a terminal as text and as nothing else."""

from __future__ import annotations


def plain(said: object) -> str:
    """As text without what moves a cursor, clears a screen or changes a colour: ``?`` stands for each such character."""
    text = str(said)
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def cell(said: object) -> str:
    """The same for a table of Rich, whose own marks it does not take from it."""
    from rich.markup import escape

    return escape(plain(said))
