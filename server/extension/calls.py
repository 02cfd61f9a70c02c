"""Calls of extensions, over the one client that keeps away from our own network."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import orjson

from server.bus import Bus
from server.db.bridge import Database
from server.extension.model import TOPIC, Extension, ExtensionError
from server.extension.service import ExtensionService
from server.kit.cache import AsyncCache
from server.kit.ids import canonical, is_uuid
from server.kit.outbound import Outbound, OutboundError, Request, Timeouts

log = logging.getLogger("transom.extensions")

_KEPT_SECONDS = 10.0
# Dify's own limits: a connection, an answer.
_TIMEOUTS = Timeouts(connect=5.0, read=60.0, write=0.0)
_MOST_BYTES = 1024 * 1024
_SHOWN = 100


async def call(
    outbound: Outbound, endpoint: str, api_key: str, point: str, params: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The answer of an endpoint: a JSON object of at most 1 MiB. No redirect is followed: the key would go along.

    Raises ExtensionError.
    """
    headers = [("Content-Type", "application/json"), ("Authorization", f"Bearer {api_key}")]
    body = orjson.dumps({"point": point, "params": dict(params)}, default=str)
    request = Request("POST", endpoint, headers, body=body, timeouts=_TIMEOUTS, hops=0)
    began = time.monotonic()
    try:
        answer = await outbound.request(request, _MOST_BYTES)
    except OutboundError as error:
        raise ExtensionError(str(error)) from error
    finally:
        log.debug("%s took %.3f s", point, time.monotonic() - began)
    if answer.status != 200:
        shown = answer.body[:_SHOWN].decode("utf-8", "replace")
        raise ExtensionError(f"request error, status_code: {answer.status}, content: {shown}")
    try:
        said = orjson.loads(answer.body)
    except ValueError:
        raise ExtensionError("the answer is no JSON") from None
    if not isinstance(said, Mapping):
        raise ExtensionError("the answer is no JSON object")
    return said


class ExtensionCalls:
    """The extensions of workspaces as this process knows them; the bus tells of changes."""

    def __init__(self, db: Database, service: ExtensionService, outbound: Outbound, bus: Bus) -> None:
        self._db = db
        self._service = service
        self._outbound = outbound
        self._cache: AsyncCache[str, Extension] = AsyncCache(_KEPT_SECONDS)
        bus.on(TOPIC, self._cache.drop)

    async def ask(self, tenant_id: str, extension_id: str, point: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """What an extension of the workspace answers. Raises ExtensionError."""
        found = await self._found(tenant_id, extension_id)
        return await call(self._outbound, found.endpoint, found.api_key, point, params)

    async def _found(self, tenant_id: str, extension_id: str) -> Extension:
        if not is_uuid(extension_id):
            raise ExtensionError("api_based_extension_id is invalid")
        wanted = canonical(extension_id)

        async def load() -> Extension:
            found = await self._db(self._service.find, tenant_id, wanted)
            if found is None:
                raise ExtensionError("api_based_extension_id is invalid")
            return found

        found = self._cache.peek(wanted) or await self._cache.get(wanted, load)
        if found.tenant_id != tenant_id:
            raise ExtensionError("api_based_extension_id is invalid")
        return found
