"""Whatever the text and whatever the JSON: an expression ends soon, with a collection or with one of the two errors."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.fhir.fhirpath import Environment, FhirPathError, Item, TooCostly, compile
from interop.fhir.fhirpath.functions import FUNCTIONS

NAMES = ("name", "given", "value", "extension", "contact", "id", "birthDate", "Patient", "item", "contained", "text", "`div`", "x")
PIECES = (
    *NAMES,
    *FUNCTIONS,
    *("and", "or", "implies", "is", "as", "in", "contains", "div", "mod", "true", "false", "day", "weeks"),
    *("+", "-", "*", "/", "&", "|", "=", "!=", "~", "!~", "<", ">", "<=", ">=", ".", ",", "(", ")", "[", "]", "{", "}"),
    *("$this", "$index", "$total", "%resource", "%context", "%`ext-a`", "%nobody", "'text'", "'\\u00e9'", "1", "2.50", "4 'mg'"),
    *("@2020", "@2020-02-29", "@2020-13", "@T12:00", "@2020-01-01T00:00:00.0Z", "//", "/*", "*/", "'", "`", "\\", "%", "@", "$"),
)

texts = st.one_of(
    st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join), st.binary(max_size=40).map(str)
)

literals = st.sampled_from(
    (
        *(
            "{}",
            "true",
            "1",
            "0",
            "-1",
            "2147483648",
            "0.1",
            "'a'",
            "''",
            "'2020-01-01'",
            "@2020",
            "@2020-02-29",
            "@T10:00",
            "4 'mg'",
        ),
        *(
            "4 'mg'",
            "1 year",
            "1 'cm'",
            "10000000000000000000.5",
            "'http://example.org'",
            "'(a+)+$'",
            "'base64'",
            "%resource",
            "%context",
        ),
        *("$this", "$index", "$total", "now()", "today()", "Patient", "Quantity", "string"),
    )
)


def _call(parts: tuple[str, str, list[str]]) -> str:
    source, name, arguments = parts
    least, most = FUNCTIONS[name].least, FUNCTIONS[name].most
    given_ = [*arguments, "'a'", "'a'", "'a'"][: max(least, min(len(arguments), most))]
    return f"({source}).{name}({', '.join(given_)})"


def _expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(
        ("+", "-", "*", "/", "div", "mod", "&", "|", "=", "!=", "~", "!~", "<", ">", "<=", ">=", "and", "or", "xor", "implies")
    )
    return st.one_of(
        st.tuples(inner, st.sampled_from(NAMES)).map(lambda each: f"({each[0]}).{each[1]}"),
        st.tuples(inner, st.sampled_from(sorted(FUNCTIONS)), st.lists(inner, max_size=2)).map(_call),
        st.tuples(inner, operators, inner).map(lambda each: f"({each[0]}) {each[1]} ({each[2]})"),
        st.tuples(inner, st.sampled_from(("in", "contains")), inner).map(lambda each: f"({each[0]}) {each[1]} ({each[2]})"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]})[{each[1]}]"),
        st.tuples(inner, st.sampled_from(("is", "as")), st.sampled_from(("string", "Quantity", "System.Integer"))).map(
            lambda each: f"(({each[0]}) {each[1]} {each[2]})"
        ),
    )


expressions = st.recursive(st.one_of(literals, st.sampled_from(NAMES)), _expressions, max_leaves=12)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.text(max_size=10),
    st.sampled_from(("2020", "2020-02-30", "2020-01-01T10:00:00Z", "Patient/1", "#a", "mg", "http://unitsofmeasure.org")),
)
KEYS = (
    "resourceType",
    "value",
    "code",
    "system",
    "unit",
    "reference",
    "url",
    "name",
    "_name",
    "given",
    "_given",
    "extension",
    "id",
)
json = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.sampled_from(NAMES), st.text(max_size=5)), inner, max_size=6),
    ),
    max_leaves=15,
)
types = st.sampled_from(
    ("Patient", "Observation", "Bundle", "Extension", "Quantity", "HumanName", "code", "date", "decimal", "", "Any")
)


NAMES_OF_TEN = {"resourceType": "Patient", "name": [{"given": ["a", "b", "c"]} for _ in range(10)]}


def _within_a_second(text: str, focus: Item) -> None:
    begun = time.process_time()
    try:
        expression = compile(text)
        expression.evaluate(focus, Environment(resource=focus.value if isinstance(focus.value, dict) else None))
        expression.truth(focus)
    except (FhirPathError, TooCostly):
        pass
    assert time.process_time() - begun < 1


@given(texts)
@settings(max_examples=200)
def test_any_text_compiles_or_is_refused(text: str) -> None:
    with contextlib.suppress(FhirPathError):
        assert compile(text).text == text


@given(expressions, types, json)
@settings(max_examples=200)
def test_any_expression_over_any_json_ends_with_a_collection_or_an_error(text: str, kind: str, value: Any) -> None:
    _within_a_second(text, Item(value, kind))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "(" * 5000 + "1" + ")" * 5000,
        "-" * 50_000 + "1",
        "a." * 4000 + "a",
        "a[" * 3000,
        "f(" * 3000,
        "1+" * 4000 + "1",
        "1-" * 4000 + "1",
        "a or " * 3000 + "b",
        "a = b xor " * 3000 + "c",
        "a" * 200_000,
        "'" + "\\u0041" * 10_000 + "'",
        "not(" * 59 + "a" + ")" * 59,
        "a" + ".not()" * 3000,
        "a" + ".exists(b)" * 1000,
        "iif(" * 59 + "a" + ", true, false)" * 59,
        "where(" * 59 + "a or b.exists(c = d)" + ")" * 59,
        "name.where(" * 59 + "a or b.exists(c = d)" + ")" * 59,
        "((a or b) and c) xor " * 140 + "d",
        "(" * 55 + "a" + " or b) = c" * 55,
    ],
)
def test_no_text_is_too_much(text: str) -> None:
    _within_a_second(text, Item.of(NAMES_OF_TEN))


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["select(%resource.descendants())"] * 8),
        "%resource.descendants().where(" * 6 + "true" + ")" * 6,
        "name.given" + ".combine($this.name.given)" * 2000,
        "name.repeat('a' & $this.given.first())",
        "name.given.aggregate($total & $total & 'abcdefgh', 'abcdefgh')",
        "name.select(name).aggregate($total | $total)",
        "(1|2|3|4|5|6|7|8|9).aggregate($total * $total * $total, 3)",
        "(2|3|4|5|6|7|8|9).select($this.power(1000000))",
        "9.9.power(9.9).power(9.9).power(9.9).power(9.9)",
        "'" + "a" * 40 + "b'.matches('(a+)+$')",
        "('" + "a" * 40 + "b').replaceMatches('(a|a)*$', '$0$0')",
        "name.given.select('" + "a" * 40 + "b').matches('(a+)+$')",
        "'a'.matches('" + "(" * 800 + "')",
        "'a'.matches('((((a{1000}){1000}){1000}){1000}){1000}')",
        "1000000000.toString()" + ".replace('0', '00000000000')" * 12,
        "defineVariable('a', name)" + "".join(f".defineVariable('a{n}', %a.combine(%a))" for n in range(50)),
        "@9999-12-31 + 99999999 years",
        "@0001-01-01 - 99999999 days",
        "repeat($this)",
        "repeatAll($this)",
        "repeat(%resource)",
        "(1).repeat($this + 1)",
    ],
)
def test_no_evaluation_is_too_much(text: str) -> None:
    _within_a_second(text, Item.of(NAMES_OF_TEN))


def test_a_resource_may_nest_deeper_than_python() -> None:
    deep: dict[str, Any] = {"resourceType": "Questionnaire"}
    for _ in range(3000):
        deep = {"resourceType": "Questionnaire", "item": [deep]}
    for text in ("descendants().count()", "item = item", "item ~ item", "repeat(item).isDistinct()", "item.distinct()"):
        _within_a_second(text, Item.of(deep))
