"""Text to tree (N1 2.0.0, grammar and operator precedence)."""

from __future__ import annotations

from decimal import Decimal

from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.lexer import DATE, DELIMITED, DOLLAR, END, EXTERNAL, NUMBER, SIGN, TEXT, TIME, WORD, Token, tokens
from interop.fhir.fhirpath.quantity import CALENDAR, Quantity
from interop.fhir.fhirpath.temporal import Temporal, temporal
from interop.fhir.fhirpath.tree import (
    Call,
    External,
    Index,
    Literal,
    Member,
    Operation,
    Path,
    Sign,
    Special,
    Step,
    Tree,
    TypeTest,
    parts,
)

DEPTH = 60
"""How deep brackets and arguments may nest."""
HEIGHT = 150
"""The greatest height of a tree."""

_LEVELS: tuple[frozenset[str], ...] = (
    frozenset(("implies",)),
    frozenset(("or", "xor")),
    frozenset(("and",)),
    frozenset(("in", "contains")),
    frozenset(("=", "~", "!=", "!~")),
    frozenset(("<=", "<", ">", ">=")),
    frozenset(("|",)),
    frozenset(("is", "as")),
    frozenset(("+", "-", "&")),
    frozenset(("*", "/", "div", "mod")),
)
_POWER = {operator: level for level, operators in enumerate(_LEVELS) for operator in operators}
_FLAT = frozenset(("and", "or", "|", "+", "&", "*"))
_NAMES = frozenset(("as", "contains", "in", "is"))
_RESERVED = frozenset(("and", "or", "xor", "implies", "div", "mod", "true", "false"))


def parse(text: str) -> Tree:
    """The tree of an expression; raises FhirPathError with the position of the error."""
    reader = _Reader(tokens(text))
    tree = reader.expression(0, 0)
    reader.expect(END)
    _bounded(tree)
    return tree


def _bounded(tree: Tree) -> None:
    pending: list[tuple[Tree | Step, int]] = [(tree, 1)]
    while pending:
        part, height = pending.pop()
        if height > HEIGHT:
            raise FhirPathError("the expression nests too deep")
        pending.extend((each, height + 1) for each in parts(part))


class _Reader:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.at = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.tokens[self.at]
        if token.kind != END:
            self.at += 1
        return token

    def sees(self, text: str) -> bool:
        return self.token.kind == SIGN and self.token.text == text

    def skip(self, text: str) -> bool:
        seen = self.sees(text)
        self.at += seen
        return seen

    def expect(self, kind: str, text: str | None = None) -> Token:
        token = self.token
        if token.kind != kind or text not in (None, token.text):
            raise FhirPathError(f"expected {text or kind}", token.position)
        return self.next()

    def expression(self, level: int, depth: int) -> Tree:
        if depth > DEPTH:
            raise FhirPathError("the expression nests too deep", self.token.position)
        left = self.polarity(depth)
        while True:
            token = self.token
            power = _POWER.get(token.text, -1) if token.kind in (SIGN, WORD) else -1
            if power < level:
                return left
            self.next()
            if token.text in ("is", "as"):
                left = TypeTest(token.text, left, self.type_name(), token.position)
                continue
            right = self.expression(power + 1, depth + 1)
            if token.text in _FLAT and isinstance(left, Operation) and left.operator == token.text:
                left = Operation(token.text, (*left.operands, right), left.position)
            else:
                left = Operation(token.text, (left, right), token.position)

    def polarity(self, depth: int) -> Tree:
        signs = 0
        minus = False
        while self.sees("-") or self.sees("+"):
            minus ^= self.next().text == "-"
            signs += 1
        found = self.chain(depth)
        return Sign(minus, found) if signs else found

    def chain(self, depth: int) -> Tree:
        start, steps = self.term(depth)
        while True:
            if self.skip("."):
                steps.append(self.invocation(depth, any_word=True))
            elif self.skip("["):
                steps.append(Index(self.expression(0, depth + 1)))
                self.expect(SIGN, "]")
            else:
                break
        if start is not None and not steps:
            return start
        return Path(start, tuple(steps))

    def term(self, depth: int) -> tuple[Tree | None, list[Step]]:
        """The start of a chain, or None and its first step."""
        token = self.token
        if self.skip("("):
            inner = self.expression(0, depth + 1)
            self.expect(SIGN, ")")
            return inner, []
        if self.skip("{"):
            self.expect(SIGN, "}")
            return Literal(None), []
        if token.kind == WORD and token.text in ("true", "false"):
            self.next()
            return Literal(token.text == "true"), []
        if token.kind == TEXT:
            self.next()
            return Literal(token.text), []
        if token.kind == NUMBER:
            self.next()
            return Literal(self.number(token)), []
        if token.kind in (DATE, TIME):
            self.next()
            return Literal(_temporal(token)), []
        if token.kind == EXTERNAL:
            self.next()
            return External(token.text, token.position), []
        if token.kind == DOLLAR:
            self.next()
            return Special(token.text), []
        return None, [self.invocation(depth, any_word=False)]

    def number(self, token: Token) -> int | Decimal | Quantity:
        number = Decimal(token.text) if "." in token.text else int(token.text) if len(token.text) < 20 else Decimal(token.text)
        unit = self.token
        if unit.kind == TEXT:
            self.next()
            return Quantity(Decimal(number), unit.text)
        if unit.kind == WORD and unit.text in CALENDAR:
            self.next()
            return Quantity(Decimal(number), CALENDAR[unit.text], unit.text)
        return number

    def invocation(self, depth: int, *, any_word: bool) -> Step:
        token = self.next()
        if token.kind == DELIMITED:
            named = True
        else:
            named = token.kind == WORD and (any_word or token.text in _NAMES or token.text not in _RESERVED)
        if not named:
            raise FhirPathError("expected a name", token.position)
        if not self.skip("("):
            return Member(token.text, token.position)
        arguments: list[Tree] = []
        if not self.skip(")"):
            arguments.append(self.expression(0, depth + 1))
            while self.skip(","):
                arguments.append(self.expression(0, depth + 1))
            self.expect(SIGN, ")")
        return Call(token.text, tuple(arguments), token.position)

    def type_name(self) -> str:
        parts = [self.name()]
        while self.skip("."):
            parts.append(self.name())
        return ".".join(parts)

    def name(self) -> str:
        token = self.next()
        if token.kind not in (WORD, DELIMITED):
            raise FhirPathError("expected the name of a type", token.position)
        return token.text


def _temporal(token: Token) -> Temporal:
    kind = "time" if token.kind == TIME else "dateTime" if "T" in token.text else "date"
    found = temporal(token.text.removeprefix("T") if kind == "time" else token.text, kind)
    if found is None:
        raise FhirPathError("not a date or time of the calendar", token.position)
    return found
