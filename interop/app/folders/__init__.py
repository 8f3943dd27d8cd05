"""Watched folders: a file that is put into one is messages of its feed.

FOLDER/                 whoever sends puts files here, best under a name that begins with a dot and then renames them
FOLDER/.working/N/      deliveries that are being read
FOLDER/archive/         files all of which is in the journal
FOLDER/error/           files of which something is not, each with NAME.why beside it
"""

from interop.app.folders.manager import Folders

__all__ = ["Folders"]
