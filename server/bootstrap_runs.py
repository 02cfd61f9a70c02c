"""Builds runs of workflows and joins them with the rest of the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.bootstrap_extension import Features, shown
from server.bootstrap_knowledge import Knowledge
from server.bootstrap_tools import Tools, build_tools
from server.chat.remote import RemoteFiles
from server.engine.ports import Ports
from server.sandbox.runner import Sandbox
from server.tools.http import GuardedHttp
from server.workflow_run.around import Around
from server.workflow_run.begin import Inputs
from server.workflow_run.chatflow import ChatflowService
from server.workflow_run.console import WorkflowConsole
from server.workflow_run.console_servicer import WorkflowConsoleServicer
from server.workflow_run.form_servicer import HumanInputServicer
from server.workflow_run.forms import Forms
from server.workflow_run.nested import NestedRuns
from server.workflow_run.ports_files import FlowFiles
from server.workflow_run.ports_knowledge import FlowKnowledge
from server.workflow_run.ports_memory import FlowMemory
from server.workflow_run.queries import WorkflowQueries
from server.workflow_run.rejoin import Rejoin
from server.workflow_run.runner import Namer, Runner
from server.workflow_run.service import WorkflowRunService
from server.workflow_run.servicer import WorkflowRunServicer
from server.workflow_run.versions import Versions
from transom.workflow.v1 import human_input_service_pb2 as form_pb2
from transom.workflow.v1 import human_input_service_pb2_grpc as form_grpc
from transom.workflow.v1 import workflow_console_service_pb2 as console_pb2
from transom.workflow.v1 import workflow_console_service_pb2_grpc as console_grpc
from transom.workflow.v1 import workflow_run_service_pb2 as run_pb2
from transom.workflow.v1 import workflow_run_service_pb2_grpc as run_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Files, Models, Registry

_MEBIBYTE = 1024 * 1024


@dataclass(slots=True)
class Workflows:
    """What runs workflows."""

    runs: WorkflowRunService
    chatflows: ChatflowService
    rejoin: Rejoin
    queries: WorkflowQueries
    forms: Forms
    console: WorkflowConsole
    tools: Tools
    versions: Versions
    runner: Runner


def build_ports(
    core: Core, models: Models, files: Files, knowledge: Knowledge, sandbox: Sandbox, tools: Tools
) -> Ports:
    """The world of nodes."""
    settings = core.settings
    http = GuardedHttp(core.outbound)
    flow_files = tools.registry.files = FlowFiles(
        core.db, files.service, files.storage, files.threads, files.uploads, http, files.links.link,
        settings.file_size_limit * _MEBIBYTE,
    )
    return Ports(
        models=models.runtime, code=sandbox, http=http, tools=tools.registry,
        knowledge=FlowKnowledge(knowledge.apps), files=flow_files, memory=FlowMemory(core.db, core.uow),
    )


def build_workflows(
    core: Core, models: Models, files: Files, knowledge: Knowledge, namer: Namer, sandbox: Sandbox, features: Features
) -> Workflows:
    """Everything between the engine and the API."""
    settings, db, uow, runs = core.settings, core.db, core.uow, core.runs
    tools = build_tools(core, sandbox)
    versions = Versions(core.workflows)
    inputs = Inputs(db, uow, files.links.link, RemoteFiles(core.outbound))
    ports = build_ports(core, models, files, knowledge, sandbox, tools)
    around = Around(features.moderation, features.annotations, runs)
    runner = Runner(db, uow, runs, ports, settings, namer, around, shown)
    workflows = WorkflowRunService(db, uow, runs, versions, inputs, runner, settings)
    tools.registry.workflows = NestedRuns(workflows, versions)
    chatflows = ChatflowService(db, uow, runs, versions, inputs, runner, settings)
    return Workflows(
        runs=workflows, chatflows=chatflows, rejoin=Rejoin(db, uow, runs), queries=WorkflowQueries(db, uow, runs),
        forms=Forms(db, uow, runs, versions, runner, inputs), tools=tools, versions=versions, runner=runner,
        console=WorkflowConsole(db, uow, runs, versions, workflows, chatflows, runner),
    )


def add_workflow_runs(registry: Registry, core: Core, workflows: Workflows) -> None:
    """Runs in the Service API and the console."""
    registry.add(
        WorkflowRunServicer(workflows.runs, core.runs, workflows.rejoin, workflows.queries),
        run_pb2, run_grpc, "WorkflowRunService", "WorkflowRunStreamService",
    )
    registry.add(
        WorkflowConsoleServicer(core.db, workflows.console, core.runs),
        console_pb2, console_grpc, "WorkflowConsoleService",
    )
    registry.add(HumanInputServicer(workflows.forms), form_pb2, form_grpc, "HumanInputService")
    core.runs.spawn(workflows.forms.watch(), "look after paused runs")
