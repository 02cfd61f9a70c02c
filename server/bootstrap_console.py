"""Builds what the console shows of everybody's conversations, logs, figures, exports, and of the instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.app.service import AppService
from server.app_log.export import FeedbackExport
from server.app_log.export_servicer import FeedbackServicer
from server.app_log.figures import FiguresService
from server.app_log.figures_servicer import StatisticsServicer
from server.app_log.service import LogService
from server.app_log.servicer import AppLogServicer
from server.app_log.wire import LogPrinter
from server.chat.service import ChatService
from server.conversation.asking import Asking
from server.conversation.messages import MessageService
from server.conversation.wire import MessagePrinter
from server.debugging.service import DebugService
from server.debugging.servicer import DebugServicer
from server.system_feature.servicer import SystemFeatureServicer
from transom.console.v1 import app_log_service_pb2 as log_pb2
from transom.console.v1 import app_log_service_pb2_grpc as log_grpc
from transom.console.v1 import debug_service_pb2 as debug_pb2
from transom.console.v1 import debug_service_pb2_grpc as debug_grpc
from transom.console.v1 import feedback_http_service_pb2 as feedback_pb2
from transom.console.v1 import feedback_http_service_pb2_grpc as feedback_grpc
from transom.console.v1 import statistics_service_pb2 as statistics_pb2
from transom.console.v1 import statistics_service_pb2_grpc as statistics_grpc
from transom.console.v1 import system_feature_service_pb2 as feature_pb2
from transom.console.v1 import system_feature_service_pb2_grpc as feature_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Files, Registry
    from server.bootstrap_runs import Workflows


def add_debugging(
    registry: Registry, core: Core, workflows: Workflows, apps: AppService, chat: ChatService, asking: Asking
) -> None:
    """Authors who try easy apps out."""
    stop = workflows.console.stop
    debug = DebugService(core.db, core.access, apps, chat, MessageService(core.db, core.uow), asking, stop)
    registry.add(DebugServicer(debug, core.runs), debug_pb2, debug_grpc, "DebugService", "DebugStreamService")


def add_logs(registry: Registry, core: Core, files: Files) -> None:
    """Logs of apps, figures about them, feedback as files; what the instance can do."""
    db, uow, add = core.db, core.uow, registry.add
    printer = LogPrinter(MessagePrinter(files.links.link, files.links.renewed))
    add(AppLogServicer(db, LogService(uow), printer), log_pb2, log_grpc, "AppLogService")
    add(StatisticsServicer(db, FiguresService(uow)), statistics_pb2, statistics_grpc, "StatisticsService")
    add(FeedbackServicer(FeedbackExport(db, uow)), feedback_pb2, feedback_grpc, "FeedbackService")
    add(SystemFeatureServicer(), feature_pb2, feature_grpc, "SystemFeatureService")
