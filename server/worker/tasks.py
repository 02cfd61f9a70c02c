"""Celery tasks. Each only names a row; the row says what to do."""

from __future__ import annotations

from typing import Any

from celery import shared_task


@shared_task(name="transom.job", bind=True, ignore_result=True)
def job(self: Any, job_id: int, attempts: int) -> None:
    """Run job ``job_id`` unless somebody else began it since it was announced."""
    self.app.jobs().run(job_id, attempts)
