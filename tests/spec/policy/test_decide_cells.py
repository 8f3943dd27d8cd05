"""The cells again, some hundreds of them, in memory and for every way to ask: what ``test_cells`` asks of a store."""

from __future__ import annotations

import random
from functools import cache

from interop.policy.decide import Question, decide
from tests.spec.policy.cells import (
    BY_LABEL,
    CONSENTS,
    EMERGENCIES,
    FACTS,
    KINDS,
    LABELS,
    NOW,
    RELATIONSHIPS,
    SOURCES,
    UNPERSONAL,
    WORLDS,
    Cell,
    askers,
    cell,
)  # fmt: skip
from tests.spec.policy.evaluate import given
from tests.spec.policy.oracle import Somebody, may_see

READS = ("read", "search-system", "vread", "history-instance", "history-type", "search-type", "$everything")


@cache
def some() -> tuple[Cell, ...]:
    """Cells of which each part that decides is often such that the next part matters."""
    choice = random.Random(7)
    likely = [
        ("by organisation", "given", "none", "none"),
        ("by user", "given", "given", "none"),
        ("none", "not given", "none", "declared"),
    ]
    found = []
    for n in range(350):
        parts = list(choice.choice(likely))
        for place, table in enumerate((RELATIONSHIPS, CONSENTS, BY_LABEL, EMERGENCIES)):
            if choice.random() < 0.3:
                parts[place] = choice.choice(list(table))
        claims = RELATIONSHIPS[parts[0]] + CONSENTS[parts[1]] + BY_LABEL[parts[2]] + EMERGENCIES[parts[3]]
        labels = LABELS[n % len(LABELS)] if choice.random() < 0.6 else frozenset()
        sources = SOURCES[n % len(SOURCES)] if choice.random() < 0.5 else SOURCES[choice.randrange(3)]
        somebody = Somebody(frozenset(("p160" if n % 4 == 0 else f"q{n}",)), claims)
        found.append(cell(n, choice.choice(list(KINDS)), somebody, labels, sources))
    for n in range(120):
        type_ = choice.choice([*KINDS, *UNPERSONAL])
        if type_ != "Patient":
            found.append(cell(1000 + n, type_, None, LABELS[n % len(LABELS)], SOURCES[choice.randrange(len(SOURCES))]))
    return (*found, cell(2000, "Contract", somebody, frozenset(), SOURCES[1]))


def test_every_way_of_reading_gives_what_the_oracle_gives() -> None:
    for model, world in WORLDS.items():
        for n, (asker, who) in enumerate(askers()):
            for m, one in enumerate(some()):
                if (n + m) % 4 and model == "implied":
                    continue
                interaction = READS[(n + m) % len(READS)]
                type_ = "" if interaction in ("search-system", "$everything") else one.thing.type
                decision = decide(Question(interaction, type_, one.id, asker), FACTS[model], NOW)
                if interaction == "$everything" and decision.refusal:
                    continue  # who may not ask for it at all
                assert given(decision, one) == may_see(who, one.thing, world), (who, one.thing, model, interaction)
