"""What can go wrong, as values: nine categories and one table of reasons (``table.csv``)."""

from interop.errors.problem import Category, Problem, Reason, reason, reasons

__all__ = ["Category", "Problem", "Reason", "reason", "reasons"]
