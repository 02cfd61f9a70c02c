"""Log lines: one a fact, on standard output, never with prompts, answers or keys."""

from __future__ import annotations

import logging
import sys

from server.edge.call import request_id
from server.kit.trace import trace_id

_QUIET = (
    "httpx", "httpx2", "httpcore", "openai", "google_genai", "asyncio", "alembic", "kombu", "urllib3", "celery.apps",
    "celery.app.trace", "celery.worker",
)  # fmt: skip
# Says what is wrong with a caller's upload; the caller is told.
_SILENT = ("python_multipart.multipart",)


def _is_ours(record: logging.LogRecord) -> bool:
    """Not a caller's header that is no UTF-8, which grpc reads as Latin-1 and logs with a trace."""
    return not record.getMessage().startswith("Invalid encoding on ")


class Line(logging.Formatter):
    """One line, before a stack: the message, and which request and which trace it belongs to.

    What a database complains of goes on with its statement; that is left out.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line without a stack."""
        record.message = record.message.partition("\n")[0]
        ids = [f"{name} {value}" for name, value in (("request", request_id()), ("trace", trace_id())) if value]
        line = super().formatMessage(record)
        return f"{line} ({', '.join(ids)})" if ids else line


def configure(level: str, *, part: str) -> None:
    """Set up logging of one process; libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stdout)
    text = f"%(asctime)s.%(msecs)03d %(levelname)-7s {part} %(name)s: %(message)s"
    handler.setFormatter(Line(text, datefmt="%Y-%m-%dT%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_ours)
    if level != "DEBUG":
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
