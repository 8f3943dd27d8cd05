"""What the API writes into the audit: every answer before it goes out, every change before it is journalled, every message.

Where the log takes no row, nothing is given and nothing is changed (503): the audit fails closed. Figures alone are given still
(``interop.api.auditing.answers.OF_NOBODY``).
"""
