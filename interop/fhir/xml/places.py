"""Where an element of FHIR XML stands, as FHIRPath."""

from __future__ import annotations

from lxml import etree

from interop.fhir.names import shown
from interop.fhir.xml.plan import ATTRIBUTE, DIV, RESOURCE, Block, block, known_resource


def path_of(element: etree._Element) -> str:
    """The FHIRPath of an element from the root's type: ``Patient.name[0].given[1]``, ``Bundle.entry[2].resource.active``.

    It ends above the first element whose name must not be repeated (``interop.fhir.names``). The root is a resource of R4.
    """
    chain = [element, *element.iterancestors()][::-1]
    steps = [_name(chain[0])]
    plan: Block | None = block(_name(chain[0]))
    expects_resource = False
    for each in chain[1:]:
        name = _name(each)
        if expects_resource:
            plan = block(name) if known_resource(name) else None
            expects_resource = False
            continue
        if not shown(name):
            break
        tag = str(each.tag)
        field = plan.tags.get(tag) if plan else None
        many = field is not None and field.many
        steps.append(f"{name}[{len(list(each.itersiblings(tag, preceding=True)))}]" if many else name)
        expects_resource = bool(field and field.kind == RESOURCE)
        plan = field.block if field and field.kind not in (RESOURCE, DIV, ATTRIBUTE) else None
    return ".".join(steps)


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
