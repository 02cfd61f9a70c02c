"""Finds the annotation that answers a question. What that needs is in memory when warm: no statement, one embedding."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from server.annotation.model import TOPIC, Hit, Match, Questions, Setting
from server.annotation.service import AnnotationService
from server.annotation.store import AnnotationStore
from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.cache import AsyncCache
from server.llm.sdk import ready

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from server.embedding.vectors import Vector

log = logging.getLogger("transom.chat")

_SECONDS = 10.0
_KEPT = 1000


class Embedder(Protocol):
    """What embeds questions that are asked."""

    async def query(self, tenant_id: str, provider: str, model: str, text: str) -> Vector:
        """The vector of a text."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an app; without a setting annotations do not answer."""

    setting: Setting | None
    questions: Questions | None = None


class AnnotationReplies:
    """The annotations of apps as this process knows them; the bus tells of changes."""

    def __init__(self, db: Database, uow: UowFactory, embedder: Embedder, bus: Bus) -> None:
        self._db = db
        self._uow = uow
        self._embedder = embedder
        self._service = AnnotationService(uow)
        self._cache: AsyncCache[str, _Known] = AsyncCache(_SECONDS)
        # What was read, also when it is looked after whether it still holds.
        self._read: OrderedDict[str, _Known] = OrderedDict()
        bus.on(TOPIC, self._cache.drop)

    async def shown(self, tenant_id: str, app_id: str) -> Setting | None:
        """How annotations answer; None: they do not."""
        return (await self._known(tenant_id, app_id)).setting

    async def match(self, tenant_id: str, app_id: str, query: str) -> Match | None:
        """The annotation that answers. A failure is logged, and is no match."""
        try:
            known = await self._known(tenant_id, app_id)
            if known.setting is None or known.questions is None or not query.strip():
                return None
            return await self._match(tenant_id, app_id, known.setting, known.questions, query)
        except Exception as error:
            log.warning("app %s: no annotation was looked for: %r", app_id, error)
            return None

    async def keep(self, hit: Hit) -> None:
        """Count an answer that was given."""
        await self._db(self._service.add_hit, hit)

    async def _match(
        self, tenant_id: str, app_id: str, setting: Setting, questions: Questions, query: str
    ) -> Match | None:
        if not questions.ids:
            return None
        vector = await self._embedder.query(tenant_id, setting.provider, setting.model, query)
        nearest = questions.nearest(vector)
        if nearest is None or nearest[1] < setting.threshold:
            return None
        return await self._db(self._matched, tenant_id, app_id, *nearest)

    def _matched(self, tenant_id: str, app_id: str, annotation_id: str, score: float) -> Match | None:
        with self._uow.single() as uow:
            row = AnnotationStore(uow, tenant_id, app_id).matched(annotation_id)
        if row is None:
            return None
        return Match(annotation_id, row.question, row.answer, score, row.account_id or "", row.account_name)

    async def _known(self, tenant_id: str, app_id: str) -> _Known:
        known = self._cache.peek(app_id)
        return known or await self._cache.get(app_id, lambda: self._load(tenant_id, app_id))

    async def _load(self, tenant_id: str, app_id: str) -> _Known:
        before = self._read.get(app_id)
        setting = await self._db(self._setting, tenant_id, app_id)
        if setting is None:
            self._read.pop(app_id, None)
            return _Known(None)
        if before is not None and before.setting == setting:
            return before
        await ready("numpy")
        known = self._read[app_id] = _Known(setting, await self._db(self._questions, tenant_id, app_id, setting))
        if len(self._read) > _KEPT:
            self._read.popitem(last=False)
        return known

    def _setting(self, tenant_id: str, app_id: str) -> Setting | None:
        with self._uow.single() as uow:
            return AnnotationStore(uow, tenant_id, app_id).setting()

    def _questions(self, tenant_id: str, app_id: str, setting: Setting) -> Questions:
        with self._uow.single() as uow:
            return _questions(AnnotationStore(uow, tenant_id, app_id).vectors(setting.space))


def _questions(rows: Sequence[Any]) -> Questions:
    """The vectors of one length, that of the newest."""
    import numpy as np

    size = len(rows[-1].vector) if rows else 0
    usable = [(row.id, bytes(row.vector)) for row in rows if len(row.vector) == size]
    flat = np.frombuffer(b"".join(vector for _, vector in usable), "<f4").astype(np.float32, copy=False)
    return Questions(tuple(id_ for id_, _ in usable), flat.reshape(len(usable), size // 4))
