"""Builds webhooks and schedules, which start workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.trigger.draft import DraftTriggers
from server.trigger.listening import Listening
from server.trigger.schedules import Schedules
from server.trigger.service import TriggerService
from server.trigger.servicer import TriggerServicer, WebhookServicer
from server.trigger.starting import TriggeredRuns
from server.trigger.webhooks import Webhooks
from transom.workflow.v1 import trigger_service_pb2 as trigger_pb2
from transom.workflow.v1 import trigger_service_pb2_grpc as trigger_grpc
from transom.workflow.v1 import webhook_http_service_pb2 as webhook_pb2
from transom.workflow.v1 import webhook_http_service_pb2_grpc as webhook_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Files, Registry
    from server.bootstrap_runs import Workflows


def add_triggers(registry: Registry, core: Core, files: Files, workflows: Workflows) -> None:
    """Take requests, look at schedules, show both in the console."""
    triggered = TriggeredRuns(core.db, core.uow, core.runs, workflows.runner, core.settings)
    listening = Listening(core.redis)
    webhooks = Webhooks(
        core.db, core.uow, workflows.versions, triggered, files.service, files.uploads, files.links, files.limits.head,
        listening,
    )
    drafts = DraftTriggers(
        core.db, core.uow, core.runs, workflows.versions, triggered, listening, workflows.rejoin
    )
    registry.add(WebhookServicer(webhooks), webhook_pb2, webhook_grpc, "WebhookService")
    console = TriggerServicer(core.db, TriggerService(core.uow), drafts, core.settings.public_url)
    registry.add(console, trigger_pb2, trigger_grpc, "TriggerService")
    schedules = Schedules(core.db, core.uow, core.runs, workflows.versions, triggered)
    core.runs.spawn(schedules.run(), "look at the schedules")
