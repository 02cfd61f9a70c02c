"""Checks against a workspace's plan (dataset-api.md 1.6): every refusal is 403 ``forbidden``.

Order when several apply: vector space, documents, adding segments, request rate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from redis.asyncio import Redis

from server.bus import Bus
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.kit.cache import AsyncCache
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason
from server.kit.ids import new_id
from server.limits.quotas import DOCUMENTS_FULL
from server.limits.store import LimitStore, Plan, Usage

_RATE = "Sorry, you have reached the knowledge base request rate limit of your subscription."
_SPACE = "The capacity of the vector space has reached the limit of your subscription."
_SEGMENTS = (
    "To unlock this feature and elevate your Dify experience, please upgrade to a paid plan."
)
_WINDOW_SECONDS = 60
_PLAN_SECONDS = 10.0
# Topic of the bus: the plan of a workspace is another one.
TOPIC = "limits"


class Limits:
    """Plans are kept for some seconds, so a workspace without limits costs no query."""

    def __init__(
        self, db: Database, uow: UowFactory, redis: Redis, bus: Bus, clock: Callable[[], float] = time.time
    ) -> None:
        self._db = db
        self._uow = uow
        self._redis = redis
        self._clock = clock
        self._plans: AsyncCache[str, Plan] = AsyncCache(_PLAN_SECONDS)
        bus.on(TOPIC, self._plans.drop)

    async def knowledge(
        self, caller: Caller, *, vectors: bool = False, documents: bool = False, segments: bool = False
    ) -> None:
        """Check a knowledge call: always its rate, the rest as asked. Raises forbidden.

        Documents are counted once more in the transaction that adds one (quotas.py), so that many calls at once add
        no more than one by one.
        """
        tenant_id = caller.tenant_id
        plan = await self._plans.get(tenant_id, lambda: self._db(self._load, tenant_id))
        if vectors and plan.vector_space is not None:
            _refuse_if(await self._db(self._count, "vector_space", tenant_id) >= plan.vector_space, _SPACE)
        if documents and plan.documents is not None:
            _refuse_if(await self._db(self._count, "documents", tenant_id) >= plan.documents, DOCUMENTS_FULL)
        _refuse_if(segments and not plan.add_segment, _SEGMENTS)
        if plan.knowledge_rate is not None:
            _refuse_if(await self._calls(tenant_id) > plan.knowledge_rate, _RATE)

    def _load(self, tenant_id: str) -> Plan:
        with self._uow() as uow:
            return LimitStore(uow).plan(tenant_id)

    def _count(self, what: str, tenant_id: str) -> float:
        with self._uow() as uow:
            count: float = getattr(LimitStore(uow), what)(tenant_id)
            return count

    async def _calls(self, tenant_id: str) -> int:
        """Calls of the last minute with this one; refused calls count too."""
        now = self._clock()
        key = f"transom:knowledge-rate:{tenant_id}"
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(key, {new_id(): now})
            pipe.zremrangebyscore(key, 0, now - _WINDOW_SECONDS)
            pipe.zcard(key)
            pipe.expire(key, _WINDOW_SECONDS)
            results = await pipe.execute()
        return int(results[2])


class PlanService:
    """What an operator allows workspaces."""

    def __init__(self, uow: UowFactory) -> None:
        self._uow = uow

    def get(self, caller: Caller) -> Plan:
        """The workspace's plan."""
        with self._uow() as uow:
            return LimitStore(uow).plan(caller.tenant_id)

    def usage(self, caller: Caller) -> Usage:
        """The workspace's plan and what is used of it."""
        with self._uow.reading() as uow:
            return LimitStore(uow).usage(caller.tenant_id)

    def change(self, caller: Caller, limits: Mapping[str, int | bool | None]) -> Plan:
        """Set limits by the names of ``Plan``; None is unlimited. Publish TOPIC afterwards."""
        with self._uow() as uow:
            store = LimitStore(uow)
            if limits:
                store.change(caller.tenant_id, limits)
            plan = store.plan(caller.tenant_id)
            uow.commit()
        return plan


def _refuse_if(refused: bool, message: str) -> None:
    if refused:
        raise AppError(Reason.FORBIDDEN, message)
