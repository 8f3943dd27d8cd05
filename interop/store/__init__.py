"""The store: plans in, values out, changes committed."""
