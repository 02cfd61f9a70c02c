"""Lines of the log."""

from __future__ import annotations

import logging
import sys

from server.edge.call import Call, enter
from server.logs import Line


def line(message: str, *, failed: bool = False) -> str:
    try:
        if failed:
            raise ValueError("why")
        cause = None
    except ValueError:
        cause = sys.exc_info()
    record = logging.LogRecord("transom.test", logging.WARNING, __file__, 1, message, (), cause)
    return Line("%(levelname)s %(name)s: %(message)s").format(record)


def test_a_message_is_one_line() -> None:
    assert line("gone\n[SQL: SELECT 1]\n(Background on this error)") == "WARNING transom.test: gone"


async def test_a_line_names_its_request_before_the_stack() -> None:
    enter(Call(request_id="r" * 500, rest=True, metadata={}))
    first, *stack = line("broke", failed=True).splitlines()
    assert first == f"WARNING transom.test: broke (request {'r' * 128})"
    assert stack[0].startswith("Traceback") and stack[-1] == "ValueError: why"
