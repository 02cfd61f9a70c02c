"""Changes of extensions: the endpoint is asked first, then the row is stored, then every process is told."""

from __future__ import annotations

from server.bus import Bus
from server.db.bridge import Database
from server.extension.calls import call
from server.extension.model import PING, TOPIC, Extension, ExtensionError, Fields
from server.extension.service import ExtensionService
from server.kit.caller import Caller
from server.kit.errors import invalid_param
from server.kit.outbound import Outbound


class ExtensionConsole:
    """What the console changes. An endpoint that does not answer a ping is an invalid_param."""

    def __init__(self, db: Database, service: ExtensionService, outbound: Outbound, bus: Bus) -> None:
        self._db = db
        self._service = service
        self._outbound = outbound
        self._bus = bus

    async def create(self, caller: Caller, fields: Fields) -> Extension:
        """Add one. Raises invalid_param."""
        await self._ping(fields)
        return await self._db(self._service.add, caller, fields)

    async def update(self, caller: Caller, extension_id: str, fields: Fields) -> Extension:
        """Replace one; ``[__HIDDEN__]`` keeps its key. Raises not_found, invalid_param."""
        known = await self._db(self._service.get, caller, extension_id)
        whole = fields.with_key(known.api_key)
        await self._ping(whole)
        changed = await self._db(self._service.replace, caller, known.id, whole)
        await self._bus.publish(TOPIC, known.id)
        return changed

    async def delete(self, caller: Caller, extension_id: str) -> None:
        """Forget one. Raises not_found."""
        await self._bus.publish(TOPIC, await self._db(self._service.delete, caller, extension_id))

    async def _ping(self, fields: Fields) -> None:
        try:
            said = await call(self._outbound, fields.endpoint, fields.api_key, PING, {})
        except ExtensionError as error:
            raise invalid_param(f"api_endpoint: connection error: {error}") from error
        if said.get("result") != "pong":
            raise invalid_param('api_endpoint: connection error: a ping is answered by {"result": "pong"}')
