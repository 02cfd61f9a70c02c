"""Log lines: one a fact, on standard output, never with prompts, answers or keys."""

from __future__ import annotations

import logging
import sys

_QUIET = ("httpx", "httpx2", "httpcore", "openai", "google_genai", "asyncio", "alembic", "kombu", "urllib3")


def configure(level: str, *, part: str) -> None:
    """Set up logging of one process; libraries speak from WARNING on."""
    logging.basicConfig(
        level=level, stream=sys.stdout, force=True,
        format=f"%(asctime)s.%(msecs)03d %(levelname)-7s {part} %(name)s: %(message)s", datefmt="%Y-%m-%dT%H:%M:%S",
    )
    if level != "DEBUG":
        for name in _QUIET:
            logging.getLogger(name).setLevel(logging.WARNING)
