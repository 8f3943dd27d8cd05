"""``interop token``: tokens of the embedded issuer for demonstrations, made from the key beside the data, and new keys."""

from __future__ import annotations

import time
from pathlib import Path

from interop.cli.shown import one, wrong
from interop.policy.scopes import read_scopes
from interop.policy.tables import tables
from interop.signon.claims import TESTER, asker_of
from interop.signon.issuer import DEMO, OwnIssuer, default_scope
from interop.signon.keyfile import own_keys, read_keys, write_keys
from interop.signon.refused import Refused

LONGEST = 30 * 24 * 60
"""Minutes."""
CONFIGURED = (
    "An issuer is configured ({issuer}): tokens come from there. The embedded issuer is for demonstrations, and makes none beside "
    "it; leave --issuer and INTEROP_ISSUER out for a demonstration."
)


def token(
    data: Path,
    *,
    issuer: str | None,
    role: str,
    organisation: str,
    user: str,
    patient: str,
    scope: str,
    purpose: str,
    feed: str,
    minutes: int,
    as_json: bool,
) -> int:
    """Print a token."""
    if issuer:
        return wrong(CONFIGURED.format(issuer=issuer))
    known = tables().roles
    if role not in known:
        return wrong(f"There is no role {role!r}: choose one of {', '.join(sorted(known))}.")
    wanted = scope or default_scope(role, patient)
    if not read_scopes(wanted) or len(read_scopes(wanted)) != len(dict.fromkeys(wanted.split())):
        return wrong("A scope cannot be understood: they are such as user/Observation.rs or patient/*.cruds, with blanks between.")
    if feed == "" and role in (TESTER, "feed"):
        feed = "*"
    claims = {
        "sub": user or f"demo-{role}",
        "role": role,
        "organisation": organisation.upper(),
        "patient": patient,
        "scope": wanted,
        "purpose": purpose,
        "feed": feed,
        "client_id": user or f"demo-{role}" if role in ("system", "feed") else "interop-token",
    }
    try:
        asker = asker_of(claims | {"iss": DEMO}, own=True)
        keys = own_keys(data)
    except Refused:
        return wrong("--org is an ODS code, --patient the id of a Patient, --user and --feed are of plain letters and digits.")
    except (ValueError, OSError) as error:
        return wrong(str(error))
    made = OwnIssuer().issue(keys, claims, now=time.time(), seconds=minutes * 60)
    said = {"token": made, "issuer": DEMO, "user": asker.user, "role": role, "scope": wanted, "minutes": minutes}
    one(said, made, as_json=as_json)
    return 0


def rotate(data: Path, *, withdraw: bool, as_json: bool) -> int:
    """A new key signs from now on."""
    try:
        before = read_keys(data)
    except ValueError as error:
        return wrong(str(error))
    if before is None:
        return wrong(f"There is no key in {data} to be replaced: the first token or the first start of an engine makes one.")
    after = before.rotated(time.time(), withdraw=withdraw)
    write_keys(data, after)
    what = "What the key before it signed is void." if withdraw else "What the key before it signed is good until it ends."
    one({"key": after.kid, "withdrawn": withdraw}, f"The key {after.kid} signs from now on. {what}", as_json=as_json)
    return 0
