"""The RPCs of triggers: requests from elsewhere, and the console's rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from google.api.httpbody_pb2 import HttpBody

from server.db.bridge import Database
from server.edge.call import Call, caller, current_call
from server.engine.nodes.trigger_webhook import WebhookRequestError
from server.kit.errors import bad_request, invalid_param
from server.kit.plain import clean_text
from server.trigger.body import received
from server.trigger.draft import DraftTriggers
from server.trigger.model import Trigger
from server.trigger.service import TriggerService
from server.trigger.webhooks import Asked, Webhooks
from transom.run.v1.event_pb2 import RunEvent, TriggerWaiting
from transom.workflow.v1 import trigger_service_pb2 as pb
from transom.workflow.v1 import trigger_service_pb2_grpc as rpc
from transom.workflow.v1 import webhook_http_service_pb2 as hook_pb
from transom.workflow.v1 import webhook_http_service_pb2_grpc as hook_rpc

_JSON = "application/json"
# What the gateway and gRPC say to each other.
_INTERNAL = ("x-envoy-", "x-rest-", "grpc-", ":")
_NOT_THEIRS = frozenset({"te", "content-type"})

# Milliseconds after which whoever waits for a trigger asks again.
_WAITING = TriggerWaiting(status="waiting", retry_in=2000)

Events = AsyncIterator[list[RunEvent] | HttpBody]
Pieces = AsyncIterator[hook_pb.CallWebhookRequest | hook_pb.CallDebugWebhookRequest | None]


class WebhookServicer(hook_rpc.WebhookServiceServicer):
    """Requests that start workflows."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def CallWebhook(self, request_iterator: Pieces, context: Any) -> HttpBody:
        """Start a run of the published workflow."""
        return await self._call(request_iterator, draft=False)

    async def CallDebugWebhook(self, request_iterator: Pieces, context: Any) -> HttpBody:
        """Start a run of the draft."""
        return await self._call(request_iterator, draft=True)

    async def _call(self, pieces: Pieces, *, draft: bool) -> HttpBody:
        call = current_call()
        first = await anext(aiter(pieces), None)
        if first is None:
            raise bad_request("The request is not valid.")
        found, version, node = await self._webhooks.find(first.webhook_id, draft=draft)
        data = await received(_data(first, pieces))
        try:
            status, shown = await self._webhooks.call(found, version, node, _asked(call, first), data)
        except WebhookRequestError as error:
            if not call.rest:
                raise bad_request(str(error)) from error
            status, shown = 400, {"error": "Bad Request", "message": str(error)}
        call.status = status
        return HttpBody(content_type=_JSON, data=orjson.dumps(shown))


async def _data(first: Any, rest: Pieces) -> AsyncIterator[bytes]:
    yield first.content.data
    async for piece in rest:
        if piece is None:
            raise bad_request("The request is not valid.")
        yield piece.content.data


def _asked(call: Call, first: Any) -> Asked:
    """The request as its sender made it; a native call is a POST."""
    metadata = call.metadata
    method = metadata.get("x-rest-method") or metadata.get("x-envoy-original-method") or "POST"
    content_type = metadata.get("x-rest-content-type") or first.content.content_type
    headers = {
        name: clean_text(value) for name, value in metadata.items()
        if not name.startswith(_INTERNAL) and name not in _NOT_THEIRS
    }  # fmt: skip
    if content_type:
        headers["content-type"] = content_type
    # The gateway's own reading of a query leaves out what has no value, and the brackets of lists.
    query_text = metadata.get("x-rest-query") or call.path.partition("?")[2]
    pairs = parse_qsl(query_text, keep_blank_values=True)
    # Of several of one name the first counts.
    query = {clean_text(name): clean_text(value) for name, value in reversed(pairs)}
    return Asked(method, content_type, headers, query)


class TriggerServicer(rpc.TriggerServiceServicer):
    """Triggers in the console."""

    def __init__(self, db: Database, triggers: TriggerService, drafts: DraftTriggers, public_url: str) -> None:
        self._db = db
        self._triggers = triggers
        self._drafts = drafts
        self._place = f"{public_url.rstrip('/')}/triggers"

    async def ListTriggers(self, request: pb.ListTriggersRequest, context: Any) -> pb.ListTriggersResponse:
        """The triggers of an app."""
        found = await self._db(self._triggers.listed, caller(), request.app_id)
        return pb.ListTriggersResponse(data=[_trigger(one) for one in found])

    async def EnableTrigger(self, request: pb.EnableTriggerRequest, context: Any) -> pb.Trigger:
        """Switch one on or off."""
        if not request.HasField("enable_trigger"):
            raise invalid_param("enable_trigger is required")
        return _trigger(
            await self._db(
                self._triggers.switch, caller(), request.app_id, request.trigger_id, enable=request.enable_trigger
            )
        )

    async def GetTriggerWebhook(self, request: pb.GetTriggerWebhookRequest, context: Any) -> pb.TriggerWebhook:
        """Where to send requests."""
        found = await self._db(self._triggers.webhook, caller(), request.app_id, request.node_id)
        return pb.TriggerWebhook(
            id=found.id, webhook_id=found.webhook_id or "", webhook_url=f"{self._place}/webhook/{found.webhook_id}",
            webhook_debug_url=f"{self._place}/webhook-debug/{found.webhook_id}", node_id=found.node_id,
            created_at=found.created_at.isoformat(),
        )  # fmt: skip


    def RunDraftTrigger(self, request: pb.RunDraftTriggerRequest, context: Any) -> Events:
        """What a trigger of the draft has started."""
        return self._started(request.app_id, [request.node_id] if request.node_id else [])

    def RunDraftTriggers(self, request: pb.RunDraftTriggersRequest, context: Any) -> Events:
        """What the first of some triggers of the draft has started."""
        return self._started(request.app_id, request.node_ids)

    async def _started(self, app_id: str, node_ids: Sequence[str]) -> Events:
        batches = await self._drafts.ask(caller(), app_id, node_ids)
        if batches is not None:
            yield []
            async for batch in batches:
                yield batch
        elif current_call().rest:
            shown = {"status": _WAITING.status, "retry_in": _WAITING.retry_in}
            yield HttpBody(content_type=_JSON, data=orjson.dumps(shown))
        else:
            yield [RunEvent(trigger_waiting=_WAITING)]


def _trigger(found: Trigger) -> pb.Trigger:
    return pb.Trigger(
        id=found.id, trigger_type=found.type, title=found.title, node_id=found.node_id, provider_name="", icon="",
        status=found.status, created_at=found.created_at.isoformat(), updated_at=found.updated_at.isoformat(),
        next_run_at=_shown(found.due_at),
    )  # fmt: skip


def _shown(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
