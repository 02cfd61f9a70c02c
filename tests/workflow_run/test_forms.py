"""Runs that are answered while their process ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from server.workflow_run.forms import Forms


class _Looked(Exception):
    """The database was asked."""


async def _db(*_: Any) -> Any:
    raise _Looked


async def test_process_that_ends_takes_no_paused_run() -> None:
    for draining in (False, True):
        runs: Any = SimpleNamespace(draining=draining)
        nothing: Any = None
        forms = Forms(_db, nothing, runs, nothing, nothing, nothing)  # type: ignore[arg-type]
        looked = False
        try:
            await forms.resume("a run")
        except _Looked:
            looked = True
        assert looked is not draining
