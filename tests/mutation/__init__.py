"""Row mutation: does a worked example notice when a row of a table is gone?"""
