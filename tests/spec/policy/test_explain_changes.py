"""What a denial says would change it does: the change is made, it is decided again, and it is permitted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from interop.policy.asker import Asker
from interop.policy.decide import Question, decide
from interop.policy.explain import Explanation, Said, explain
from interop.policy.facts import Agreement, Facts
from interop.policy.scopes import read_scopes
from interop.policy.tables import tables
from tests.spec.policy.cells import BEFORE, FACTS, FOREVER, NOW, OWN, SOURCES, Cell, askers, cell
from tests.spec.policy.evaluate import given
from tests.spec.policy.oracle import Claim, Somebody, Thing
from tests.spec.policy.test_decide_cells import some

PARTNER = "B82002"
KNOWN = replace(FACTS["explicit"], sources=tuple(sorted({source for some_ in SOURCES for source in some_})))
"""As the engine has them: every organisation that has contributed is known."""
ALONE = ("break-glass-declared",)
"""Ways that need neither relationship nor consent."""
INVOLVED = ("relationship-made", "relationship-claimed", "proxy-given")


def explained(who: Asker, one: Cell, facts: Facts, id: str) -> Explanation:
    people = [each for somebody in one.thing.about for each in somebody.ids]
    said = [Said(id, c.what, c.code, c.begins, c.ends) for somebody in one.thing.about for c in somebody.claims]
    return explain(Question("read", one.thing.type, id, who), facts, people, said, NOW)


def shared(facts: Facts, sources: set[str], who: Asker) -> Facts:
    """Each of the sources signs an agreement for the purpose and whoever asks."""
    purpose = who.purpose or tables().roles[who.role].purposes[0]
    signed = [Agreement(f"s-{source}", source, who.organisation, (purpose,), BEFORE, FOREVER, "active") for source in sources]
    return replace(facts, agreements=(*facts.agreements, *signed))


def claimed(change: str, who: Asker, somebody: Somebody) -> Somebody:
    """What is said of the person once the change is made."""
    claims = list(somebody.claims)
    if change == "consent-given":
        claims = [claim for claim in claims if (claim.what, claim.code) != ("consent", "refused")]
        claims.append(Claim("consent", "given", BEFORE, FOREVER))
    if change == "relationship-made":
        claims.append(Claim("care", who.codes[-1], BEFORE, FOREVER))
    if change == "relationship-claimed":
        claims.append(Claim("care", f"user:{who.user}", BEFORE, FOREVER))
    if change == "proxy-given":
        claims.append(Claim("proxy", who.codes[0], BEFORE, FOREVER))
    if change == "break-glass-declared":
        claims.append(Claim("breakglass", f"user:{who.user}", BEFORE, FOREVER))
    return replace(somebody, claims=tuple(claims))


def changed(way: str, told: Explanation, who: Asker, one: Cell, facts: Facts) -> tuple[Asker, Cell, Facts]:
    """Who asks, for what, and what is known, when one way is taken and all else is done that is said to be missing."""
    codes = [change.code for change in told.changes]
    (somebody,) = one.thing.about
    (id_,) = somebody.ids
    if "other-launch" in codes:
        who = replace(who, patient=id_)
    if "organisation-named" in codes:
        who = replace(who, organisation=OWN)
        facts = shared(facts, set(one.thing.sources) - {OWN}, who)
    facts = shared(facts, {change.source for change in told.changes if change.code == "agreement-signed"}, who)
    for change in (way, *(["consent-given"] if way not in ALONE and "consent-given" in codes else [])):
        somebody = claimed(change, who, somebody)
    return who, cell(1, one.thing.type, somebody, one.thing.labels, one.thing.sources), facts


def denials() -> Iterator[tuple[Asker, Cell, str, Explanation]]:
    """Every asker, and people of the cells of whom it is denied."""
    for turn, (who, _) in enumerate(askers()):
        if who.role not in tables().roles or (who.purpose and who.purpose not in tables().roles[who.role].purposes):
            continue
        for one in people_of(turn):
            (id_,) = one.thing.about[0].ids
            told = explained(who, one, KNOWN, id_)
            if not told.permitted:
                yield who, one, id_, told


def people_of(turn: int) -> list[Cell]:
    """Every so manieth cell about one person, each asker beginning with another; labels are never spoken of, so none has any."""
    about = [each for each in some() if not each.thing.labels and len(each.thing.about) == 1]
    return [each for each in about if tables().classes[each.thing.kind].about == "person"][turn % 5 :: 5]


def test_each_way_with_what_else_is_missing_opens_it() -> None:
    taken: Counter[str] = Counter()
    for who, one, id_, told in denials():
        codes = [change.code for change in told.changes]
        for way in codes:
            if way not in ALONE and way not in INVOLVED:
                continue
            asker, opened, facts = changed(way, told, who, one, KNOWN)
            question = Question("read", one.thing.type, id_, asker)
            assert given(decide(question, facts, NOW), opened), (who, one.thing, way)
            assert explained(asker, opened, facts, id_).permitted
            taken[way] += 1
    assert set(taken) == {*ALONE, *INVOLVED}
    assert min(taken.values()) > 20


def test_a_source_that_is_said_not_to_share_is_all_that_is_missing_where_the_rest_holds() -> None:
    """Permitted by the person and denied by the source: its signature opens it, and none that is not named has to."""
    opened = Counter[bool]()
    for turn, (who, _) in enumerate(askers()):
        if who.role not in tables().roles:
            continue
        for one in people_of(turn):
            told = explained(who, one, KNOWN, *one.thing.about[0].ids)
            if not told.permitted:
                continue
            question = Question("read", one.thing.type, "1", who)
            missing = {change.source for change in told.changes if change.code == "agreement-signed"} & one.thing.sources
            unnamed = any(change.code == "organisation-named" for change in told.changes)
            before = given(decide(question, KNOWN, NOW), one)
            if not unnamed:
                assert before == (not missing), (who, one.thing)
                assert given(decide(question, shared(KNOWN, missing, who), NOW), one)
                opened[before] += 1
    assert min(opened[True], opened[False]) > 50


def test_another_role_or_purpose_is_said_to_help_only_where_there_is_one() -> None:
    known = tables()
    kinds = set()
    for who, one, _, told in denials():
        codes = {change.code for change in told.changes}
        if "other-purpose" in codes:
            role = known.roles[who.role]
            assert any(one.thing.kind in role.sees & known.purposes[purpose].sees for purpose in role.purposes)
            kinds.add("purpose")
        if told.clauses[0].kind == "fails":
            others = [role for role in known.roles.values() if not role.all and role.name != who.role]
            assert ("other-role" in codes) == any(one.thing.kind in role.sees for role in others)
            kinds.add("role")
    assert kinds == {"purpose", "role"}


def test_a_wider_token_is_all_that_is_missing_where_it_is_said_so() -> None:
    somebody = Somebody(
        frozenset(("p1",)), (Claim("care", f"ods:{OWN}", BEFORE, FOREVER), Claim("consent", "given", BEFORE, FOREVER))
    )
    one = cell(1, "Observation", somebody, frozenset(), frozenset((OWN,)))
    narrow = Asker("iss|jo", "gp", OWN, scopes=read_scopes("user/CarePlan.rs"))
    told = explained(narrow, one, KNOWN, "p1")
    assert [change.code for change in told.changes] == ["other-scope"]
    assert not given(decide(Question("read", "Observation", "p1", narrow), KNOWN, NOW), one)
    wide = replace(narrow, scopes=read_scopes("user/CarePlan.rs user/Observation.rs"))
    assert given(decide(Question("read", "Observation", "p1", wide), KNOWN, NOW), one)


def test_who_cannot_be_named_and_who_is_no_user_is_not_told_of_what_they_cannot_do() -> None:
    stranger = cell(1, "Observation", Somebody(frozenset(("p1",))), frozenset(), frozenset(("X-NONE",)))

    def codes(who: Asker) -> list[str]:
        return [change.code for change in explained(who, stranger, Facts(sources=("X-NONE",)), "p1").changes]

    assert codes(Asker(role="gp", scopes=None)) == ["other-role", "organisation-named"]
    assert codes(Asker(role="carer", scopes=None)) == ["other-role", "agreement-signed"]
    assert codes(Asker(role="gp", organisation=OWN, scopes=None)) == [
        *("relationship-made", "consent-given", "other-role", "agreement-signed"),
    ]
    assert codes(Asker(user="u", role="gp", scopes=None))[:3] == ["relationship-made", "relationship-claimed", "consent-given"]


def test_of_a_token_for_one_patient_it_is_told_alike_whoever_is_known() -> None:
    who = Asker("u", "gp", OWN, patient="p2", scopes=None)
    one_person = Somebody(frozenset(("p1", "p2")))
    known = Cell("1", Thing("Observation", "clinical", frozenset(), frozenset(), (one_person,)), ())
    for one in (known, replace(known, thing=replace(known.thing, about=()))):
        other, same = (explained(who, one, Facts(), id_).changes for id_ in ("p1", "p2"))
        assert other[0].words == "The token is given for this person."
        assert other[1:] == same
