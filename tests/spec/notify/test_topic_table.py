"""Topics are checked when they are loaded; what is wrong is named by file, row and reason."""

from __future__ import annotations

import pytest

from interop.api.delivering.watched import watched
from interop.api.searching.ground import known
from interop.app.outgoing import topics_of
from interop.clock import ManualClock
from interop.notify.topics import Topic, TopicsRefused, read_topics
from interop.record.indexing import Indexing, parameters

HEAD = "id,topic,event,criteria,filters,why"


def topics(*rows: str) -> dict[str, Topic]:
    now = ManualClock().now()
    return read_topics([HEAD, *rows], lambda type, text: watched(known(Indexing()), type, text, now), parameters)


def test_the_shipped_topics_load() -> None:
    found = topics_of(ManualClock().now())
    assert {topic.id for topic in found.values()} >= {
        "admission",
        "discharge",
        "plan",
        "booked",
        "cancelled",
        "result",
        "letter",
        "death",
    }
    assert all(url == topic.url for url, topic in found.items())


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("r,urn:x:y,becomes Encounter,status=finished,,", "every column but criteria and filters"),
        ("r,admitted,becomes Encounter,status=finished,,x", "absolute URL or URN"),
        ("r,urn:x:y,made Encounter,,,x", "made is no event"),
        ("r,urn:x:y,created Thing,,,x", "one resource type"),
        ("r,urn:x:y,created,,,x", "one resource type"),
        ("r,urn:x:y,becomes Encounter,,,x", "criteria are wanted"),
        ("r,urn:x:y,deleted Encounter,status=finished,,x", "nothing left that criteria"),
        ("r,urn:x:y,deleted Encounter,,patient,x", "nothing left by which"),
        ("r,urn:x:y,created Encounter,patient.name=x,,x", "chains"),
        ("r,urn:x:y,created Encounter,nothing=x,,x", "nothing"),
        ("r,urn:x:y,created Encounter,patient=Patient/1,,x", "a topic is about nobody"),
        ("r,urn:x:y,created Encounter,,colour,x", "colour is no search parameter of Encounter"),
        ("r,urn:x:y,created Encounter,,,x,more", "there are no more"),
    ],
)
def test_a_row_that_could_not_be_right_is_refused(row: str, why: str) -> None:
    with pytest.raises(TopicsRefused, match=r"^topics\.csv, row r: ") as caught:
        topics(row)
    assert why in str(caught.value)


def test_one_that_is_there_twice_and_all_else_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(TopicsRefused) as caught:
        topics("a,urn:x:y,created Thing,,,x", "b,urn:x:z,created Encounter,,,x", "c,urn:x:z,created Encounter,,,x")
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == ["topics.csv, row a", "topics.csv, row c"]
    with pytest.raises(TopicsRefused, match="row 1: the columns are"):
        read_topics(["id,topic"], lambda type, text: None, parameters)


def test_a_filter_is_named_by_its_parameter_whatever_its_modifier() -> None:
    (topic,) = topics("r,urn:x:y,created Encounter,,patient class,x").values()
    assert topic.narrows("patient=Patient/1&class:not=IMP") == ""
    assert topic.narrows("patient=Patient/1&status=finished") == "status"
