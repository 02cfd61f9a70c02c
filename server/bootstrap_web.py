"""Builds the Web API: what visitors of published web apps call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.app_info.service import AppInfoService
from server.app_info.servicer import AppInfoServicer
from server.chat.again import MoreLikeThis
from server.chat.service import ChatService
from server.conversation.asking import Asking
from server.conversation.messages import MessageService
from server.conversation.service import ConversationService
from server.conversation.wire import MessagePrinter
from server.file.remote import RemoteUploads
from server.file.remote_servicer import RemoteFileServicer
from server.file.servicer import FileServicer
from server.limits.rates import Rates
from server.pages.servicer import PageServicer
from server.web.chat_servicer import WebChatServicer, WebCompletionServicer
from server.web.conversation_servicer import WebConversationServicer, WebMessageServicer
from server.web.form_servicer import WebFormServicer
from server.web.service import WebService
from server.web.servicer import PassportServicer, WebAppServicer
from server.web.workflow_servicer import WebWorkflowServicer
from transom.console.v1 import remote_file_service_pb2 as remote_pb2
from transom.console.v1 import remote_file_service_pb2_grpc as remote_grpc
from transom.web.v1 import page_http_service_pb2 as page_pb2
from transom.web.v1 import page_http_service_pb2_grpc as page_grpc
from transom.web.v1 import passport_service_pb2 as passport_pb2
from transom.web.v1 import passport_service_pb2_grpc as passport_grpc
from transom.web.v1 import web_chat_service_pb2 as web_chat_pb2
from transom.web.v1 import web_chat_service_pb2_grpc as web_chat_grpc
from transom.web.v1 import web_conversation_service_pb2 as web_talk_pb2
from transom.web.v1 import web_conversation_service_pb2_grpc as web_talk_grpc
from transom.web.v1 import web_file_http_service_pb2 as web_file_pb2
from transom.web.v1 import web_file_http_service_pb2_grpc as web_file_grpc
from transom.web.v1 import web_form_service_pb2 as web_form_pb2
from transom.web.v1 import web_form_service_pb2_grpc as web_form_grpc
from transom.web.v1 import web_remote_file_service_pb2 as web_remote_pb2
from transom.web.v1 import web_remote_file_service_pb2_grpc as web_remote_grpc
from transom.web.v1 import web_workflow_service_pb2 as web_flow_pb2
from transom.web.v1 import web_workflow_service_pb2_grpc as web_flow_grpc

if TYPE_CHECKING:
    from server.bootstrap import Core, Files, Registry
    from server.bootstrap_runs import Workflows


@dataclass(slots=True)
class WebNeeds:
    """What pages share with the Service API."""

    chat: ChatService
    conversations: ConversationService
    asking: Asking
    printer: MessagePrinter
    infos: AppInfoService
    infos_api: AppInfoServicer
    files_api: FileServicer
    workflows: Workflows


def add_web_api(registry: Registry, core: Core, files: Files, needs: WebNeeds) -> None:
    """The Web API."""
    db, uow, runs, add = core.db, core.uow, core.runs, registry.add
    add(PassportServicer(core.passports), passport_pb2, passport_grpc, "PassportService")
    add(
        WebAppServicer(db, needs.infos, needs.infos_api, files.links.link), passport_pb2, passport_grpc, "WebAppService"
    )
    chats = WebChatServicer(needs.chat, runs, needs.workflows.chatflows, needs.workflows.rejoin)
    add(chats, web_chat_pb2, web_chat_grpc, "WebChatService", "WebChatStreamService")
    completions = WebCompletionServicer(needs.chat, runs, MoreLikeThis(db, uow, needs.chat))
    add(completions, web_chat_pb2, web_chat_grpc, "WebCompletionService", "WebCompletionStreamService")
    add(
        WebConversationServicer(db, needs.conversations, needs.asking), web_talk_pb2, web_talk_grpc,
        "WebConversationService",
    )
    add(
        WebMessageServicer(db, MessageService(db, uow), WebService(uow), needs.asking, needs.printer), web_talk_pb2,
        web_talk_grpc, "WebMessageService",
    )
    flows = needs.workflows
    add(
        WebWorkflowServicer(flows.runs, runs, flows.rejoin, flows.queries), web_flow_pb2, web_flow_grpc,
        "WebWorkflowService",
    )
    add(PageServicer(core.passports), page_pb2, page_grpc, "PageService")
    add(needs.files_api, web_file_pb2, web_file_grpc, "WebFileService")
    rates = Rates(core.redis, 0, 0)
    forms = WebFormServicer(db, flows.forms, core.access, core.passports, needs.infos, rates, files.links.link)
    add(forms, web_form_pb2, web_form_grpc, "WebFormService")
    remotes = RemoteUploads(core.outbound, files.uploads, files.limits)
    remote_files = RemoteFileServicer(db, files.service, remotes, files.links)
    add(remote_files, web_remote_pb2, web_remote_grpc, "WebRemoteFileService")
    add(remote_files, remote_pb2, remote_grpc, "RemoteFileService")
