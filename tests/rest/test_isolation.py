"""A tenant, app or end user cannot observe another, not even that it exists (G6), through Envoy.

Every id field of every RPC is sent someone else's id. The reply must be the reply for an id that
nobody has, and nothing may change. The fields are read from the descriptors; a field that looks
like an id and has no rule fails the test.
"""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
import pytest
import sqlalchemy as sa
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from gateway.contract import Binding
from tests.harness.product import Product, Workspace
from tests.rest.calls import BINDINGS, LATER, Field, policy_of, request_fields, rest, with_value
from tests.rest.parties import (
    ANNOTATION_REPLY,
    COMPATIBLE,
    INSIDE,
    MAKERS,
    OPENAI,
    PAGE,
    PNG,
    WORKFLOW,
    WORKFLOW_FILE,
    OtherWorkspace,
    Party,
    Workplace,
    database,
    mode_of,
    rows_about,
)
from transom.common.v1 import options_pb2

_LOOKS_LIKE_AN_ID = re.compile(r"(^|[._])(id|ids|uuid|uuids)$")
# Fields that look like ids and name nothing that someone owns, each with its reason.
NOT_OWNED: Mapping[str, str] = {
    "SendChatMessageRequest.trace_id": "the caller's own text, passed to tracing",
    "SendCompletionMessageRequest.trace_id": "the caller's own text, passed to tracing",
    "SendChatMessageRequest.workflow_id": "a chatflow's; test_chatflows.py",
    "RunWorkflowRequest.trace_id": "the caller's own text, passed to tracing",
    "RunWorkflowVersionRequest.trace_id": "the caller's own text, passed to tracing",
    "ListWorkflowLogsRequest.created_by_end_user_session_id": "a filter over the app's own log",
    **{
        f"{request}.node_id": "a node in the app's own graph"
        for request in (
            "ListDraftNodeVariablesRequest", "DeleteDraftNodeVariablesRequest", "RunDraftNodeRequest",
            "GetNodeLastRunRequest", "GetTriggerWebhookRequest", "StreamDraftContainerRequest", "RunDraftTriggerRequest",
        )
    },
    "RunDraftTriggersRequest.node_ids": "nodes in the app's own graph",
    "CallWebhookRequest.webhook_id": "the address is the right to call",
    "CallDebugWebhookRequest.webhook_id": "the address is the right to call",
    "ListAppLogsRequest.created_by_end_user_session_id": "a filter over the app's own log",
    "StreamDraftChatRequest.conversation_id": "the author's own; test_workflow_console.py",
    "StreamDraftChatRequest.parent_message_id": "of that conversation; test_workflow_console.py",
    "ListWorkflowsRequest.user_id": "a filter over the app's own versions",
    "ReadSignedFileRequest.file_id": "the signature stands for the right to read; test_file_links",
    "ListAppsRequest.tag_ids": "a filter; test_tags_of_another_workspace_filter_like_unknown_ones",
    "ConfirmImportRequest.import_id": "test_import_of_another_workspace_is_unknown",
    "ListAuditLogsRequest.account_id": "a filter over the workspace's own log",
    "CheckActivationRequest.workspace_id": "the token says which it is; test_members.py",
    "ActivateRequest.workspace_id": "the token says which it is; test_members.py",
    "GetAccountPageRequest.workspace_id": "the page reads it itself",
    "SwitchWorkspaceRequest.tenant_id": "test_foreign_workspace_is_entered_by_nobody",
    "GetPassportRequest.user_id": "the page's own text",
    "GetLoginStatusRequest.user_id": "the page's own text",
    "GetAccessModeRequest.app_id": "every page is public: the answer is the same for all",
    "GetPermissionRequest.app_id": "every page is public: the answer is the same for all",
    "ListDatasetsRequest.tag_ids": "a filter over the workspace's own datasets",
    "ListDatasetsRequest.ids": "a filter over the workspace's own datasets",
    "CreateDatasetRequest.external_knowledge_id": "an id in the external source",
    "UpdateDatasetRequest.external_knowledge_id": "an id in the external source",
    **{
        f"{request}.process_rule.rules.pre_processing_rules.id": "the name of a rule"
        for request in (
            "CreateDocumentByTextRequest", "EstimateIndexingRequest", "KnowledgeConfig", "UpdateDocumentByTextRequest",
        )
    },
}  # fmt: skip
# What a field names where the proto does not say it.
RESOURCES: Mapping[str, str] = {
    "BindTagsRequest.tag_ids": "tag", "UnbindTagsRequest.tag_ids": "tag", "UnbindTagsRequest.tag_id": "tag",
    "BindConsoleTagsRequest.tag_ids": "tag", "UnbindConsoleTagRequest.tag_id": "tag",
    "CreateDatasetRequest.external_knowledge_api_id": "external_api",
    "UpdateDatasetRequest.external_knowledge_api_id": "external_api",
    "UpdateDatasetRequest.partial_member_list.user_id": "account",
    "UpdateDocumentsStatusRequest.document_id": "document", "UpdateDocumentsStatusRequest.document_ids": "document",
    "DeleteDocumentsRequest.document_id": "document", "RetryDocumentsRequest.document_ids": "document",
    "DownloadDocumentsZipRequest.document_ids": "document",
    "UpdateDocumentsMetadataRequest.operation_data.document_id": "document",
    "UpdateDocumentsMetadataRequest.operation_data.metadata_list.id": "metadata",
    "DeleteSegmentsRequest.segment_id": "segment", "SwitchSegmentsRequest.segment_id": "segment",
    "CreateSegmentsRequest.segments.attachment_ids": "file", "CreateSegmentRequest.attachment_ids": "file",
    "UpdateSegmentRequest.segment.attachment_ids": "file", "UpdateSegmentRequest.attachment_ids": "file",
    "RetrieveSegmentsRequest.attachment_ids": "file",
    "KnowledgeConfig.data_source.info_list.file_info_list.file_ids": "upload",
    "EstimateIndexingRequest.info_list.file_info_list.file_ids": "upload",
}  # fmt: skip
_FILES = {"info_list": {"data_source_type": "upload_file"}}
_KNOWLEDGE = {
    "data_source": _FILES, "indexing_technique": "economy", "process_rule": {"mode": "automatic"},
    "doc_form": "text_model",
}  # fmt: skip
_TRIED_OUT = {"model": {"provider": COMPATIBLE, "name": "gpt-4o-mini", "mode": "chat", "completion_params": {}}}
# What else a valid call carries; that it is valid is proven with the caller's own ids.
VALUES: Mapping[str, Mapping[str, Any]] = {
    "SendChatMessage": {"inputs": {}, "query": "again"},
    "StreamChatMessage": {"inputs": {}, "query": "again", "response_mode": "streaming"},
    "RunWorkflowVersion": {"inputs": {}},
    "StreamDraftRun": {"inputs": {}},
    "SubmitHumanInputForm": {"inputs": {"said": "x"}, "action": "ok"},
    "RunDraftNode": {"node_id": "start", "inputs": {}},
    "GetNodeLastRun": {"node_id": "start"},
    "StreamDraftChat": {"query": "q"},
    "StreamDraftIteration": {"node_id": "each"},
    "StreamDraftLoop": {"node_id": "count"},
    "RunDraftTrigger": {"node_id": "hook"},
    "RunDraftTriggers": {"node_ids": ["hook"]},
    "EnableTrigger": {"enable_trigger": False},
    "GetTriggerWebhook": {"node_id": "hook"},
    "StreamWorkflowVersion": {"inputs": {}, "response_mode": "streaming"},
    "RenameConversation": {"name": "stolen"},
    "SendWebChatMessage": {"inputs": {}, "query": "again"},
    "StreamWebChatMessage": {"inputs": {}, "query": "again", "response_mode": "streaming"},
    "RenameWebConversation": {"name": "stolen"},
    "SubmitWebFeedback": {"rating": "like"},
    "UpdateConversationVariable": {"value": "stolen"},
    "SubmitMessageFeedback": {"rating": "like"},
    "CreateDataset": {"provider": "external", "external_knowledge_id": "k"},
    "UpdateDataset": {"description": "stolen"},
    "CreateMetadata": {"type": "string", "name": "stolen"},
    "UpdateMetadata": {"name": "stolen"},
    "SwitchBuiltInMetadata": {"action": "enable"},
    "UpdateDocumentsMetadata": {
        "operation_data": [{"metadata_list": [{"name": "colour", "value": "stolen"}]}],
    },
    "CreateDocumentByText": {
        "name": "n", "text": "stolen", "indexing_technique": "economy", "process_rule": {"mode": "automatic"},
    },
    "CreateDocumentByFile": {
        "data": {"indexing_technique": "economy", "process_rule": {"mode": "automatic"}},
    },
    "UpdateDocumentByText": {"name": "n", "text": "stolen"},
    "UpdateDocumentsStatus": {"action": "disable"},
    "RetrieveSegments": {"query": "text"},
    "CreateSegments": {"segments": [{"content": "stolen"}]},
    "SegmentService.UpdateSegment": {"segment": {"content": "stolen"}},
    "CreateChildChunk": {"content": "stolen"},
    "UpdateChildChunk": {"content": "stolen"},
    "InitDataset": _KNOWLEDGE,
    "CreateDocuments": _KNOWLEDGE,
    "EstimateIndexing": {**_FILES, "process_rule": {"mode": "automatic"}, "indexing_technique": "economy"},
    "SwitchDatasetApi": {"action": "disable"},
    "ControlProcessing": {"action": "pause"},
    "RenameDocument": {"name": "stolen"},
    "CreateSegment": {"content": "stolen"},
    "UpdateSegment": {"content": "stolen"},
    "SwitchSegments": {"action": "disable"},
    "HitTest": {"query": "text"},
    "UpdateExternalApi": {"name": "stolen", "settings": {"endpoint": "https://stolen.example", "api_key": "k"}},
    "CreateExternalDataset": {"external_knowledge_id": "k"},
    "UpdateApiBasedExtension": {"name": "stolen", "api_endpoint": "https://stolen.example", "api_key": "stolen"},
    "UpdateMcpProvider": {"name": "stolen", "server_url": "[__HIDDEN__]", "server_identifier": "stolen"},
    "CreateWorkflowTool": {"name": "stolen", "label": "stolen"},
    "UpdateWorkflowTool": {"name": "stolen", "label": "stolen"},
    "UpdateAnnotation": {"question": "stolen", "answer": "stolen"},
    "GetAnnotationReplyJob": {"action": "enable"},
    "CreateAppAnnotation": {"question": "stolen", "answer": "stolen"},
    "UpdateAppAnnotation": {"question": "stolen", "answer": "stolen"},
    "SubmitAdminFeedback": {"rating": "like"}, "UpdateAnnotationSetting": {"score_threshold": 0.5},
    "SendMoreLikeThis": {"response_mode": "blocking"}, "StreamMoreLikeThis": {"response_mode": "streaming"},
    **{
        name: {"inputs": {}, "query": "q", "model_config": _TRIED_OUT, **mode}
        for name, mode in (
            ("SendDebugChatMessage", {}), ("StreamDebugChatMessage", {"response_mode": "streaming"}),
            ("SendDebugCompletionMessage", {}), ("StreamDebugCompletionMessage", {"response_mode": "streaming"}),
        )
    },
    "SwitchAppAnnotationReply": {"action": "enable", **ANNOTATION_REPLY},
    "GetAppAnnotationReplyJob": {"action": "enable"},
    "UpdateMemberRole": {"role": "editor"},
    "UpdateTag": {"name": "stolen"},
    "UpdateConsoleTag": {"name": "taken away"},
    "BindConsoleTags": {"type": "knowledge"},
    "UnbindConsoleTag": {"type": "knowledge", "tag_id": str(uuid.uuid4())},
    "SyncDraftWorkflow": {"graph": {"nodes": [], "edges": []}, "features": {}},
    "ListDraftNodeVariables": {"node_id": "n"},
    "DeleteDraftNodeVariables": {"node_id": "n"},
    "UpdateDraftFeatures": {"features": {}},
    "UpdateWorkflow": {"marked_name": "stolen"},
    "UpdateDraftVariable": {"value": "stolen"},
    "GetDefaultBlockConfig": {"block_type": "llm"},
    "UpdateApp": {"name": "stolen"}, "RenameApp": {"name": "stolen"}, "SetAppIcon": {"icon": "x"},
    "UpdateSite": {"title": "stolen"},
    "SetSiteEnabled": {"enable_site": False},
    "SetApiEnabled": {"enable_api": False},
    "GetProviderCredential": {"provider": OPENAI},
    "DeleteProviderCredential": {"provider": OPENAI},
    "SwitchProviderCredential": {"provider": OPENAI},
    "GetModelCredential": {"provider": COMPATIBLE, "model": "owned", "model_type": "llm"},
    "DeleteModelCredential": {"provider": COMPATIBLE, "model": "owned", "model_type": "llm"},
}
# Ids that a call cannot do without, besides those in its path.
NEEDED = {
    "conversation_id", "message_id", "document_id", "document_ids", "segment_id", "target_id", "trigger_id", "tag_ids", "operation_data.document_id", "operation_data.metadata_list.id",
    "data_source.info_list.file_info_list.file_ids", "info_list.file_info_list.file_ids",
}  # fmt: skip
# Refusals that are documented to be no 404: (RPC, field) -> status.
OTHER_STATUS: Mapping[tuple[str, str], int] = {
    ("ListConversationVariables", "last_id"): 400,  # service-api.md 5.4
    **{  # dataset-api.md 2.2: "api template not found"
        (name, "external_knowledge_api_id"): 400 for name in ("CreateDataset", "CreateExternalDataset", "UpdateDataset")
    },
    ("UpdateDocumentsMetadata", "operation_data.document_id"): 400,  # dataset-api.md 7
    ("UpdateDocumentsMetadata", "operation_data.metadata_list.id"): 400,  # dataset-api.md 7
    # No embedding model sees images, whoever's they are.
    ("RetrieveSegments", "attachment_ids"): 400, ("HitTest", "attachment_ids"): 400,
    **{(name, "job_id"): 400 for name in ("GetAnnotationReplyJob", "GetAppAnnotationReplyJob", "GetAnnotationImport")},  # service-api.md 10.7
    # console-api.md section 9: uncaught value errors.
    ("GetAgentLog", "conversation_id"): 400, ("GetAgentLog", "message_id"): 400,
    ("ImportApp", "app_id"): 400,  # console-api.md section 6: the status is in the body
}
# Ids that are left alone without a word, besides those that the contract marks so: dataset-api.md 7.
SILENT = {
    ("BindTags", "tag_ids"), ("UnbindTags", "tag_ids"), ("UnbindTags", "tag_id"), ("UpdateDocumentsStatus", "document_ids"),
    ("BindConsoleTags", "tag_ids"), ("UnbindConsoleTag", "tag_id"),
    ("UpdateDocumentsStatus", "document_id"),
    ("CreateSegments", "segments.attachment_ids"), ("CreateSegment", "attachment_ids"),
    ("UpdateSegment", "segment.attachment_ids"), ("UpdateSegment", "attachment_ids"),
    ("UpdateDataset", "partial_member_list.user_id"),
}  # fmt: skip
# Fields that a request shares with others and that this call does not read: (RPC, field) -> why.
UNREAD: Mapping[tuple[str, str], str] = {
    ("InitDataset", "dataset_id"): "the dataset is made by the call",
    ("InitDataset", "original_document_id"): "a new dataset has no document to replace",
    ("EstimateIndexing", "dataset_id"): "an estimate reads the files alone",
    ("UpdateDataset", "external_knowledge_api_id"): "of datasets whose knowledge lives elsewhere",
}
# Only a document that is being indexed can be paused, and no worker runs here; a new address is called before it is
# stored.
# Apps of workflow mode are no chatflows, a node that nobody ran has no last run (test_workflow_console.py), and these
# have no webhook node (test_triggers.py), no iteration and no loop.
NOT_MINE_EITHER = {
    ("ImportAnnotations", "app_id"),  # the file that is sent is no CSV; test_annotation_files.py
    ("StreamDraftChat", "app_id"), ("GetNodeLastRun", "app_id"), ("GetTriggerWebhook", "app_id"),
    ("StreamDraftIteration", "app_id"), ("StreamDraftLoop", "app_id"), ("RunDraftTrigger", "app_id"),
    ("RunDraftTriggers", "app_id"),
    ("ControlProcessing", "dataset_id"), ("ControlProcessing", "document_id"),
    ("UpdateExternalApi", "api_id"), ("UpdateApiBasedExtension", "extension_id"), ("AuthorizeMcpProvider", "provider_id"), ("RefreshMcpProvider", "provider_id"),
    ("CreateWorkflowTool", "workflow_app_id"), ("UpdateWorkflowTool", "workflow_tool_id"),
    ("GetWorkflowTool", "workflow_app_id"),
    ("RetrieveSegments", "attachment_ids"), ("HitTest", "attachment_ids"),  # no embedding model sees images
    ("ConvertTextToAudio", "message_id"), ("ConvertWebTextToAudio", "message_id"),  # test_audio.py has a voice
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """An id field of a call, and who sends someone else's id."""

    binding: Binding
    field: Field
    foreigner: str

    def __str__(self) -> str:
        return f"{self.binding.method.name}-{self.binding.verb}-{self.field.path}-{self.foreigner}"

    @property
    def name(self) -> str:
        """The RPC."""
        return str(self.binding.method.name)

    @property
    def mode(self) -> str:
        """The mode of the app that is called."""
        return mode_of(self.binding)


def _resource(binding: Binding, field: Field) -> str:
    return RESOURCES.get(f"{binding.method.input_type.name}.{field.path}", str(field.wire.resource))


def _owned(binding: Binding) -> list[Field]:
    return [field for field in request_fields(binding) if _resource(binding, field)]


def _foreigners(binding: Binding, resource: str = "") -> list[str]:
    """Who may not see a thing of the owner: depends on what an RPC is bound to."""
    policy = policy_of(binding)
    if policy.auth == options_pb2.AUTH_PASSPORT:
        return ["stranger", "sibling", "neighbour"]
    if policy.auth != options_pb2.AUTH_APP_KEY:
        return ["stranger"]
    of_user = policy.end_user != options_pb2.END_USER_UNSPECIFIED and resource not in {"workflow_version", "form_token"}
    return ["stranger", "sibling", *(["neighbour"] if of_user else [])]


def _cases() -> Iterator[Case]:
    for binding in BINDINGS:
        for field in _owned(binding):
            if (str(binding.method.name), field.path) in UNREAD:
                continue
            for foreigner in _foreigners(binding, _resource(binding, field)):
                yield Case(binding, field, foreigner)


CASES = list(_cases())


@pytest.fixture(scope="module")
def parties(product: Product, workspace: Workspace, model_url: str) -> dict[str, Party]:
    """The owner; another end user, another app and another workspace, each with things of their own.

    ``workspace`` sets the instance up; nobody here is in it.
    """
    home = OtherWorkspace(product, model_url)
    here, sibling = Workplace(home, model_url), Workplace(home, model_url)
    there = Workplace(OtherWorkspace(product, model_url), model_url)
    return {
        "owner": Party(here, here.apps, "alice"), "neighbour": Party(here, here.apps, "bob"),
        "sibling": Party(sibling, sibling.apps, "alice"), "stranger": Party(there, there.apps, "alice"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def connection(product: Product) -> Iterator[sa.Connection]:
    """A look at the product's database."""
    with database(product) as found:
        yield found.execution_options(isolation_level="AUTOCOMMIT")


def _values(case: Case, party: Party, ids: Mapping[str, str]) -> dict[str, Any]:
    """A valid call of a party about things with these ids."""
    service = case.binding.service.rpartition(".")[2]
    values = copy.deepcopy(dict(VALUES.get(f"{service}.{case.name}", VALUES.get(case.name, {}))))
    if case.name == "UpdateProviderCredential":
        values |= {"provider": OPENAI, "credentials": party.provider_form}
    if case.name == "UpdateModelCredential":
        values |= {"provider": COMPATIBLE, "model": "owned", "model_type": "llm", "credentials": party.model_form}
    if case.name == "UpdateModelConfig":
        values["model_config"] = {"model": {"provider": COMPATIBLE, "name": "gpt-4o-mini", "completion_params": {}}}
    if case.name == "ImportApp":
        values |= {"mode": "yaml-content", "yaml_content": WORKFLOW_FILE}
    if case.name in {"CreateDataset", "CreateExternalDataset"}:
        values["name"] = str(uuid.uuid4())
    if case.field.path.startswith("partial_member_list"):
        values["permission"] = "partial_members"
    for field in _owned(case.binding):
        if field == case.field or field.path in {*case.binding.variables, *NEEDED}:
            values = with_value(values, field, ids[_resource(case.binding, field)])
    if "user" in case.binding.method.input_type.fields_by_name:
        values["user"] = party.user
    return {**values, **_of_draft(case, party, ids)}


def _of_draft(case: Case, party: Party, ids: Mapping[str, str]) -> dict[str, Any]:
    """What a save of a draft says about the draft as it is."""
    if case.name != "SyncDraftWorkflow":
        return {}
    draft = party.client("AUTH_ACCOUNT", WORKFLOW).get(f"/console/api/apps/{ids['app']}/workflows/draft")
    return {"hash": draft.json()["hash"]}


def _send(binding: Binding, party: Party, values: Mapping[str, Any]) -> httpx.Response:
    """Status and text of a call; of a stream only what came first."""
    verb, path, sent = rest(binding, values)
    auth = options_pb2.Auth.Name(policy_of(binding).auth)
    with party.client(auth, mode_of(binding)).stream(verb, path, **sent) as reply:
        if reply.headers.get("content-type", "").startswith("text/event-stream"):
            return httpx.Response(reply.status_code, text=next(reply.iter_text(), ""))
        reply.read()
        return reply


def _kinds(case: Case) -> set[str]:
    kinds = {_resource(case.binding, field) for field in _owned(case.binding)}
    return kinds | {above for kind in kinds for above in INSIDE.get(kind, ())}


def test_every_field_that_looks_like_an_id_has_a_rule() -> None:
    without = {
        f"{binding.method.input_type.name}.{field.path}"
        for binding in BINDINGS
        for field in request_fields(binding)
        if _LOOKS_LIKE_AN_ID.search(field.path) and not _resource(binding, field)
    }
    assert without == set(NOT_OWNED), "declare (wire).resource in the proto, or say here why nobody owns it"


def test_every_kind_of_resource_can_be_made_here() -> None:
    kinds = {_resource(binding, field) for binding in BINDINGS for field in _owned(binding)}
    assert kinds == set(MAKERS)


def test_services_without_a_test_are_not_offered(product: Product) -> None:
    with grpc.insecure_channel(product.url.removeprefix("http://")) as channel:
        offered = set(ProtoReflectionDescriptorDatabase(channel).get_services())
    assert not offered & set(LATER), "take it off tests/rest/calls.py LATER, and make its resources in parties.py"
    assert {binding.service for binding in BINDINGS} <= offered


def test_silent_fields_are_those_that_the_reference_names() -> None:
    silent = {(case.name, case.field.path) for case in CASES if case.field.wire.foreign_is_silent}
    assert silent == {
        ("StopChatMessage", "task_id"), ("StopCompletionMessage", "task_id"), ("StopWebChatMessage", "task_id"),
        ("StopWebCompletionMessage", "task_id"), ("UnpinConversation", "conversation_id"),
        ("ListSavedMessages", "last_id"), ("DeleteSavedMessage", "message_id"), ("StopWorkflowTask", "task_id"),
        ("StopWebWorkflowTask", "task_id"),
        ("StopWorkflowRunTask", "task_id"), ("DeleteAppAnnotations", "annotation_id"), ("ListUsage", "app_id"),
        ("ListLoggedVariables", "conversation_id"), ("StopDebugChatMessage", "task_id"),
        ("StopDebugCompletionMessage", "task_id"),
    }  # fmt: skip


OWN = [
    case for case in CASES if case.foreigner == "stranger" and (case.name, case.field.path) not in NOT_MINE_EITHER
]  # fmt: skip


@pytest.mark.parametrize("case", OWN, ids=str)
def test_call_about_own_things_succeeds(case: Case, parties: Mapping[str, Party]) -> None:
    """The other half of the proof: the calls below fail for the id alone."""
    party = parties["stranger"]
    reply = _send(case.binding, party, _values(case, party, party.things(case.mode, _kinds(case))))
    assert reply.is_success, reply.text


@pytest.mark.parametrize("case", CASES, ids=str)
def test_foreign_id_is_answered_like_an_unknown_one(
    case: Case, parties: Mapping[str, Party], connection: sa.Connection
) -> None:
    owner, foreigner = parties["owner"], parties[case.foreigner]
    kinds = _kinds(case)
    foreign = owner.kept(case.mode, kinds)[_resource(case.binding, case.field)]
    own = _values(case, foreigner, foreigner.kept(case.mode, kinds))
    unknown = str(uuid.uuid4())
    before = rows_about(connection, foreign)
    refused, nobodys = (_send(case.binding, foreigner, with_value(own, case.field, id_)) for id_ in (foreign, unknown))
    after = rows_about(connection, foreign)
    assert before, "the test names a thing that does not exist"
    assert after == before, "a stranger changed it"
    assert refused.status_code == nobodys.status_code
    assert _body(refused, foreign) == _body(nobodys, unknown)
    if case.field.wire.foreign_is_silent or (case.name, case.field.path) in SILENT:
        assert refused.is_success
    else:
        assert refused.status_code == OTHER_STATUS.get((case.name, case.field.path), 404), refused.text


def _body(reply: httpx.Response, sent: str) -> str:
    """The body without the id that was sent, and without ids, numbers and hashes made for this very reply."""
    plain = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", reply.text.replace(sent, "<sent>"))
    return re.sub(r"\b\d+\b", "<number>", plain)


# Ids that no field of the contract declares, and lists that name none


@pytest.mark.parametrize("foreigner", ["neighbour", "sibling", "stranger"])
def test_upload_of_someone_else_cannot_be_sent_along(foreigner: str, parties: Mapping[str, Party]) -> None:
    file = parties["owner"].things("chat", {"file"})["file"]
    party = parties[foreigner]
    replies = [
        party.apps["chat"].send(
            user=party.user, files=[{"type": "image", "transfer_method": "local_file", "upload_file_id": id_}]
        )
        for id_ in (file, str(uuid.uuid4()))
    ]
    assert {(reply.status_code, reply.json()["message"]) for reply in replies} == {(400, "Invalid upload file")}


def test_picture_of_another_workspace_gets_no_link(parties: Mapping[str, Party]) -> None:
    owner, stranger = parties["owner"], parties["stranger"]
    icon = {"icon_type": "image", "icon": owner.things("chat", {"file"})["file"]}
    for party, is_linked in ((owner, True), (stranger, False)):
        console = party.place.workspace.console
        made = party.place.workspace.ok(console.post("/console/api/apps", json={"name": "a", "mode": "chat", **icon}))
        app = party.place.workspace.ok(console.get(f"/console/api/apps/{made['id']}"))
        assert [bool(app["icon_url"]), bool(app["site"]["icon_url"])] == [is_linked, is_linked]
        key = party.place.workspace.ok(console.post(f"/console/api/apps/{made['id']}/api-keys"))["token"]
        site = console.get("/v1/site", headers={"Authorization": f"Bearer {key}"}).json()
        assert bool(site["icon_url"]) == is_linked


def test_file_links_are_bound_to_one_file(parties: Mapping[str, Party], product: Product) -> None:
    stranger, owner = parties["stranger"], parties["owner"]
    upload = {"file": ("dot.png", PNG, "image/png")}
    mine = stranger.apps["chat"].http.post("/v1/files/upload", files=upload, data={"user": "alice"}).json()
    theirs = owner.things("chat", {"file"})["file"]
    assert httpx.get(mine["source_url"]).content == PNG
    for id_ in (theirs, str(uuid.uuid4())):
        reply = httpx.get(mine["source_url"].replace(mine["id"], id_))
        assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


def test_import_of_another_workspace_is_unknown(parties: Mapping[str, Party]) -> None:
    newer = WORKFLOW_FILE.replace('version: "0.5.0"', 'version: "99.0.0"')
    body = {"mode": "yaml-content", "yaml_content": newer}
    waiting = parties["owner"].place.workspace.console.post("/console/api/apps/imports", json=body)
    assert (waiting.status_code, waiting.json()["status"]) == (202, "pending")
    replies = [
        parties["stranger"].place.workspace.console.post(f"/console/api/apps/imports/{id_}/confirm", json={})
        for id_ in (waiting.json()["id"], str(uuid.uuid4()))
    ]
    assert {(reply.status_code, reply.json()["status"], reply.json()["error"]) for reply in replies} == {
        (400, "failed", replies[1].json()["error"])
    }
    mine = parties["owner"].place.workspace.console.post(
        f"/console/api/apps/imports/{waiting.json()['id']}/confirm", json={}
    )
    assert mine.json()["status"].startswith("completed")


def test_foreign_workspace_is_entered_by_nobody(parties: Mapping[str, Party]) -> None:
    theirs = parties["owner"].place.workspace.ok(
        parties["owner"].place.workspace.console.post("/console/api/workspaces/current", json={})
    )["id"]
    console = parties["stranger"].place.workspace.console
    replies = [
        console.post("/console/api/workspaces/switch", json={"tenant_id": id_}) for id_ in (theirs, str(uuid.uuid4()))
    ]
    assert {(reply.status_code, reply.text) for reply in replies} == {(403, replies[1].text)}
    assert replies[1].json()["code"] == "account_not_link_tenant"


def test_tags_of_another_workspace_filter_like_unknown_ones(parties: Mapping[str, Party], product: Product) -> None:
    from server.db.tables import apps, tag_bindings, tags

    theirs = parties["owner"].things("chat", {"app"})["app"]
    tag = str(uuid.uuid4())
    with database(product) as connection:
        tenant = connection.execute(sa.select(apps.c.tenant_id).where(apps.c.id == theirs)).scalar_one()
        connection.execute(sa.insert(tags).values(id=tag, tenant_id=tenant, type="app", name=tag))
        connection.execute(
            sa.insert(tag_bindings).values(id=str(uuid.uuid4()), tenant_id=tenant, tag_id=tag, target_id=theirs)
        )
        connection.commit()
    query = {"tag_ids": tag}
    found = parties["owner"].place.workspace.console.get("/console/api/apps", params=query).json()
    assert [app["id"] for app in found["data"]] == [theirs]
    assert parties["stranger"].place.workspace.console.get("/console/api/apps", params=query).json()["data"] == []


def test_api_of_another_workspace_is_unknown_by_its_name(parties: Mapping[str, Party]) -> None:
    operation = {"servers": [{"url": "https://api.example"}], "paths": {"/a": {"get": {"operationId": "a"}}}}
    body = {"provider": "theirs", "schema": json.dumps(operation), "credentials": {"auth_type": "none"}}
    owner, stranger = (parties[name].place.workspace.console for name in ("owner", "stranger"))
    api = "/console/api/workspaces/current/tool-provider/api"
    assert owner.post(f"{api}/add", json=body).is_success
    for path in ("get", "tools"):
        assert owner.get(f"{api}/{path}", params={"provider": "theirs"}).is_success
        assert stranger.get(f"{api}/{path}", params={"provider": "theirs"}).status_code == 404
    for path in ("update", "delete"):
        assert stranger.post(f"{api}/{path}", json=body).status_code == 404
    assert owner.get(f"{api}/get", params={"provider": "theirs"}).json()["schema"] == body["schema"]
    assert owner.post(f"{api}/delete", json=body).is_success


# Only apps that have a workflow have these.
_OF_DRAFTS = {"debug_run", "debug_task"}
# Calls that ask for one thing by a name or address in their query.
_NO_LISTS = {"GetApiProvider", "ListApiTools", "FetchApiSchema"}
_LISTS = [
    (binding, foreigner)
    for binding in BINDINGS
    if binding.verb == "GET" and not binding.variables and not _owned(binding)
    if binding.method.name not in _NO_LISTS
    if policy_of(binding).auth != options_pb2.AUTH_NONE
    for foreigner in _foreigners(binding)
]


@pytest.mark.parametrize(
    ("binding", "foreigner"), _LISTS, ids=lambda value: value if isinstance(value, str) else value.method.name
)
def test_list_names_nothing_of_someone_else(binding: Binding, foreigner: str, parties: Mapping[str, Party]) -> None:
    owner, party = parties["owner"], parties[foreigner]
    theirs = set(owner.kept("chat", set(MAKERS) - _OF_DRAFTS).values())
    theirs |= set(owner.kept(WORKFLOW, {"app", *_OF_DRAFTS}).values())
    if mode_of(binding).startswith(PAGE):
        theirs |= set(owner.kept(mode_of(binding), {"conversation", "message", "file"}).values())
    values = {"model_type": "llm"} if "model_type" in binding.method.input_type.fields_by_name else {}
    reply = _send(binding, party, {**values, "user": party.user})
    assert reply.is_success, reply.text
    assert not [id_ for id_ in theirs if id_ in reply.text]
