"""The Celery application: one queue, JSON only, nothing kept in Redis that matters.

State of work lives in PostgreSQL (table ``jobs``): a message says only that a row is due, and a
lost or doubled message does no harm. Rules and figures: components.md 4.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from celery import Celery

from server.settings import Settings
from server.worker.names import QUEUE

# Every module with tasks; a slice adds its own here.
TASK_MODULES = ("server.worker.tasks",)
# Above the longest task; the lease of a job's row is what brings a dead worker's work back sooner.
_VISIBILITY_SECONDS = 900


def broker_url(settings: Settings) -> str:
    """The broker in Celery's spelling: a socket's database is its ``virtual_host``."""
    parts = urlsplit(settings.celery_broker)
    if parts.scheme != "redis+socket":
        return settings.celery_broker
    query = {("virtual_host" if name == "db" else name): value for name, value in parse_qsl(parts.query)}
    return f"redis+socket://{parts.path}" + (f"?{urlencode(query)}" if query else "")


def make_app(settings: Settings, **extra: Any) -> Celery:
    """A Celery application for these settings; nothing connects yet."""
    app = Celery("transom", broker=broker_url(settings), include=TASK_MODULES, set_as_current=True)
    app.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=True,
        # A child that was killed loses its message here; the lease of the job's row brings the work back,
        # later each time. A message that goes back to the queue at once would loop on a poisoned task.
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        worker_concurrency=settings.worker_concurrency,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": _VISIBILITY_SECONDS,
            # With kombu's own values a dead worker's message waits for minutes (components.md 4).
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            "unacked_mutex_expire": 5,
            "global_keyprefix": "transom:celery:",
            "socket_connect_timeout": 5,
            "health_check_interval": 25,
        },
        enable_utc=True,
        timezone="UTC",
        **extra,
    )
    return app
