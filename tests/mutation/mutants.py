"""What ``interop/policy`` may become by one change: of a module (comparisons, boolean operators, conditions, numbers, words, what
is returned), of a table (row by row, cell by cell)."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import interop.policy

PACKAGE = "interop.policy"


class Mutant(NamedTuple):
    """One change: ``place`` is a module or a table, ``where`` the line as it stands or the row and column, ``change`` what became
    of it; together they name it, whatever else of the file moves."""

    place: str
    where: str
    change: str
    line: int
    make: Callable[[], Callable[[], None]]
    """Gives what puts the change in place, in a process of its own."""

    @property
    def name(self) -> tuple[str, str, str]:
        """By what it is listed."""
        return self.place, self.where, self.change


UNCHANGED = Mutant("", "", "", 0, lambda: forget)
"""It has to survive; where it does not, no mutant can."""
OPPOSITES: dict[type[ast.AST], type[Any]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


def variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What a node may become, with words for it."""
    match node:
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                if opposite := OPPOSITES.get(type(operator)):
                    changed = deepcopy(node)
                    changed.ops[place] = opposite()
                    yield f"{type(operator).__name__} -> {opposite.__name__}", changed
        case ast.BoolOp(op=operator, values=values):
            yield (
                f"{type(operator).__name__} -> {OPPOSITES[type(operator)].__name__}",
                ast.BoolOp(OPPOSITES[type(operator)](), values),
            )
            for place in range(len(values)):
                left = [value for n, value in enumerate(values) if n != place]
                yield (
                    f"without {ast.unparse(values[place])}",
                    left[0] if len(left) == 1 else ast.BoolOp(operator, left),
                )
        case ast.BinOp(op=operator) if type(operator) in OPPOSITES:
            changed = deepcopy(node)
            changed.op = OPPOSITES[type(operator)]()
            yield f"{type(operator).__name__} -> {OPPOSITES[type(operator)].__name__}", changed
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "without not", operand
        case ast.IfExp(body=body, orelse=orelse):
            yield f"always {ast.unparse(body)}", body
            yield f"always {ast.unparse(orelse)}", orelse
        case ast.If():
            for value in (True, False):
                changed = deepcopy(node)
                changed.test = ast.Constant(value)
                yield f"if {value}", changed
        case ast.comprehension(ifs=ifs) if ifs:
            for place in range(len(ifs)):
                changed = deepcopy(node)
                del changed.ifs[place]
                yield f"without if {ast.unparse(ifs[place])}", changed
        case ast.Constant(value=bool() as value):
            yield f"{value} -> {not value}", ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield f"{value} -> {value + 1}", ast.Constant(value + 1)
        case ast.Constant(value=str() as value):
            other = value[:-1] or "!"
            yield f"{value!r} -> {other!r}", ast.Constant(other)
        case ast.Return(value=value) if value is not None and not _nothing(value):
            yield "return None", ast.Return(ast.Constant(None))
        case (
            ast.Call(func=ast.Name("All"), args=[ast.Tuple(elts=parts)])
            | ast.Call(func=ast.Name("Any"), args=[ast.Tuple(elts=parts)])
        ) if len(parts) > 1:
            for place, part in enumerate(parts):
                changed = deepcopy(node)
                assert isinstance(changed.args[0], ast.Tuple)
                del changed.args[0].elts[place]
                yield f"without {ast.unparse(part)}", changed
        case ast.Call(func=ast.Name("Not"), args=[part]):
            yield "without Not", part


def _nothing(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str, Any, str]]:
    """Every node that runs, with the holder, field and index where it stands; annotations, docstrings and imports are left out."""

    def below(node: ast.AST) -> Iterator[tuple[ast.AST, str, Any]]:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_params", "decorator_list", "bases", "keywords") and not isinstance(
                node, ast.Call
            ):
                continue
            if isinstance(value, list):
                for place, each in enumerate(value):
                    if isinstance(each, ast.AST):
                        yield each, name, place
            elif isinstance(value, ast.AST):
                yield value, name, None

    def walk(node: ast.AST) -> Iterator[tuple[ast.AST, str, Any, ast.AST]]:
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            return
        for child, name, place in below(node):
            if isinstance(child, (ast.FormattedValue, ast.JoinedStr)):
                yield from walk(child)
                continue
            yield child, name, place, node
            yield from walk(child)

    yield from walk(tree)  # type: ignore[misc]


def of_module(module: ModuleType) -> Iterator[Mutant]:
    """The mutants of a module."""
    source = Path(str(module.__file__)).read_text("utf-8")
    lines = source.splitlines()
    tree = ast.parse(source)
    seen: dict[tuple[str, str], int] = {}
    for node, field, place, holder in places(tree):  # type: ignore[misc]
        line = getattr(node, "lineno", None) or getattr(getattr(node, "iter", None), "lineno", 0)
        for words, changed in variants(node):
            where = lines[line - 1].strip()
            seen[where, words] = seen.get((where, words), 0) + 1
            told = words if seen[where, words] == 1 else f"{words} ({seen[where, words]})"
            yield Mutant(
                module.__name__.rpartition(".")[2], where, told, line, _compiled(module, tree, holder, field, place, changed)
            )


def _compiled(
    module: ModuleType, tree: ast.Module, holder: ast.AST, field: str, place: int | None, changed: ast.AST
) -> Callable[[], Callable[[], None]]:
    def make() -> Callable[[], None]:
        before = getattr(holder, field) if place is None else getattr(holder, field)[place]
        ast.copy_location(changed, before if hasattr(before, "lineno") else getattr(before, "iter", before))
        _set(holder, field, place, changed)
        try:
            code = compile(ast.fix_missing_locations(tree), str(module.__file__), "exec")
        finally:
            _set(holder, field, place, before)
        return lambda: swap(module, code)

    return make


def _set(holder: ast.AST, field: str, place: int | None, value: ast.AST) -> None:
    if place is None:
        setattr(holder, field, value)
    else:
        getattr(holder, field)[place] = value


def swap(module: ModuleType, code: CodeType) -> None:
    """Put the changed module in place: functions get the changed code where they stand, so that whoever imported them has it;
    constants are bound anew wherever they were imported."""
    space: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    sys.modules[module.__name__] = changed = ModuleType(module.__name__)
    changed.__dict__.update(space)
    try:
        exec(code, changed.__dict__)
    finally:
        sys.modules[module.__name__] = module
    modules = [each for name, each in sys.modules.items() if name.startswith((PACKAGE, "tests.spec.policy")) and each is not module]
    for name, new in list(changed.__dict__.items()):
        old = module.__dict__.get(name)
        if name.startswith("__") or old is None:
            continue
        if getattr(old, "__module__", module.__name__) == module.__name__ and _graft(old, new):
            continue
        if isinstance(old, (FunctionType, type, ModuleType)) or type(old).__module__ == "functools":
            continue
        module.__dict__[name] = new
        for each in modules:
            if each.__dict__.get(name) is old:
                each.__dict__[name] = new
    forget()


def _graft(old: Any, new: Any) -> bool:
    """Give an old function, cached function or class the code of the new one."""
    old, new = getattr(old, "__wrapped__", old), getattr(new, "__wrapped__", new)
    if isinstance(old, FunctionType) and isinstance(new, FunctionType):
        old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
        return True
    if isinstance(old, type) and isinstance(new, type):
        for name, member in vars(old).items():
            other = vars(new).get(name)
            pairs = [(getattr(member, part, None), getattr(other, part, None)) for part in ("fget", "__func__")]
            for one, another in ((member, other), *pairs):
                if isinstance(one, FunctionType) and isinstance(another, FunctionType) and not name.startswith("__r"):
                    if one.__code__.co_freevars == another.__code__.co_freevars:
                        one.__code__, one.__defaults__ = another.__code__, another.__defaults__
        return True
    return False


def forget() -> None:
    """Empty what has been remembered under the unchanged code."""
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGE):
            for each in list(vars(module).values()):
                if hasattr(each, "cache_clear"):
                    each.cache_clear()
            if hasattr(module, "_memory"):
                module._memory.second = -1


TABLES = ("roles", "purposes", "classes", "types", "besides", "labels", "systems", "consent", "operations", "absence", "words")
PROSE = frozenset(("why", "role", "purpose", "class", "type", "model", "operation", "state"))
"""Columns that are not judged cell by cell: reasons, and the names of rows."""
LISTS = frozenset(("sees", "writes", "purposes", "clearances", "operations", "agreements"))


def of_table(table: str) -> Iterator[Mutant]:
    """The mutants of a table: each row left out, each word of a list left out, each cell another."""
    from interop.policy.tables import packaged

    rows = packaged(table)
    key = list(rows[0])[:2] if table in ("labels", "systems", "words") else list(rows[0])[:1]
    for place, row in enumerate(rows):
        name = "|".join(row[each] for each in key)
        yield _row(table, name, "left out", lambda found, place=place: found.pop(place))
        for column, cell in row.items():
            if column in PROSE and not (table == "types" and column == "class"):
                continue
            for words, value in cells(table, column, cell, rows):
                yield _row(
                    table, f"{name}, {column}", words, lambda found, place=place, c=column, v=value: found[place].update({c: v})
                )


def cells(table: str, column: str, cell: str, rows: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """What a cell may become."""
    if column in LISTS:
        words = cell.split()
        for word in words:
            yield f"without {word}", " ".join(each for each in words if each != word)
        every = sorted({each for row in rows for each in row[column].split()} - {*words, "*"})
        for word in every if "*" not in words else ():
            yield f"with {word}", " ".join([*words, word])
        return
    if table == "types":
        if cell != "directory":
            yield "directory", "directory"
        return
    others = sorted({row[column] for row in rows} - {cell})
    if column in (
        "find",
        "break-glass",
        "self-claim",
        "relationship",
        "consent",
        "about",
        "kind",
        "on-patient",
        "whereabouts",
        "given",
        "counts",
    ):
        for other in others[:4]:
            yield f"{cell or 'empty'} -> {other or 'empty'}", other
    elif column in ("group", "agreement", "level"):
        yield f"{cell or 'empty'} -> another", others[0]
    else:
        yield f"{cell} -> {cell}!", cell + "!"


def _row(table: str, name: str, words: str, change: Callable[[Any], Any]) -> Mutant:
    def make() -> Callable[[], None]:
        from interop.policy import tables

        original = tables.packaged

        def packaged(asked: str) -> Any:
            found = original(asked)
            if asked == table:
                change(found)
            return found

        tables.read_tables(packaged)

        def put() -> None:
            for module in list(sys.modules.values()):
                if getattr(module, "packaged", None) is original:
                    module.packaged = packaged  # type: ignore[attr-defined]
            forget()

        return put

    return Mutant(f"{table}.csv", name, words, 0, make)


def modules() -> list[ModuleType]:
    """The modules of ``interop.policy``."""
    names = sorted(one.name for one in pkgutil.iter_modules(interop.policy.__path__))
    return [importlib.import_module(f"{PACKAGE}.{name}") for name in names]


def mutants(wanted: tuple[str, ...] = ()) -> list[Mutant]:
    """All of them, or those of modules and tables that are named."""
    found = [mutant for module in modules() for mutant in of_module(module)]
    found += [mutant for table in TABLES for mutant in of_table(table)]
    return [mutant for mutant in found if not wanted or mutant.place in wanted]
