"""ER7, the vertical bar encoding of HL7 version 2 (chapter 2): messages, headers, escapes, character sets, batches."""

from interop.formats.er7.addressing import Receiver, accepting, readdressed, receiver
from interop.formats.er7.batch import messages
from interop.formats.er7.charset import codec, decode
from interop.formats.er7.delimiters import STANDARD, Delimiters
from interop.formats.er7.escape import escape, unescape
from interop.formats.er7.header import Header, header, header_of
from interop.formats.er7.message import WIDTH, Message

__all__ = [
    "STANDARD",
    "WIDTH",
    "Delimiters",
    "Header",
    "Message",
    "Receiver",
    "accepting",
    "codec",
    "decode",
    "escape",
    "header",
    "header_of",
    "messages",
    "readdressed",
    "receiver",
    "unescape",
]
