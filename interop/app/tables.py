"""The tables of the deployment, checked before anything is opened."""

from __future__ import annotations

from interop.mapping.library import check_site, family
from interop.mapping.reading import families


def check_tables() -> None:
    """Compile every family's mapping tables, those of its sites too, and read those of the plan and of worklists. Raises
    TablesRefused, PlanRefused, WorklistsRefused."""
    from interop.api.operations.planning import plan_tables
    from interop.api.operations.worklists import worklists

    plan_tables()
    worklists()
    for name in families():
        for site in family(name).sites:
            check_site(name, site)
