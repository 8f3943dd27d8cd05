"""What every adapter keeps: the port's contract, and that at most one of them claims a file."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from adapters.bars import adapter as bars
from adapters.documents import adapter as documents
from adapters.emis import adapter as emis
from adapters.ers import adapter as ers
from adapters.gpconnect import adapter as gpconnect
from adapters.hl7v2 import adapter as hl7v2
from adapters.nhs111 import adapter as nhs111
from adapters.openhr import adapter as openhr
from adapters.r4 import adapter as r4
from interop.errors import Problem
from interop.ports import Adapter, Sender

ADAPTERS: list[Adapter] = [hl7v2, openhr, nhs111, ers, emis, bars, gpconnect, documents, r4]


def test_each_is_found_by_its_entry_point() -> None:
    found = {point.name: point.value for point in entry_points(group="interop.adapters")}
    for adapter in ADAPTERS:
        assert found[adapter.name] == f"adapters.{adapter.name}:adapter"


def test_only_hl7_v2_can_send() -> None:
    assert [adapter.name for adapter in ADAPTERS if isinstance(adapter, Sender)] == ["hl7v2"]


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
@pytest.mark.parametrize("body", [b"", b"\0" * 40, b"{", b"<", b"\xff\xfe\x00", b"MSH", b"[[[[", b"plain words"])
def test_rubbish_is_refused_with_a_reason_that_survives_the_way_between_processes(adapter: Adapter, body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        adapter.envelope(body)
    assert pickle.loads(pickle.dumps(caught.value)).reason == caught.value.reason


def test_the_reader_of_xml_is_not_loaded_before_it_is_needed() -> None:
    names = ", ".join(f"adapters.{adapter.name}" for adapter in ADAPTERS)
    script = f"import {names}, sys; print([name for name in ('lxml', 'orjson') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_sample_is_claimed_twice(shared: Callable[[str], Path]) -> None:
    claimed = 0
    for path in sorted(shared("samples").rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                head = stream.read(4096)
            claims = [adapter.name for adapter in ADAPTERS if adapter.recognises(head)]
            assert len(claims) <= 1, path.name
            claimed += len(claims)
    assert claimed > 60
