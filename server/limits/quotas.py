"""Quotas of a plan that are checked in the transaction that would exceed them, so that they hold exactly.

A plan without the limit costs one statement. With it, its row is locked until the transaction ends: what
is counted cannot grow meanwhile. Texts: errors.md section 6.
"""

from __future__ import annotations

from server.db.engine import UnitOfWork
from server.kit.errors import AppError, Reason
from server.limits.store import LimitStore

MEMBERS_FULL = "The number of members has reached the limit of your subscription."
DOCUMENTS_FULL = "The number of documents has reached the limit of your subscription."
APPS_FULL = "The number of apps has reached the limit of your subscription."


def take_execution(uow: UnitOfWork, tenant_id: str, limit: int) -> None:
    """Count an execution of a workflow; others of the workspace wait until it is stored. Raises rate_limit_error."""
    if limit <= 0 or not LimitStore(uow).take_execution(tenant_id, limit):
        text = f"Workflow execution quota limit reached for tenant {tenant_id}"
        raise AppError(Reason.RATE_LIMIT_ERROR, text)


def seats(uow: UnitOfWork, tenant_id: str) -> int | None:
    """How many more members the workspace may have, invited ones counted; None: any number."""
    store = LimitStore(uow)
    limit = store.locked(tenant_id).members
    return None if limit is None else limit - store.members(tenant_id)


def require_app(uow: UnitOfWork, tenant_id: str) -> None:
    """Make sure that the workspace may have one more app. Raises forbidden."""
    store = LimitStore(uow)
    limit = store.locked(tenant_id).apps
    if limit is not None and store.apps(tenant_id) >= limit:
        raise AppError(Reason.FORBIDDEN, APPS_FULL)


def require_document(uow: UnitOfWork, tenant_id: str) -> None:
    """Make sure that the workspace may have one more document. Raises forbidden."""
    store = LimitStore(uow)
    limit = store.locked(tenant_id).documents
    if limit is not None and store.documents(tenant_id) >= limit:
        raise AppError(Reason.FORBIDDEN, DOCUMENTS_FULL)
