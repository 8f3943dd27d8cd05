"""MESH, NHS England's mailboxes: messages sent to other mailboxes, and those of an inbox fetched. Needs the extra ``mesh``."""

from adapters.mesh.carrier import Mesh

__all__ = ["Mesh", "carrier"]

carrier = Mesh()
