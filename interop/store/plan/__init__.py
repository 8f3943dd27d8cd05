"""Plans: the reads that the store answers. Each that returns resources carries the Decision under which it is made."""

from interop.store.plan.browsing import Browse, Browsed, BrowsingPlan, Coverage, Feeds, Messages, Repetitions, Shelf
from interop.store.plan.fold import Contributors, FoldPlan, Heads, Said, Snapshots
from interop.store.plan.journal import Everything, JournalPlan, Left, Message, Replayable, Unfinished, Waiting
from interop.store.plan.kept import FEEDS_REFUSED, STOPPED, Held, KeptPlan, KeptTables, Meta, Noted, Spent, Tables
from interop.store.plan.outbox import Deliveries, LastNumber, OutboxPlan, Queues
from interop.store.plan.people import Access, Claims, Group, Hiding, LinkHistory, Pairs, PeoplePlan, Persons, Undecided
from interop.store.plan.processes import Backlog, Claimable, ClaimEntries, NewsSince, OpenClaims, Outcomes, ProcessPlan, Turn
from interop.store.plan.removal import Disposable, Emptied, Made, RemovalPlan, Replaced, Sharing, Sourced, Versions
from interop.store.plan.resources import (
    Coded,
    Compartment,
    Count,
    Export,
    History,
    Read,
    ReadVersion,
    ResourcePlan,
    Search,
    Several,
)

__all__ = [
    "FEEDS_REFUSED",
    "STOPPED",
    "Access",
    "Backlog",
    "Browse",
    "Browsed",
    "ClaimEntries",
    "Claimable",
    "Claims",
    "Coded",
    "Compartment",
    "Contributors",
    "Count",
    "Coverage",
    "Deliveries",
    "Disposable",
    "Emptied",
    "Everything",
    "Export",
    "Feeds",
    "Group",
    "Heads",
    "Held",
    "Hiding",
    "History",
    "KeptTables",
    "LastNumber",
    "Left",
    "LinkHistory",
    "Made",
    "Message",
    "Messages",
    "Meta",
    "NewsSince",
    "Noted",
    "OpenClaims",
    "Outcomes",
    "Pairs",
    "Persons",
    "Plan",
    "Queues",
    "Read",
    "ReadVersion",
    "Repetitions",
    "Replaced",
    "Replayable",
    "Said",
    "Search",
    "Several",
    "Sharing",
    "Shelf",
    "Snapshots",
    "Sourced",
    "Spent",
    "Tables",
    "Turn",
    "Undecided",
    "Unfinished",
    "Versions",
    "Waiting",
]

Plan = ResourcePlan | PeoplePlan | FoldPlan | JournalPlan | BrowsingPlan | RemovalPlan | OutboxPlan | KeptPlan | ProcessPlan
