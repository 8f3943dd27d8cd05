"""One package for each source family; found through the entry point group ``interop.adapters``."""
