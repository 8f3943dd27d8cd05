"""Pages are read without scripts: what they say is said by the server."""

from __future__ import annotations

import pytest

from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import Site
from tests.spec.browser.signing import signed_on, went

pytestmark = pytest.mark.anyio
READ = [
    ("demo-ambulance-clinician", "/crew/{laura}"),
    ("demo-gp", "/record/{laura}"),
    pytest.param("demo-coordinator", "/desk", marks=pytest.mark.long),
    pytest.param("demo-patient", "/my", marks=pytest.mark.long),
    pytest.param("demo-operator", "/console", marks=pytest.mark.long),
]
LIVE = "Stop updating"
"""What only scripts can do, and how to stop it."""


@pytest.mark.long
@pytest.mark.parametrize(("user", "path"), READ)
async def test_nothing_is_missing(opens: Opens, site: Site, user: str, path: str) -> None:
    """Each line that one reads with scripts, one reads without them."""
    said = []
    for scripts in (True, False):
        page = await opens(site, "phone", scripts=scripts)
        await signed_on(page, user, record=site.ids["laura"] if user == "demo-patient" else "")
        assert (await went(page, path.replace("{laura}", site.ids["laura"]))).status in (200, 403)
        text = await page.locator("main").inner_text()
        said.append({" ".join(line.split()) for line in text.splitlines() if line.strip()})
    with_scripts, without = said
    assert len(without) > 3
    assert sorted(each for each in with_scripts - without if not each.endswith(LIVE)) == []
