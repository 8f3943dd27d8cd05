"""What is written of an answer before it goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from interop.api.asgi import ACCOUNT, Request, Response
from interop.api.auditing.changes import PRESENT, Changes
from interop.api.auditing.naming import BUNDLE, asked, parameter_names, who
from interop.api.auditing.scope import DOING, MARK, MESSAGE_READ, OFFLINE, REASON, SIGNING, WHY
from interop.api.problems import fhir_error, json_error
from interop.api.signon.limits import place_of
from interop.audit.log import AuditLog
from interop.audit.row import ANSWER, DENIAL, READ, SIGNED
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.ports import Feed
from interop.store.decision import Account

DENIED: Final = frozenset((401, 403, 429))
UNSIGNED: Final = 50
"""Rows a second of those who have not signed on; what is more is counted in the next."""
_READS: Final = ("GET", "HEAD")
OF_NOBODY: Final = frozenset(("metrics",))
"""Parts that disclose nothing of anyone: given though no row of it can be written, for who watches may not go blind just then."""
_SAID: Final = (("reason", REASON), ("mark", MARK), ("message", MESSAGE_READ), ("offline", OFFLINE))
"""What the row of a read says besides, and the key of the scope."""


class Answers(Changes):
    """Writes rows of answers besides."""

    def __init__(self, log: AuditLog, feeds: Mapping[str, Feed]) -> None:
        super().__init__(log, feeds)
        self._second, self._unsigned, self._unwritten = 0, 0, 0
        self.looks: list[tuple[Asker, tuple[str, ...]]] = []
        """Reads by those for whom a resource of the record stands."""

    def answered(self, request: Request, part: str, response: Response) -> Response:
        """Write the row of an answer; the answer, or 503 where the row is not taken."""
        status = response.status
        account = request.scope.get(ACCOUNT)
        present = None
        if request.method not in _READS:
            present = PRESENT.get()
            if present is not None and present.request is not request:
                present = None
        changed = present is not None and bool(present.attempts)
        signing = request.scope.get(SIGNING, "")
        token = bool(signing) or (part == "signon" and request.method == "POST")
        refused = token and (status >= 400 or WHY in request.scope)
        if account is None and not changed and status not in DENIED and not token:
            return response
        asker = request.asker
        interaction, type_, id_ = (
            asked(request.method, request.path) if part == "fhir" else (signing or request.scope.get(DOING, part), "", "")
        )
        more: dict[str, Any] = {}
        if changed and present is not None:
            kind = ANSWER
            more["of"], more["messages"] = present.attempts, present.messages
        elif status in DENIED or refused:
            kind = DENIAL
            if said := request.scope.get(WHY):
                more["reason"] = said
            if (status == 401 or token) and not self._room(more):
                return response
            more["from"] = place_of(request)
        elif token:
            kind, more["from"] = SIGNED, place_of(request)
        elif request.method in _READS or interaction[:1] == "$" or interaction.startswith("search") or _gave(account):
            kind = READ  # of a batch, and of a write that has changed nothing and answers with what there is
        else:
            kind = ANSWER
        query = request.scope.get("query_string")
        if query and kind == READ:
            more["query"] = parameter_names(query)
        if kind == READ:
            more |= {name: said for name, key in _SAID if (said := request.scope.get(key)) and (name != "mark" or status < 400)}
        patients: tuple[str, ...] = ()
        resources, rules = 0, ()
        if account is not None:
            patients, resources, rules = self._names.all(account.patients), account.resources, tuple(account.rules)
        id_ = id_ and self._names.one(id_)
        try:
            self.log.write(kind, who(asker), interaction, type_, id_, status, resources, patients, rules, more)
            if interaction == BUNDLE and account is not None:
                if changed and account.resources:
                    kind = READ
                    self.log.write(READ, who(asker), interaction, "", "", status, resources, patients, rules)
                if account.refused:
                    self.log.write(DENIAL, who(asker), interaction, "", "", 403, rules=rules, more={"entries": account.refused})
        except Problem as problem:
            if part in OF_NOBODY and kind == READ and status < 400:
                return response
            return fhir_error(problem) if part == "fhir" else json_error(problem)
        if asker.fhir_user and patients and kind == READ:
            self.looks.append((asker, patients))
        return response

    def _room(self, more: dict[str, Any]) -> bool:
        """Whether another row of somebody unknown is written in this second."""
        second = self.log.now() // 1_000_000
        if second != self._second:
            self._second, self._unsigned = second, 0
        self._unsigned += 1
        if self._unsigned > UNSIGNED:
            self._unwritten += 1
            return False
        if self._unwritten:
            more["unwritten"], self._unwritten = self._unwritten, 0
        return True


def _gave(account: Account | None) -> bool:
    return account is not None and account.resources > 0
