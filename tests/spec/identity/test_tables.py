"""The tables of linking are checked when they are loaded: nobody signs what could merge two people."""

from __future__ import annotations

from itertools import product

import pytest

from interop.identity.levels import FIELDS, MISSING
from interop.identity.reading import BadTable, read, read_given_names
from interop.identity.rules import SAME_NUMBER, USED, VERDICTS, read_rules, rules
from interop.identity.sources import families, read_sources, verified
from interop.identity.weights import read_weights
from interop.ports import Feed

RULES = read("rules.csv")
WEIGHTS = read("weights.csv")
HEAD = "rule,number,birth,family,given,gender,verdict,why\n"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("X,unverified,exact,exact,exact,exact,link,y", "verified on both sides"),
        ("X,unstated,exact,exact,exact,exact,link,y", "verified on both sides"),
        ("X,missing,exact,exact,exact,exact,link,y", "valid number"),
        ("X,verified,typo,exact,exact,exact,link,y", "birth date"),
        ("X,verified,missing,exact,exact,exact,link,y", "birth date"),
        ("X,verified,exact,exact,differs,exact,link,y", "given name"),
        ("X,verified,exact,exact,close,exact,link,y", "given name"),
        ("X,traced,exact,differs,exact,exact,link,y", "family name"),
        ("X,verified,exact,perhaps,exact,exact,link,y", "no level 'perhaps'"),
        ("X,verified,exact,exact,exact,exact,merge,y", "one of"),
        ("X,verified,exact,exact,exact,exact,queue,", "says why"),
        (",verified,exact,exact,exact,exact,queue,y", "has a name"),
        ("L1,verified,exact,exact,exact,exact,queue,y", "one name"),
        ("X,verified,exact", "columns"),
    ],
)
def test_a_rule_that_could_merge_two_people_is_refused(row: str, said: str) -> None:
    with pytest.raises(BadTable, match=said):
        read_rules(RULES.replace(HEAD, HEAD + row + "\n"))


def test_rules_that_leave_something_open_or_are_never_reached_are_refused() -> None:
    lines = RULES.splitlines()
    with pytest.raises(BadTable, match="no row takes"):
        read_rules("\n".join(lines[:-1]))
    with pytest.raises(BadTable, match="nothing reaches X"):
        read_rules(RULES + "X,missing,*,*,*,*,score,y\n")
    with pytest.raises(BadTable, match="columns must be"):
        read_rules(RULES.replace("verdict", "becomes", 1))


def test_nothing_links_but_one_number_one_birth_date_and_a_given_name_that_agrees() -> None:
    """Over every comparison that there can be: the rows as they stand."""
    met = set()
    for case in product(*(FIELDS[field] for field in USED)):
        rule = next(rule for rule in rules() if rule.fits(case))
        levels = dict(zip(USED, case, strict=True))
        met.add(rule.verdict)
        if rule.verdict == "link":
            assert levels["number"] in SAME_NUMBER
            assert levels["birth"] == "exact" or levels["number"] == "alone"
            assert levels["given"] not in ("differs", "close", "sounds", "variant", "middle")
    assert met == set(VERDICTS)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("birth,exact,0.95", "birth,exact,1.5", "between 0 and 1"),
        ("birth,exact,0.95", "birth,exact,much", "numbers"),
        ("birth,exact,0.95", "birth,exactly,0.95", "there is no birth, exactly"),
        ("birth,exact,0.95", "birth,differs,0.95", "there twice"),
        ("gender,exact,0.99,0.5", "gender,exact,0.5,0.99", "against it where it agrees"),
        ("gender,differs,0.01,0.5", "gender,differs,0.5,0.01", "speaks for a pair where it differs"),
        (',"Two values"', ",", "says why"),
    ],
)
def test_a_weight_that_cannot_be_right_is_refused(old: str, new: str, said: str) -> None:
    assert old in WEIGHTS
    with pytest.raises(BadTable, match=said):
        read_weights(WEIGHTS.replace(old, new, 1))


def test_every_level_has_a_weight() -> None:
    for field, levels in FIELDS.items():
        for level in levels:
            if level != MISSING:
                kept = [line for line in WEIGHTS.splitlines() if not line.startswith(f"{field},{level},")]
                with pytest.raises(BadTable, match="lacks"):
                    read_weights("\n".join(kept))
    with pytest.raises(BadTable, match="lacks prior"):
        read_weights("\n".join(line for line in WEIGHTS.splitlines() if not line.startswith("prior,")))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Bill,william", "plain letters"),
        ("bill,william", "there twice"),
        ("zed,zedekiah", "no name of the table"),
        ("zoë,zoe", "plain"),
    ],
)
def test_a_given_name_that_cannot_be_looked_up_is_refused(row: str, said: str) -> None:
    with pytest.raises(BadTable, match=said):
        read_given_names(read("given-names.csv") + row + "\n")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("hl7v2,perhaps,y", "verified or stated"),
        ("hl7v2,verified,", "and why"),
        (",verified,y", "names a family"),
        ("openhr,stated,y", "there twice"),
        ("hl7v2,verified", "columns"),
    ],
)
def test_a_source_that_could_be_read_two_ways_is_refused(row: str, said: str) -> None:
    with pytest.raises(BadTable, match=said):
        read_sources(read("sources.csv") + row + "\n")


def test_numbers_without_a_status_are_verified_where_every_feed_that_tells_of_the_person_has_traced_them() -> None:
    """Of a feed that declares nothing its family's row tells; most families have none."""
    assert families() == {"openhr", "gpconnect"}
    feeds = {
        "gp": Feed("gp", "openhr"),
        "ward": Feed("ward", "hl7v2"),
        "traced": Feed("traced", "hl7v2", verified=True),
        "careless": Feed("careless", "openhr", verified=False),
        "opened": Feed("opened", ""),
    }
    told = {name for name in feeds if verified(feeds, (name,), name, "")}
    assert told == {"gp", "traced"}
    assert verified(feeds, ("opened",), "opened", "openhr"), "a feed that takes anything: its message's family tells"
    assert not verified(feeds, ("opened",), "gp", "openhr")
    assert verified(feeds, ("gp", "traced"))
    assert not verified(feeds, ("gp", "ward"))
    assert not verified(feeds, ())
    assert not verified(feeds, ("gone",), "gone", "openhr")
