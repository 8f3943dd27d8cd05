"""What the shape of a tree tells about its evaluation."""

from __future__ import annotations

from interop.fhir.fhirpath.tree import Call, External, Index, Literal, Path, Special, Step, Tree, parts


def everything(tree: Tree | Step) -> list[Tree | Step]:
    """A tree and all that it is made of."""
    pending, found = [tree], []
    while pending:
        part = pending.pop()
        found.append(part)
        pending.extend(parts(part))
    return found


def defines(tree: Path) -> bool:
    """Whether a path defines a variable."""
    return any(isinstance(each, Call) and each.name == "defineVariable" for each in tree.steps)


_CONSTANT = frozenset(("resource", "rootResource", "context"))
_OWN_THIS = frozenset(("where", "select", "all", "exists", "repeat", "ofType", "as", "is"))
"""Functions whose arguments see the items as ``$this``, or name a type."""


def fixed(tree: Tree) -> bool:
    """Whether a path starts at an external constant of the evaluation and no step looks at ``$this`` outside of itself."""
    if not (isinstance(tree, Path) and isinstance(tree.start, External) and tree.start.name in _CONSTANT):
        return False
    for step in tree.steps:
        if isinstance(step, Call) and step.arguments:
            inner = [each for argument in step.arguments for each in everything(argument)]
            if any(isinstance(each, Special) and each.name != "this" for each in inner):
                return False
            if any(isinstance(each, External) and each.name not in _CONSTANT for each in inner):
                return False
            if any(isinstance(each, Call) and each.name in ("defineVariable", "trace") for each in inner):
                return False
            if step.name not in _OWN_THIS and not all(isinstance(argument, Literal) for argument in step.arguments):
                return False
        elif isinstance(step, Index) and not isinstance(step.place, Literal):
            return False
        if isinstance(step, Call) and step.name in ("trace", "now", "defineVariable"):
            return False
    return True
