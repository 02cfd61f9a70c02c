"""Embeds the questions of annotations, in the worker. Handlers may run twice for one job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from server.annotation.job_store import JobStore
from server.annotation.model import DISABLE, ERROR, Order, space_of
from server.annotation.store import AnnotationStore
from server.db.engine import UowFactory
from server.db.faults import is_away
from server.kit.plain import clean_text

if TYPE_CHECKING:
    from server.embedding.service import Documents

log = logging.getLogger("transom.worker")

_BATCH = 500
_ERROR_CHARACTERS = 1000


class Models(Protocol):
    """What embeds."""

    def documents(self, tenant_id: str, provider: str, model: str, texts: Sequence[str]) -> Documents:
        """Vectors of texts."""
        ...


class AnnotationJobs:
    """``tell`` says in every server process that an app's annotations have changed."""

    def __init__(self, uow: UowFactory, models: Models, tell: Callable[[str], None]) -> None:
        self._uow = uow
        self._models = models
        self._tell = tell

    def switch(self, payload: Mapping[str, Any]) -> None:
        """Let annotations answer, or not any more; the job ends ``completed`` or ``error``, whatever happens."""
        order = Order(**payload)
        try:
            self._switch(order)
        except Exception as error:
            if is_away(error):
                raise
            log.warning("annotation reply of app %s: %r", order.app_id, error)
            with self._uow() as uow:
                text = clean_text(str(error) or type(error).__name__)[:_ERROR_CHARACTERS]
                JobStore(uow, order.tenant_id, order.app_id).fail(order.job_id, ERROR, text)
                uow.commit()
        self._tell(order.app_id)

    def embed(self, payload: Mapping[str, Any]) -> None:
        """Embed what has no vector, where annotations answer; a failure comes back later."""
        tenant_id, app_id = payload["tenant_id"], payload["app_id"]
        with self._uow() as uow:
            setting = AnnotationStore(uow, tenant_id, app_id).setting()
        while setting is not None:
            with self._uow() as uow:
                found = JobStore(uow, tenant_id, app_id).missing(setting.space, _BATCH)
            if not found:
                break
            self._keep(tenant_id, app_id, setting.provider, setting.model, found)
        self._tell(app_id)

    def _switch(self, order: Order) -> None:
        space = space_of(order.provider, order.model)
        while True:
            # The lock of ``begin`` is held to the end of this transaction: what is missing here is all that is missing.
            with self._uow() as uow:
                store = JobStore(uow, order.tenant_id, order.app_id)
                if not store.begin(order.job_id):
                    return
                found = () if order.action == DISABLE else store.missing(space, _BATCH)
                if not found:
                    if order.action == DISABLE:
                        store.drop_vectors()
                    store.complete(order)
                uow.commit()
            if not found:
                return
            self._keep(order.tenant_id, order.app_id, order.provider, order.model, found)

    def _keep(self, tenant_id: str, app_id: str, provider: str, model: str, found: Sequence[Any]) -> None:
        texts = [row.question for row in found if row.question.strip()]
        vectors = iter(self._models.documents(tenant_id, provider, model, texts).vectors if texts else ())
        kept = [_bytes(next(vectors)) if row.question.strip() else b"" for row in found]
        with self._uow() as uow:
            JobStore(uow, tenant_id, app_id).keep(space_of(provider, model), found, kept)
            AnnotationStore(uow, tenant_id, app_id).touch()
            uow.commit()


def _bytes(vector: Any) -> bytes:
    from server.embedding.vectors import packed

    return b"" if vector is None else packed(vector)
