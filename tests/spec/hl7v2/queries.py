"""Queries to an engine that knows a few people, and their answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.generate.numbers import nhs_number
from interop.app.engine import Engine
from tests.spec.engine.running import Mllp, client, ingest, running

ANNE, JOAN, OTTO = (nhs_number(number) for number in (6_101, 6_102, 6_103))


def visit(control: str, local: str, nhs: str, name: str, number: str, *, trust: str = "RX1", more: str = "", **who: str) -> bytes:
    """An admission with all that a query may ask for."""
    born, sex = who.get("born", "19480312"), who.get("sex", "2")
    telephone = "01632 960141~^NET^Internet^post@example.org"
    doctor, address = "C9999911^Roe^Ada^^^Ms^^^GMC", "7 Tolpuddle Row^^Eastmere^Mereshire^QX9 7ZD^GBR^H"
    return "\r".join(
        (
            f"MSH|^~\\&|PAS|{trust}|ROUTE|ROUTE|202601051015||ADT^A01^ADT_A01|{control}|P|2.4|||||GBR|UNICODE UTF-8|EN||ITKv1.0",
            "EVN||202601051000||||202601051000",
            f"PID|1||{local}^^^PAS~{nhs}^^^NHS||{name}||{born}|{sex}|||{address}||{telephone}{'|' * 19}NSTS01",
            "PD1|||ELM SURGERY^^Z99911|G9999911^Hart^Ines^^^Dr",
            f"PV1|1|I|{trust}^ELM^BED4^{trust}01||||{doctor}|||430|||||||||{number}^^^VISIT{'|' * 25}202601050930{more}",
            "",
        )
    ).encode()


PEOPLE = (
    visit("P1", "A1", ANNE, "ÓLAFSDÓTTIR^ANNE^MAY^^MS^^L", "V1"),
    visit("P2", "A2", JOAN, "OLDCASTLE^JOAN", "V2", born="19570601"),
    visit("P3", "B7", ANNE, "OLAFSDOTTIR^ANNE", "V3", trust="RX2"),
    visit("P4", "A4", OTTO, "OLDCASTLE^OTTO", "V4", sex="1", more="|202601071200"),
)


@asynccontextmanager
async def knowing(data: Path) -> AsyncIterator[Engine]:
    """An engine that has taken in these people."""
    async with running(data) as engine:
        async with client(engine) as http:
            for body in PEOPLE:
                assert (await ingest(http, body)).status_code == 200
        yield engine


@dataclass
class Answer:
    """A response: the segments in order, each in its fields."""

    segments: list[list[str]]

    def all(self, name: str) -> list[list[str]]:
        return [segment for segment in self.segments if segment[0] == name]

    def __getitem__(self, place: str) -> str:
        """``PID-5`` of the first segment of that name; '' where there is none."""
        name, _, field = place.partition("-")
        found = self.all(name)
        return found[0][int(field)] if found and int(field) < len(found[0]) else ""

    @property
    def status(self) -> str:
        """MSA-1 and QAK-2."""
        return f"{self['MSA-1']} {self['QAK-2']}"

    def names(self) -> list[str]:
        return [segment[5].partition("~")[0] for segment in self.all("PID")]


def query(
    trigger: str, qpd: str, *more: str, control: str = "Q1", version: str = "2.4", head: str = "", facility: str = "RX9"
) -> bytes:
    """A query; ``qpd`` from QPD-3 on, ``more`` further segments instead of RCP."""
    name = {"Q21": "Q21^Get Person Demographics^HL7nnn", "Q22": "Q22^Find Candidates^HL7nnn"}.get(trigger, "ZV1^Query^HL7nnn")
    return "\r".join(
        (
            f"MSH|^~\\&|EPR|{facility}|PAS|RX1|202601081200||QBP^{trigger}^QBP_Q21|{control}|P|{version}{head}",
            f"QPD|{name}|T1|{qpd}",
            *(more or ("RCP|I",)),
            "",
        )
    ).encode()


def parsed(block: bytes) -> Answer:
    return Answer([line.split("|") for line in block.strip(b"\x0b\x1c\r").decode().split("\r") if line])


async def ask(engine: Engine, *bodies: bytes) -> list[Answer]:
    """The answers to messages of one connection, sent at once."""
    line = await Mllp.open(engine.mllp)
    for body in bodies:
        line.send(body)
    found = [parsed(await asyncio.wait_for(line.reader.readuntil(b"\x1c\r"), 30)) for _ in bodies]
    await line.close()
    return found


async def answer(engine: Engine, body: bytes) -> Answer:
    (found,) = await ask(engine, body)
    return found
