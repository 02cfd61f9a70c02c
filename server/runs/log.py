"""The event log of runs: one Redis stream a run, kept 24 hours after its last event.

An entry holds the events of one write; its id is ``<number of its last event>-0``. So a
reader that has seen event N asks for entries after ``N-0`` and skips what it knows. The log
of a run whose process is gone is closed by an entry with an id above all others: Redis itself
then refuses whatever that process, should it only have hung, still writes.

A write whose reply was lost is repeated. An entry may so repeat events of the one before, and
Redis may lose entries; ``continued`` tells readers what follows without a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from server.runs.run import is_pause, is_terminal
from transom.run.v1.event_pb2 import RunEvent

_FIELD = b"e"
# For each log: the id of its next entry, the entry, and the seconds that it is to be kept from now on, or 0. Answers
# what is wrong with each, if anything. One command, because the client takes 50 us of CPU for each that it sends.
_APPEND = """
local wrong = {}
for at, key in ipairs(KEYS) do
  local id, entry, seconds = ARGV[3 * at - 2], ARGV[3 * at - 1], ARGV[3 * at]
  local added = redis.pcall('XADD', key, id, 'e', entry)
  wrong[at] = type(added) == 'table' and added.err or ''
  if seconds ~= '0' then redis.call('EXPIRE', key, seconds) end
end
return wrong
"""
_CLOSED = 2**62
# Entries of one read; an entry holds what came in 40 ms, with many runs in up to 250 ms (keeper.py).
_PAGE = 32
# What a run that goes on after a pause tells first.
_ANSWERS = frozenset({"human_input_form_filled", "human_input_form_timeout"})
# What Redis says of an id that is not above the newest one of its stream.
_NOT_NEWER = "equal or smaller"


def _key(task_id: str) -> str:
    return f"run:{task_id}:log"


def _pack(events: Sequence[RunEvent]) -> bytes:
    parts = []
    for event in events:
        data = event.SerializeToString()
        parts.append(len(data).to_bytes(4, "big"))
        parts.append(data)
    return b"".join(parts)


def _unpack(data: bytes) -> list[RunEvent]:
    events, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        events.append(RunEvent.FromString(data[at + 4 : at + 4 + size]))
        at += 4 + size
    return events


def continued(found: Iterable[RunEvent], after: int) -> tuple[list[RunEvent], bool]:
    """The events of ``found`` that follow number ``after`` without a gap, and whether more may come.

    No more can come of a log with a gap, and of one that was closed before ``after``.
    """
    events: list[RunEvent] = []
    known = False
    for event in found:
        if event.sequence == after + 1:
            events.append(event)
            after += 1
        elif event.sequence > after:
            return events, False
        else:
            known = True
    return events, bool(events) or not known


class EventLog:
    """Writes batches of events of many runs in one round trip, reads those of one run.

    Every method raises RedisError or OSError when Redis is away or refuses; nothing is lost by
    calling again.
    """

    def __init__(self, redis: Redis, blocking: Redis, seconds: int) -> None:
        self._redis = redis
        self._append = redis.register_script(_APPEND)
        self._blocking = blocking
        self._seconds = seconds

    async def append(self, batches: Sequence[tuple[str, Sequence[RunEvent]]]) -> list[bool]:
        """Add events to the logs of runs; False where another process has closed the log. Idempotent."""
        keys, values = list[str](), list[str | bytes | int]()
        for task_id, events in batches:
            keys.append(_key(task_id))
            # From the start, in case nobody writes an end, and anew from the end; workflows may pause and go on.
            is_dated = (
                events[0].sequence == 1 or is_terminal(events[-1]) or is_pause(events[-1]) or _resumes(events[0])
            )
            values += (f"{events[-1].sequence}-0", _pack(events), self._seconds if is_dated else 0)
        found = await self._append(keys=keys, args=values)
        return [
            not wrong or await self._is_written(task_id, wrong.decode())
            for (task_id, _), wrong in zip(batches, found, strict=True)
        ]

    async def _is_written(self, task_id: str, wrong: str) -> bool:
        if _NOT_NEWER not in wrong:
            raise ResponseError(wrong)
        # An earlier attempt was carried out after all, unless the log is closed.
        newest: Any = await self._redis.xrevrange(_key(task_id), count=1)
        return not newest or int(newest[0][0].split(b"-")[0]) < _CLOSED

    async def close(self, task_id: str, events: Sequence[RunEvent]) -> None:
        """Add the last events of a run whose process is gone; only the first close counts."""
        try:
            await self._redis.xadd(_key(task_id), {_FIELD: _pack(events)}, id=f"{_CLOSED}-0")
        except ResponseError as error:
            if _NOT_NEWER not in str(error):
                raise
        await self._redis.expire(_key(task_id), self._seconds)

    async def read(self, task_id: str, after: int) -> list[RunEvent]:
        """The next page of events after number ``after``, with whole entries; empty at the end of the log."""
        entries: Any = await self._redis.xrange(_key(task_id), min=f"({after}-0", max="+", count=_PAGE)
        return _events(entries)

    async def first(self, task_id: str) -> int | None:
        """The number of the oldest event that is there."""
        entries: Any = await self._redis.xrange(_key(task_id), count=1)
        found = _events(entries)
        return found[0].sequence if found else None

    async def whole(self, task_id: str) -> list[RunEvent]:
        """All that there is of a log without a gap. What came before a long pause may be gone from its beginning."""
        events: list[RunEvent] = []
        while found := await self.read(task_id, events[-1].sequence if events else 0):
            page, goes_on = continued(found, events[-1].sequence if events else found[0].sequence - 1)
            events += page
            if not page or not goes_on:
                break
        return events

    async def wait(self, task_id: str, after: int, milliseconds: int) -> list[RunEvent]:
        """The same, waiting up to ``milliseconds`` for the first one."""
        found: Any = await self._blocking.xread({_key(task_id): f"{after}-0"}, count=_PAGE, block=milliseconds)
        return _events(found[0][1]) if found else []


def _resumes(event: RunEvent) -> bool:
    """Whether a run goes on with it: the answers that it waited for come first."""
    return event.WhichOneof("body") in _ANSWERS


def _events(entries: Sequence[Any]) -> list[RunEvent]:
    return [event for _, fields in entries for event in _unpack(fields[_FIELD])]
