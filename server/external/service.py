"""Use cases of registered APIs. An API is tried with a real call before it is stored (rag-engine.md section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.db.bridge import Database
from server.db.engine import UowFactory
from server.external.model import HIDDEN, ApiFields, ExternalApi
from server.external.store import ExternalStore
from server.kit.caller import Caller
from server.kit.crypto import Sealer
from server.kit.errors import invalid_param, not_found
from server.kit.ids import new_id
from server.kit.outbound import Outbound, OutboundError
from server.kit.validate import id_or_none

# Statuses that say that there is no such API, or that it will not talk to us.
_REFUSED = frozenset({403, 404, 502})


class ExternalApis:
    """Registered APIs of a workspace. Unknown and foreign ones are not_found."""

    def __init__(self, db: Database, uow: UowFactory, posts: Outbound, sealer: Sealer) -> None:
        self._db = db
        self._uow = uow
        self._posts = posts
        self._sealer = sealer

    def page(self, caller: Caller, keyword: str, page: int, limit: int) -> tuple[int, list[ExternalApi]]:
        """How many match, and a page of them."""
        with self._uow() as uow:
            total, rows = ExternalStore(uow).page(caller.tenant_id, keyword, page, limit)
        return total, [self._api(row) for row in rows]

    def get(self, caller: Caller, api_id: str) -> ExternalApi:
        """One registered API."""
        with self._uow() as uow:
            known = id_or_none(api_id)
            row = ExternalStore(uow).find(caller.tenant_id, known) if known else None
        if row is None:
            raise not_found("API template not found.")
        return self._api(row)

    async def create(self, caller: Caller, fields: ApiFields) -> ExternalApi:
        """Register an API. Raises invalid_param when it does not answer."""
        await self._try(fields)
        api_id = new_id()
        await self._db(self._add, caller, api_id, fields)
        return await self._db(self.get, caller, api_id)

    async def update(self, caller: Caller, api_id: str, fields: ApiFields) -> ExternalApi:
        """Change an API; ``[__HIDDEN__]`` keeps its key."""
        known = await self._db(self.get, caller, api_id)
        kept = fields
        if fields.api_key == HIDDEN:
            kept = ApiFields(
                name=fields.name, description=fields.description, endpoint=fields.endpoint, api_key=known.api_key
            )
        await self._try(kept)
        await self._db(self._change, caller, known.id, kept)
        return await self._db(self.get, caller, known.id)

    def delete(self, caller: Caller, api_id: str) -> None:
        """Forget an API."""
        known = self.get(caller, api_id)
        with self._uow() as uow:
            ExternalStore(uow).delete(caller.tenant_id, known.id)
            uow.commit()

    async def _try(self, fields: ApiFields) -> None:
        try:
            status, _ = await self._posts.post_json(
                f"{fields.endpoint.rstrip('/')}/retrieval", {}, {"Authorization": f"Bearer {fields.api_key}"}
            )
        except OutboundError as error:
            raise invalid_param(f"failed to connect to the endpoint: {fields.endpoint}: {error}") from error
        if status in _REFUSED:
            raise invalid_param(f"the endpoint {fields.endpoint} answered with status {status}")

    def _add(self, caller: Caller, api_id: str, fields: ApiFields) -> None:
        with self._uow() as uow:
            ExternalStore(uow).add(
                {
                    "id": api_id, "tenant_id": caller.tenant_id, "created_by": caller.the_account,
                    **self._columns(fields),
                }
            )
            uow.commit()

    def _change(self, caller: Caller, api_id: str, fields: ApiFields) -> None:
        with self._uow() as uow:
            ExternalStore(uow).update(caller.tenant_id, api_id, self._columns(fields))
            uow.commit()

    def _columns(self, fields: ApiFields) -> dict[str, str]:
        return {
            "name": fields.name, "description": fields.description, "endpoint": fields.endpoint,
            "sealed_key": self._sealer.seal(fields.api_key),
        }

    def _api(self, row: Any) -> ExternalApi:
        used: Sequence[Sequence[str]] = row.datasets or ()
        return ExternalApi(
            id=row.id, tenant_id=row.tenant_id, name=row.name, description=row.description, endpoint=row.endpoint,
            api_key=self._sealer.open(row.sealed_key), created_by=row.created_by, created_at=row.created_at,
            datasets=tuple((one[0], one[1]) for one in used),
        )
