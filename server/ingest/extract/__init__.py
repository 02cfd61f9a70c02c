"""Text of files, read in a process of its own (rag-engine.md section 2).

``extract`` is the door; the readers behind it run in a child that a bad file can end, not harm.
"""

from server.ingest.extract.formats import SUPPORTED_EXTENSIONS
from server.ingest.extract.limits import ExtractError, Limits
from server.ingest.extract.pool import extract
from server.ingest.part import Part

__all__ = ["SUPPORTED_EXTENSIONS", "ExtractError", "Limits", "Part", "extract"]
