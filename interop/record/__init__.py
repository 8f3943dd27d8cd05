"""The record: contributions folded into resources, their bytes, their index rows."""
