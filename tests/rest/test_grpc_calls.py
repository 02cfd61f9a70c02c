"""The product over native gRPC and gRPC-Web, on the port that serves REST: typed messages, typed events, typed errors."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.struct_pb2 import Struct
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from gateway.gen import GENERATED
from tests.harness.product import App, Product, Workspace
from tests.harness.stores import wait_until
from transom.app.v1 import app_info_service_pb2, app_info_service_pb2_grpc
from transom.chat.v1 import chat_pb2, chat_service_pb2_grpc
from transom.conversation.v1 import (
    conversation_service_pb2,
    conversation_service_pb2_grpc,
    message_service_pb2,
    message_service_pb2_grpc,
)
from transom.file.v1 import file_http_service_pb2_grpc
from transom.run.v1.event_pb2 import MessageEnd, RunEvent

TOKENS = "".join(f"tok{at} " for at in range(10))
SECONDS = 30
# Declared ahead of their servers; a line leaves with the part that serves it.
NOT_SERVED_YET = ("transom.dataset.v1.", "transom.console.v1.DatasetConsole", "transom.console.v1.ExternalKnowledge")
Metadata = Sequence[tuple[str, str]]


@pytest.fixture(scope="module")
def channel(product: Product) -> Iterator[grpc.Channel]:
    """A channel with a client's defaults."""
    with grpc.insecure_channel(urlsplit(product.url).netloc) as opened:
        yield opened


@pytest.fixture(scope="module")
def app(workspace: Workspace) -> App:
    return workspace.app()


@pytest.fixture(scope="module")
def paced(workspace: Workspace) -> App:
    return workspace.app(model="grpc-paced@tokens=60,delay=50")


def key(app: App) -> Metadata:
    """The metadata that names the app."""
    return [("authorization", f"Bearer {app.key}")]


def question(user: str, query: str = "hello", **fields: Any) -> chat_pb2.SendChatMessageRequest:
    """A chat message."""
    return chat_pb2.SendChatMessageRequest(inputs=Struct(), query=query, user=user, **fields)


def kinds(events: Sequence[RunEvent]) -> list[str | None]:
    """What happened."""
    return [event.WhichOneof("body") for event in events]


def spoken(events: Sequence[RunEvent]) -> str:
    """The answer."""
    return "".join(event.message.answer for event in events if event.WhichOneof("body") == "message")


# --- chat


def test_blocking_answer_is_typed(channel: grpc.Channel, app: App) -> None:
    answer = chat_service_pb2_grpc.ChatServiceStub(channel).SendChatMessage(
        question("typed"), metadata=key(app), timeout=SECONDS
    )
    assert (answer.event, answer.mode, answer.answer) == ("message", "chat", TOKENS)
    assert answer.id == answer.message_id == str(uuid.UUID(answer.message_id))
    assert answer.metadata.usage.completion_tokens == 10
    assert answer.metadata.usage.currency == "USD"


def test_streamed_answer_is_numbered_typed_events(channel: grpc.Channel, app: App) -> None:
    stub = chat_service_pb2_grpc.ChatStreamServiceStub(channel)
    events = list(stub.StreamChatMessage(question("events"), metadata=key(app), timeout=SECONDS))
    assert kinds(events) == ["message"] * 10 + ["message_end"]
    assert [event.sequence for event in events] == list(range(1, 12))
    assert spoken(events) == TOKENS
    assert len({(event.task_id, event.message_id, event.conversation_id, event.created_at) for event in events}) == 1
    assert events[-1].message_end.outcome == MessageEnd.OUTCOME_SUCCEEDED
    assert events[-1].message_end.metadata.usage.completion_tokens == 10
    assert all(first.time_ms <= second.time_ms for first, second in zip(events, events[1:], strict=False))


def test_conversation_goes_on_between_grpc_and_rest(channel: grpc.Channel, app: App) -> None:
    stub = chat_service_pb2_grpc.ChatServiceStub(channel)
    first = stub.SendChatMessage(question("both"), metadata=key(app), timeout=SECONDS)
    second = app.send("and now", user="both", conversation_id=first.conversation_id).json()
    assert second["conversation_id"] == first.conversation_id
    page = message_service_pb2_grpc.MessageServiceStub(channel).ListMessages(
        message_service_pb2.ListMessagesRequest(conversation_id=first.conversation_id, user="both"),
        metadata=key(app), timeout=SECONDS,
    )
    assert [message.query for message in page.data] == ["hello", "and now"]


def test_resume_continues_after_the_last_event_seen(channel: grpc.Channel, paced: App) -> None:
    stream = chat_service_pb2_grpc.ChatStreamServiceStub(channel).StreamChatMessage(
        question("resume"), metadata=key(paced), timeout=SECONDS
    )
    seen = [next(stream) for _ in range(5)]
    stream.cancel()
    stub = chat_service_pb2_grpc.ChatServiceStub(channel)
    request = chat_pb2.ResumeMessageRequest(task_id=seen[0].task_id, user="resume", after_sequence=5)
    rest = [
        event for event in stub.ResumeChatMessage(request, metadata=key(paced), timeout=SECONDS)
        if event.WhichOneof("body") != "ping"
    ]  # fmt: skip
    assert [event.sequence for event in (*seen, *rest)] == list(range(1, 62))
    assert spoken([*seen, *rest]) == "".join(f"tok{at} " for at in range(60))


def test_stop_ends_the_stream_and_says_so(channel: grpc.Channel, paced: App) -> None:
    stream = chat_service_pb2_grpc.ChatStreamServiceStub(channel).StreamChatMessage(
        question("stop"), metadata=key(paced), timeout=SECONDS
    )
    first = next(stream)
    done = chat_service_pb2_grpc.ChatServiceStub(channel).StopChatMessage(
        chat_pb2.StopMessageRequest(task_id=first.task_id, user="stop"), metadata=key(paced), timeout=SECONDS
    )
    rest = list(stream)
    assert done.result == "success"
    assert rest[-1].message_end.outcome == MessageEnd.OUTCOME_STOPPED
    assert 0 < rest[-1].message_end.metadata.usage.completion_tokens < 60


def test_deadline_of_a_caller_does_not_end_the_run(channel: grpc.Channel, paced: App) -> None:
    # 60 tokens, 50 ms apart, take 3 s.
    with pytest.raises(grpc.RpcError) as caught:
        chat_service_pb2_grpc.ChatServiceStub(channel).SendChatMessage(
            question("hurried"), metadata=key(paced), timeout=1.5
        )
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    listing = conversation_service_pb2.ListConversationsRequest(user="hurried")
    stub = conversation_service_pb2_grpc.ConversationServiceStub(channel)
    (conversation,) = stub.ListConversations(listing, metadata=key(paced), timeout=SECONDS).data

    def stored() -> str:
        page = message_service_pb2_grpc.MessageServiceStub(channel).ListMessages(
            message_service_pb2.ListMessagesRequest(conversation_id=conversation.id, user="hurried"),
            metadata=key(paced), timeout=SECONDS,
        )
        return page.data[0].answer.strip()

    wait_until(lambda: stored() == "".join(f"tok{at} " for at in range(60)).strip(), "the whole answer is stored", every=0.1)


def test_model_fault_is_an_event_of_an_open_stream(channel: grpc.Channel, workspace: Workspace) -> None:
    faulty = workspace.app(model="grpc-faulty@cut=3,skip=1")
    stub = chat_service_pb2_grpc.ChatStreamServiceStub(channel)
    events = list(stub.StreamChatMessage(question("fault"), metadata=key(faulty), timeout=SECONDS))
    assert kinds(events)[-1] == "error"
    assert (events[-1].error.code, events[-1].error.status) == ("completion_request_error", 400)
    assert events[-1].error.message


def test_file_is_uploaded_and_read_as_bytes(channel: grpc.Channel, app: App) -> None:
    body = (
        b'--b\r\ncontent-disposition: form-data; name="user"\r\n\r\nuploader\r\n'
        b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\n'
        + b"x" * 100_000 + b"\r\n--b--\r\n"
    )
    pieces = [HttpBody(data=body[at : at + 30_000]) for at in range(0, len(body), 30_000)]
    pieces[0].content_type = "multipart/form-data; boundary=b"
    stub = file_http_service_pb2_grpc.FileServiceStub(channel)
    made = stub.UploadFile(iter(pieces), metadata=key(app), timeout=SECONDS)
    assert (made.name, made.size, made.extension, made.mime_type) == ("a.txt", 100_000, "txt", "text/plain")
    assert httpx.get(made.source_url).content == b"x" * 100_000


# --- errors


def error(call: Any, request: Any, metadata: Metadata | None) -> tuple[grpc.RpcError, status_pb2.Status]:
    """How a call fails, with the details it carries."""
    with pytest.raises(grpc.RpcError) as caught:
        answer = call(request, metadata=metadata, timeout=SECONDS)
        list(answer if isinstance(answer, grpc.Call) and hasattr(answer, "__next__") else [])
    trailers = dict(caught.value.trailing_metadata())
    return caught.value, status_pb2.Status.FromString(trailers["grpc-status-details-bin"])


def info(status: status_pb2.Status) -> error_details_pb2.ErrorInfo:
    """The reason among the details."""
    found = error_details_pb2.ErrorInfo()
    (packed,) = [one for one in status.details if one.Is(found.DESCRIPTOR)]
    packed.Unpack(found)
    return found


UNKNOWN = str(uuid.uuid4())


@pytest.mark.parametrize(
    ("request_", "metadata", "code", "reason", "message"),
    [
        (question("u"), None, grpc.StatusCode.UNAUTHENTICATED, "UNAUTHORIZED", "Authorization header must be provided"),
        (question("u"), [("authorization", "Bearer app-no")], grpc.StatusCode.UNAUTHENTICATED, "UNAUTHORIZED", "Access token is invalid"),
        (question(""), "app", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PARAM", "Arg user must be provided."),
        (question("u", ""), "app", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PARAM", "query"),
        (question("u", conversation_id="x"), "app", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PARAM", "conversation_id"),
        (question("u", conversation_id=UNKNOWN), "app", grpc.StatusCode.NOT_FOUND, "NOT_FOUND", "Conversation Not Exists."),
        (question("u"), "completion", grpc.StatusCode.FAILED_PRECONDITION, "NOT_CHAT_APP", "app mode matches"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("streaming", [False, True])
def test_error_carries_its_reason(
    channel: grpc.Channel, app: App, workspace: Workspace, request_: Any, metadata: Any, code: grpc.StatusCode,
    reason: str, message: str, streaming: bool,
) -> None:
    if isinstance(metadata, str):
        metadata = key(app if metadata == "app" else workspace.app("completion"))
    call = (
        chat_service_pb2_grpc.ChatStreamServiceStub(channel).StreamChatMessage if streaming
        else chat_service_pb2_grpc.ChatServiceStub(channel).SendChatMessage
    )
    failure, status = error(call, request_, metadata)
    assert failure.code() == code
    assert message in failure.details()
    assert (status.code, status.message) == (code.value[0], failure.details())
    assert (info(status).reason, info(status).domain) == (reason, "transom")
    # What is only for the gateway stays away from native callers.
    assert not {"x-http-status", "x-error-body"} & {name for name, _ in failure.trailing_metadata()}


def test_provider_fault_of_a_blocking_call_carries_its_reason(channel: grpc.Channel, workspace: Workspace) -> None:
    faulty = workspace.app(model="grpc-quota@error=quota,skip=1")
    failure, status = error(
        chat_service_pb2_grpc.ChatServiceStub(channel).SendChatMessage, question("u"), key(faulty)
    )
    assert failure.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert info(status).reason == "PROVIDER_QUOTA_EXCEEDED"


def test_upload_error_carries_its_reason(channel: grpc.Channel, app: App) -> None:
    call = file_http_service_pb2_grpc.FileServiceStub(channel).UploadFile
    failure, status = error(call, iter([HttpBody(content_type="text/plain", data=b"x")]), key(app))
    assert (failure.code(), info(status).reason) == (grpc.StatusCode.INVALID_ARGUMENT, "NO_FILE_UPLOADED")


def test_undecodable_request_is_an_invalid_argument(channel: grpc.Channel, app: App) -> None:
    call = channel.unary_unary("/transom.chat.v1.ChatService/SendChatMessage")
    failure, status = error(call, b"\xff\xff\xff", key(app))
    assert (failure.code(), info(status).reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST")


def test_forged_rest_metadata_does_not_change_the_answer(channel: grpc.Channel, app: App) -> None:
    forged = [*key(app), ("x-envoy-original-path", "/v1/info"), ("x-envoy-original-method", "GET")]
    stub = app_info_service_pb2_grpc.AppInfoServiceStub(channel)
    answer = stub.GetInfo(app_info_service_pb2.GetInfoRequest(), metadata=forged, timeout=SECONDS)
    assert (answer.name, answer.mode) == ("a chat", "chat")


# --- reflection and health


def reflected(channel: grpc.Channel, **asked: str) -> Any:
    """One answer of the reflection service."""
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    (answer,) = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(**asked)]), timeout=SECONDS)
    return answer


def declared() -> set[str]:
    """Every service of the contract."""
    every = FileDescriptorSet.FromString((GENERATED / "transom.binpb").read_bytes())
    return {f"{file.package}.{service.name}" for file in every.file for service in file.service}


def test_reflection_lists_all_services_that_are_served(channel: grpc.Channel) -> None:
    listed = {service.name for service in reflected(channel, list_services="").list_services_response.service}
    assert listed <= declared() | {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    for service in listed:
        answer = reflected(channel, file_containing_symbol=service)
        assert answer.file_descriptor_response.file_descriptor_proto, service


def test_reflection_and_contract_name_the_same_services(channel: grpc.Channel) -> None:
    listed = {service.name for service in reflected(channel, list_services="").list_services_response.service}
    assert [name for name in declared() - listed if not name.startswith(NOT_SERVED_YET)] == []


def test_reflection_describes_rpcs_with_their_rest_rules(channel: grpc.Channel) -> None:
    answer = reflected(channel, file_containing_symbol="transom.chat.v1.ChatService")
    file = FileDescriptorProto.FromString(answer.file_descriptor_response.file_descriptor_proto[0])
    (service,) = [one for one in file.service if one.name == "ChatService"]
    assert {"SendChatMessage", "StopChatMessage", "ResumeChatMessage"} <= {method.name for method in service.method}
    assert b"/v1/chat-messages" in service.SerializeToString()


def test_health_is_serving(channel: grpc.Channel) -> None:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


# --- gRPC-Web


def web(app: App, rpc: str, request: Any, *, kind: str = "application/grpc-web+proto") -> httpx.Response:
    """One gRPC-Web call."""
    data = request.SerializeToString()
    return app.http.post(
        rpc, content=struct.pack(">BI", 0, len(data)) + data,
        headers={"content-type": kind, "x-grpc-web": "1", "origin": "https://page.example"},
    )


def frames(body: bytes) -> tuple[list[bytes], dict[str, str]]:
    """Messages and trailers."""
    messages, trailers = [], {}
    while body:
        flag, size = struct.unpack(">BI", body[:5])
        data, body = body[5 : 5 + size], body[5 + size :]
        if flag & 0x80:
            trailers = dict(line.split(":", 1) for line in data.decode().strip().split("\r\n"))
        else:
            messages.append(data)
    return messages, trailers


def test_grpc_web_answers_a_blocking_call(app: App) -> None:
    reply = web(app, "/transom.chat.v1.ChatService/SendChatMessage", question("web"))
    (message,), trailers = frames(reply.content)
    assert reply.headers["access-control-allow-origin"] == "https://page.example"
    assert chat_pb2.SendChatMessageResponse.FromString(message).answer == TOKENS
    assert trailers["grpc-status"] == "0"


def test_grpc_web_streams_typed_events(app: App) -> None:
    reply = web(app, "/transom.chat.v1.ChatStreamService/StreamChatMessage", question("web events"))
    messages, trailers = frames(reply.content)
    events = [RunEvent.FromString(message) for message in messages]
    assert kinds(events) == ["message"] * 10 + ["message_end"]
    assert spoken(events) == TOKENS
    assert trailers["grpc-status"] == "0"


def test_grpc_web_error_carries_its_reason(app: App) -> None:
    reply = web(app, "/transom.chat.v1.ChatService/SendChatMessage", question(""))
    said = {**reply.headers, **frames(reply.content)[1]}
    assert (reply.status_code, said["grpc-status"], said["grpc-message"]) == (200, "3", "Arg user must be provided.")
    assert said["grpc-status-details-bin"]
