"""G5 for background jobs, step by step: leases, duplicates, failures, a database that is away."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from server.db.engine import UnitOfWork, make_engine, uow_factory
from server.db.tables import jobs
from server.worker.service import Handler, JobService
from tests.harness.stores import wait_until

_LEASE, _HEARTBEAT = 2.0, 0.2


@pytest.fixture
def begin(fresh_postgres_url: str) -> Iterator[Callable[[], Any]]:
    engine = make_engine(fresh_postgres_url, pool_size=8)
    yield uow_factory(engine)
    engine.dispose()


def _service(begin: Callable[[], Any], handler: Handler) -> JobService:
    return JobService(begin, {"work": handler}, lease_seconds=_LEASE, heartbeat_seconds=_HEARTBEAT)


def _waits_for(event: threading.Event) -> Handler:
    def handler(_: Mapping[str, Any]) -> None:
        assert event.wait(20)

    return handler


def _nothing(_: Mapping[str, Any]) -> None:
    return


def _order(begin: Callable[[], Any]) -> None:
    with begin() as uow:
        uow.execute(sa.insert(jobs).values(kind="work", payload={}))
        uow.commit()


def _rows(begin: Callable[[], Any]) -> list[Any]:
    with begin() as uow:
        return list(uow.execute(sa.select(jobs)))


def _due(service: JobService) -> tuple[int, int]:
    """The one job that is due."""
    found = []
    wait_until(lambda: bool(found.extend(service.take_due(10)) or found), "a job is due")
    (due,) = found
    return due.id, due.attempts


def test_g5_job_longer_than_its_lease_is_not_given_to_another_worker(begin: Callable[[], Any]) -> None:
    go_on = threading.Event()
    _order(begin)
    one, other = _service(begin, _waits_for(go_on)), _service(begin, _nothing)
    due = _due(one)
    working = threading.Thread(target=one.run, args=due)
    working.start()
    until = time.monotonic() + _LEASE + 1
    while time.monotonic() < until:
        assert other.take_due(10) == []
        time.sleep(0.05)
    go_on.set()
    working.join()
    assert _rows(begin) == []


def test_g5_job_of_a_dead_worker_comes_back_after_its_lease_and_the_dead_one_changes_nothing_more(
    begin: Callable[[], Any],
) -> None:
    _order(begin)
    hangs = threading.Event()
    dead = _service(begin, _waits_for(hangs))
    dead._heartbeat = 60
    due = _due(dead)
    hung = threading.Thread(target=dead.run, args=due)
    hung.start()
    done: list[Mapping[str, Any]] = []
    failing = _service(begin, _fail)
    again = _due(failing)
    assert again == (due[0], 1)
    assert not failing.run(*again)
    # The first worker wakes up and finishes, but the job is not its own any more.
    hangs.set()
    hung.join()
    (row,) = _rows(begin)
    assert (row.attempts, row.last_error) == (2, "ValueError: no luck")
    with begin() as uow:
        uow.execute(sa.update(jobs).values(due_at=sa.func.now()))
        uow.commit()
    last = _service(begin, done.append)
    assert last.run(*_due(last))
    assert (done, _rows(begin)) == ([{}], [])


def _fail(_: Mapping[str, Any]) -> None:
    raise ValueError("no\x00 luck")


def test_g5_job_announced_twice_is_begun_once(begin: Callable[[], Any]) -> None:
    _order(begin)
    done: list[Mapping[str, Any]] = []
    service = _service(begin, done.append)
    due = _due(service)
    runners = [threading.Thread(target=service.run, args=due) for _ in range(6)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    assert len(done) == 1


def test_g5_job_waits_for_a_database_that_is_away(begin: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.worker.service._AWAY_SECONDS", 0.01)
    _order(begin)
    done: list[Mapping[str, Any]] = []
    away = iter([True, False, True, True])

    @contextlib.contextmanager
    def flaky() -> Iterator[UnitOfWork]:
        if next(away, False):
            raise OperationalError("SELECT 1", {}, Exception("connection refused"))
        with begin() as uow:
            yield uow

    due = _due(_service(begin, done.append))
    assert _service(flaky, done.append).run(*due)
    assert (done, _rows(begin)) == ([{}], [])
