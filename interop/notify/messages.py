"""``mappings/rules/messages.csv``: the words by which people are told that there is something to read; never what.

| column | says |
|---|---|
| ``to`` | ``person`` or ``professional`` |
| ``topic`` | what a Communication is about (the code of its category), ``*`` = any that has no row of its own |
| ``channel`` | ``sms`` or ``email`` |
| ``subject`` | of an e-mail alone |
| ``text`` | with ``{link}`` where to sign in and ``{service}`` who tells; no other placeholder: nothing of a record is in it |
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Final, NamedTuple

PERSON, PROFESSIONAL = "person", "professional"
SMS, EMAIL = "sms", "email"
AUDIENCES: Final = (PERSON, PROFESSIONAL)
CHANNELS: Final = (SMS, EMAIL)
ANY: Final = "*"
FILE: Final = "messages.csv"
COLUMNS: Final = ("id", "to", "topic", "channel", "subject", "text", "why")
PLACEHOLDERS: Final = ("link", "service")
LONGEST: Final = 160
"""Characters of one text message in the alphabet GSM 7 bit (3GPP TS 23.038, 6.2.1)."""
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
REMOVED: Final = "-"
"""In every cell of a site's row but its id: ours is taken away."""


class TellingRefused(ValueError):
    """Tables that cannot be used; each line names file, row and reason."""


class Message(NamedTuple):
    """``text`` as the table has it."""

    id: str
    subject: str
    text: str

    def said(self, link: str, service: str) -> str:
        """The words that go out."""
        return self.text.format(link=link, service=service)


class Messages:
    """Finds the words. Raises TellingRefused where an audience and a channel have none for every topic."""

    def __init__(self, made: Mapping[tuple[str, str, str], Message]) -> None:
        self._made = made
        if missing := [f"{to} by {by}" for to in AUDIENCES for by in CHANNELS if (to, by, ANY) not in made]:
            raise TellingRefused(f"{FILE}: no row says what any topic ({ANY}) is to {missing[0]}")

    def of(self, to: str, channel: str, topics: Iterable[str]) -> Message:
        """For the first topic that has a row."""
        found = (self._made.get((to, channel, topic)) for topic in (*topics, ANY))
        return next(each for each in found if each is not None)

    def fit(self, link: str, service: str) -> None:
        """Raise ValueError where a text message would be longer than one, or holds a character that makes it two."""
        for (_, channel, _), each in self._made.items():
            said = each.said(link, service)
            if channel == SMS and (len(said) > LONGEST or set(said) - GSM):
                raise ValueError(f"{FILE}, row {each.id}: with this link and service it is no single text message of {LONGEST} "
                                 "characters in GSM 7 bit")  # fmt: skip


def rows(file: str, columns: tuple[str, ...], ours: Iterable[str], site: Iterable[str]) -> dict[str, dict[str, str]]:
    """The rows by id, a site's over ours. Raises TellingRefused."""
    made: dict[str, dict[str, str]] = {}
    for lines in (list(ours), list(site)):
        if not lines:
            continue
        reader = csv.DictReader(lines, strict=True)
        if tuple(reader.fieldnames or ()) != columns:
            raise TellingRefused(f"{file}, row 1: the columns are {', '.join(columns)}")
        seen: set[str] = set()
        for row in reader:
            said = {name: (value or "").strip() for name, value in row.items() if name}
            id = said["id"] or str(reader.line_num)
            if None in row or not all(said[name] for name in columns if name != "subject") or id in seen:
                raise TellingRefused(
                    f"{file}, row {id}: every column but subject holds something, there are no more, an id is once"
                )
            seen.add(id)
            if all(said[name] == REMOVED for name in columns if name not in ("id", "subject", "why")):
                made.pop(id, None)
            else:
                made[id] = said
    return made


def read_messages(ours: Iterable[str], site: Iterable[str] = ()) -> Messages:
    """The messages; rows of a site replace ours by their id. Raises TellingRefused."""
    refusals: list[str] = []
    made: dict[tuple[str, str, str], Message] = {}
    for id, row in rows(FILE, COLUMNS, ours, site).items():
        key = row["to"], row["channel"], row["topic"]
        if why := _wrong(row, key in made):
            refusals.append(f"{FILE}, row {id}: {why}")
        else:
            made[key] = Message(id, row["subject"], row["text"])
    if refusals:
        raise TellingRefused("\n".join(refusals))
    return Messages(made)


def _wrong(row: Mapping[str, str], twice: bool) -> str:
    """Why a row cannot be; '' where it can."""
    if row["to"] not in AUDIENCES or row["channel"] not in CHANNELS:
        return f"to is one of {', '.join(AUDIENCES)}, channel one of {', '.join(CHANNELS)}"
    if twice:
        return "another row is about the same"
    if (row["channel"] == EMAIL) != bool(row["subject"]):
        return "an e-mail has a subject, a text message has none"
    if not re.fullmatch(r"[^{}\r\n]*", row["subject"]):
        return "a subject has neither placeholders nor lines"
    try:
        named = [(name, form, turn) for _, name, form, turn in Formatter().parse(row["text"]) if name is not None]
    except ValueError as error:
        return f"text: {error}"
    if strange := next((name for name, _, _ in named if name not in PLACEHOLDERS), None):
        return f"{{{strange}}} is no placeholder: {', '.join(PLACEHOLDERS)}; what a record says goes into no message"
    if any(form or turn for _, form, turn in named):
        return "a placeholder is a name alone"
    if "link" not in [name for name, _, _ in named]:
        return "{link} is wanted: it says where to read"
    if row["channel"] == SMS and set(row["text"].format(link="", service="")) - GSM:
        return "a text message has characters of GSM 7 bit alone"
    return ""
