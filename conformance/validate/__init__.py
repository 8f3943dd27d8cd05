"""``conformance validate``: resources on disk, judged against R4, profiles and terminology, and told in five forms."""
