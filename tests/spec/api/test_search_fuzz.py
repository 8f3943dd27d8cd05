"""No search, however odd, is answered by 500 or finds what it did not ask for (FHIR R4 search, 3.1.1)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interop.api.searching import Ground, understand
from interop.api.searching.ground import Unexpanded, known
from interop.errors import Problem
from interop.fhir import facts
from interop.record.indexing import Indexing
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.searches import LOINC, UCUM, coded, observation, record, to

pytestmark = pytest.mark.anyio
GROUND = Ground(known(Indexing()), "http://care.test/fhir", 0)
TYPES = ("Patient", "Observation", "Encounter", "Location", "ValueSet", "Group")
NAMES = sorted(
    {code for type_ in TYPES for code in facts.search_parameters(type_)}
    | {"_has", "_list", "_include", "_revinclude", "_sort", "_count"}
)
PIECES = [
    "",
    "a",
    "Patient/1",
    "1",
    "1e2",
    "-",
    "|",
    "$",
    ",",
    "\\",
    "ge",
    "2020",
    "2020-13",
    "%",
    "'",
    '"',
    ";",
    "*",
    "(",
    ")",
    "or",
    "not",
    ":",
    "\u0000",
    "é",
    "\U0001f600",
    "http://x",
    "urn:y",
    "true",
    LOINC,
    UCUM,
    "kg",
    " ",
]
MODIFIERS = [
    "",
    ":missing",
    ":not",
    ":text",
    ":in",
    ":below",
    ":above",
    ":exact",
    ":contains",
    ":of-type",
    ":identifier",
    ":Patient",
    ":iterate",
    ":x",
    ":",
]
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(max_size=12)
plain = st.tuples(st.sampled_from(NAMES), st.sampled_from(MODIFIERS)).map("".join)
names = (
    plain
    | st.tuples(plain, plain).map(".".join)
    | st.tuples(st.sampled_from(TYPES), plain, plain).map(lambda parts: "_has:" + ":".join(parts))
    | st.text(max_size=8)
)
requests = st.lists(st.tuples(names, texts), max_size=4)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([(each,) for each in TYPES] + [("Patient", "Group"), ()]), requests, st.booleans())
def test_every_request_is_understood_or_refused(types: tuple[str, ...], pairs: list[tuple[str, str]], strict: bool) -> None:
    """Compiling ends in a question to the store or in a Problem, never in another error."""
    try:
        query = understand(GROUND, types, pairs, strict)
    except (Problem, Unexpanded):
        return
    assert len(query.used) + len(query.ignored) <= len(pairs)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(TYPES), requests)
async def test_no_request_is_answered_by_500(client: Client, store: SqliteStore, type: str, pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs if name != "_cursor")
    answer = await client.get(f"/fhir/{type}?{query}")
    assert answer.status_code in (200, 400), (query, answer.text)


async def test_what_looks_like_sql_is_text(client: Client, store: SqliteStore) -> None:
    await record(store, observation("o", coded(LOINC, "a' OR '1'='1"), subject=to("Patient/p")))
    for value, total in (("a' OR '1'='1", 1), ("' OR ''='", 0), ("a'; DROP TABLE resource; --", 0), ('a" OR "1"="1', 0)):
        answer = (await client.get(f"/fhir/Observation?code={quote(value, safe='')}")).json()
        assert answer["total"] == total, value
