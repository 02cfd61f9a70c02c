"""Takes requests that start workflows: read as the node declares, answered before the run has done anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from server.access.service import app_context
from server.chat.files import kind_of
from server.db.bridge import Database
from server.db.engine import UowFactory
from server.engine.nodes.trigger_webhook import TriggerWebhookNode, WebhookRequest
from server.engine.values import File
from server.file.links import FileLinks
from server.file.model import FileHead, StoredFile
from server.file.multipart import Received
from server.file.service import FileService
from server.file.upload import Uploads
from server.kit.errors import AppError, not_found
from server.runs.run import Run
from server.trigger.body import Attached, Body, Check, parsed
from server.trigger.listening import Heard, Listening
from server.trigger.model import ENABLED, Webhook
from server.trigger.starting import TriggeredRuns
from server.trigger.store import TriggerStore
from server.workflow_run.plan import Version
from server.workflow_run.versions import Versions

log = logging.getLogger("transom.triggers")

_UNKNOWN = "Webhook not found"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came, but for its body."""

    method: str
    content_type: str
    headers: Mapping[str, str]
    query: Mapping[str, str]


class Webhooks:
    """Starts runs of requests."""

    def __init__(
        self, db: Database, uow: UowFactory, versions: Versions, triggered: TriggeredRuns, files: FileService,
        uploads: Uploads, links: FileLinks, check: Check, listening: Listening,
    ) -> None:
        self._db = db
        self._uow = uow
        self._versions = versions
        self._triggered = triggered
        self._files = files
        self._uploads = uploads
        self._links = links
        self._check = check
        self._listening = listening

    async def find(self, webhook_id: str, *, draft: bool) -> tuple[Webhook, Version, TriggerWebhookNode]:
        """What an address names, and what it would run. Raises not_found."""
        found = await self._db(self._find, webhook_id)
        if not draft and not found.is_open:
            raise not_found(_UNKNOWN)
        try:
            version = (
                await self._versions.draft(found.app.tenant_id, found.app.app_id) if draft
                else await self._versions.published(found.app)
            )  # fmt: skip
        except AppError as error:
            raise not_found(error.message or _UNKNOWN) from error
        node = version.graph.nodes.get(found.node_id)
        if node is None or not isinstance(node.node, TriggerWebhookNode):
            raise not_found(_UNKNOWN)
        return found, version, node.node

    def _find(self, webhook_id: str) -> Webhook:
        with self._uow() as uow:
            store = TriggerStore(uow)
            row = store.webhook(webhook_id)
            if row is None:
                raise not_found(_UNKNOWN)
            app = app_context(row, "")
            user_id = row.user_id or store.user(app)
            uow.commit()
        return Webhook(app, row.node_id, row.is_live and row.trigger_status == ENABLED, user_id)

    async def call(
        self, found: Webhook, version: Version, node: TriggerWebhookNode, asked: Asked, data: bytes
    ) -> tuple[int, Any]:
        """Start a run; status and JSON of the answer. Raises WebhookRequestError, too_many_requests."""
        body = await asyncio.to_thread(parsed, asked.content_type, data, self._check)
        # Nothing is kept of a request that is refused.
        node.read(_request(asked, body, {name: _value(file.head, len(file.data)) for name, file in body.files.items()}))
        kept = {name: await self._keep(found, file) for name, file in body.files.items()}
        inputs = node.read(_request(asked, body, kept))
        source = "debugging" if version.is_draft else "webhook"
        run = await self._triggered.start(found.app, found.user_id, version, found.node_id, inputs, source)
        if version.is_draft:
            await self._tell(found, run)
        return node.reply()

    async def _tell(self, found: Webhook, run: Run) -> None:
        """Tell whoever tries the draft; without Redis they find the run in the list of runs."""
        try:
            await self._listening.tell(found.app.app_id, found.node_id, Heard(run.key.task_id, found.user_id))
        except (RedisError, OSError) as error:
            log.warning("run %s: its author is not told: %s", run.key.task_id, error)

    async def _keep(self, found: Webhook, file: Attached) -> File:
        app = found.app

        async def record(received: Received, key: str) -> StoredFile:
            return await self._db(self._files.add, app, found.user_id, received, key)

        stored = await self._uploads.keep(app.tenant_id, file.head, file.data, record)
        return _value(file.head, stored.size, stored.id, self._links.link(stored.id))


def _request(asked: Asked, body: Body, files: Mapping[str, File]) -> WebhookRequest:
    value = files.get("", {**(body.value or {}), **files} if files else body.value)
    return WebhookRequest(asked.method, asked.content_type, asked.headers, asked.query, value)


def _value(head: FileHead, size: int, file_id: str = "", url: str = "") -> File:
    return File(
        type=kind_of(head.extension), transfer_method="local_file", name=head.name,
        extension=f".{head.extension}" if head.extension else "", mime_type=head.mime_type, size=size, id=file_id,
        url=url,
    )  # fmt: skip
