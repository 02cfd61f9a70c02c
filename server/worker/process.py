"""A worker process: Celery, and a thread beside it that announces due jobs and renews leases."""

from __future__ import annotations

import atexit
import logging
import os
import socket
import sys
import threading
import time
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning
from celery.platforms import SecurityWarning
from kombu.exceptions import OperationalError

from server.kit import trace
from server.logs import configure
from server.settings import Settings
from server.worker.app import make_app
from server.worker.names import QUEUE
from server.worker.service import JobService

log = logging.getLogger("transom.worker")

_POLL_SECONDS = 0.5
_RECURRING_SECONDS = 5.0
# Seconds between two runs of the jobs that come again and again (server/bootstrap_knowledge.py does them).
RECURRING = {
    "sweep_indexes": 60.0, "reconcile_knowledge": 300.0, "find_orphans": 86_400.0, "purge_embeddings": 86_400.0,
    "prune_workflow_runs": 3600.0, "prune_audit_logs": 3600.0,
}
# Messages that may wait in the queue; a worker asks for more twice a second.
_QUEUED = 100
_PING_SECONDS = 3.0
_ANEW_SECONDS = 1.0


def run(
    settings: Settings, *, pool: str = "threads", concurrency: int | None = None, ready_file: Path | None = None
) -> int:
    """Work until SIGTERM (tasks that run may finish) or SIGQUIT (at once); the exit status."""
    configure(settings.log_level, part="worker")
    # What it fears of root, pickled messages, is refused: JSON only.
    warnings.simplefilter("ignore", SecurityWarning)
    # What it will do with running tasks in a later version, told whenever the broker was away.
    warnings.simplefilter("ignore", CPendingDeprecationWarning)
    threads = concurrency or settings.worker_concurrency
    app = make_app(settings)
    app.jobs = _jobs_of_process(settings, connections=threads + 4 if pool == "threads" else 4)
    # What cannot be built stops the start; it would leave a worker that takes no job.
    app.jobs()
    relay = _Relay(app, ready_file)
    signals.worker_ready.connect(relay.start, weak=False)
    signals.worker_shutting_down.connect(relay.stop, weak=False)
    worker = app.Worker(
        pool=pool, concurrency=threads, queues=[QUEUE], hostname=_node_name(), loglevel=settings.log_level,
        without_gossip=True, without_mingle=True, quiet=True,
    )
    worker.start()
    log.info("stopped")
    status: int = worker.exitcode or 0
    if status and relay.is_working:
        _begin_anew()
    return status


def _begin_anew() -> NoReturn:
    """Become the process that was started, after Celery gave up.

    It does when the broker dies while a task runs: kombu then restores messages over a connection that is gone.
    """
    log.warning("the worker begins anew")
    time.sleep(_ANEW_SECONDS)
    logging.shutdown()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - what we were started with


def answers(settings: Settings, *, host: str | None = None) -> bool:
    """Whether the worker of this host (any worker with ``host=""``) answers a ping; at once when the broker is away."""
    app = make_app(settings)
    app.conf.broker_transport_options |= {"max_retries": 1}
    names = None if host == "" else [_node_name()]
    try:
        replies = app.control.ping(destination=names, timeout=_PING_SECONDS, limit=1)
    except (OSError, OperationalError):
        return False
    return bool(replies)


def _node_name() -> str:
    return f"transom@{socket.gethostname()}"


def _reported_name() -> str:
    """What tells this process from others of its host."""
    return f"{_node_name()} {os.getpid()}"


def _jobs_of_process(settings: Settings, connections: int) -> Any:
    """A function that gives each process its own JobService: a pool must not be shared over a fork."""

    @cache
    def build(_: int) -> JobService:
        # Imported in the process that works: it is most of the server.
        from server.bootstrap import build_job_handlers, build_parts

        _trace(settings)
        parts = build_parts(replace(settings, db_pool_size=connections))
        return JobService(
            parts.uow, build_job_handlers(parts),
            lease_seconds=settings.lease_seconds, heartbeat_seconds=settings.heartbeat_seconds, recurring=RECURRING,
        )

    return lambda: build(os.getpid())


def _trace(settings: Settings) -> None:
    """Collect spans of this process, if they are wanted: of each by itself, since a fork ends the thread that sends."""
    if settings.otlp_endpoint:
        from server.ops.tracing import OtlpTracer

        tracer = OtlpTracer(settings.otlp_endpoint, "transom-worker", settings.otlp_share, instance=_reported_name())
        atexit.register(tracer.close)
        trace.install(tracer)


class _Relay:
    """Every half second, due jobs become messages, as many as the queue has room for.

    What waits for a free worker waits in the database: a short queue loses little with its Redis, and
    no message in it grows old.
    """

    def __init__(self, app: Celery, ready_file: Path | None) -> None:
        self._app = app
        self._ready_file = ready_file
        self._started = False
        self._stopping = False

    @property
    def is_working(self) -> bool:
        """It began to announce, and nobody asked it to stop."""
        return self._started and not self._stopping

    def start(self, **_: Any) -> None:
        """Begin when the worker takes messages; it says so again each time it has found its broker again."""
        if self._started:
            return
        self._started = True
        if self._ready_file is not None:
            self._ready_file.touch()
        log.info("ready: queue %s", QUEUE)
        threading.Thread(target=self._run, name="jobs", daemon=True).start()

    def stop(self, **_: Any) -> None:
        """Announce nothing more."""
        self._stopping = True
        log.info("draining: jobs that run may finish")
        try:
            self._app.jobs().leave(_reported_name())
        except Exception as error:
            log.info("a server will take this worker for alive for some seconds: %s", error)
        if self._ready_file is not None:
            self._ready_file.unlink(missing_ok=True)

    def _run(self) -> None:
        jobs: JobService = self._app.jobs()
        waiting = False
        ordered = 0.0
        while not self._stopping:
            try:
                self._announce(jobs)
                if time.monotonic() - ordered >= _RECURRING_SECONDS:
                    jobs.order_recurring(RECURRING)
                    # Database and broker both answered.
                    jobs.report(_reported_name())
                    ordered = time.monotonic()
                waiting = False
            except Exception as error:
                if not waiting:
                    log.warning("jobs wait: %s", error)
                waiting = True
            time.sleep(_POLL_SECONDS)

    def _announce(self, jobs: JobService) -> None:
        with self._app.pool.acquire(block=True) as connection:
            queued = connection.default_channel.queue_declare(QUEUE, durable=True, auto_delete=False).message_count
        if queued >= _QUEUED:
            return
        found = jobs.take_due(_QUEUED - queued)
        try:
            for due in found:
                self._app.send_task("transom.job", (due.id, due.attempts))
        except Exception:
            jobs.put_back(found)
            raise
