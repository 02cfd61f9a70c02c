"""Published Dify clients, unchanged, against the product: Dify's own `dify-client` and the typed `dify-oapi2`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import pytest
import requests
from dify_client import ChatClient, CompletionClient, DifyClient
from dify_oapi.api.chat.v1.model.chat_request import ChatRequest
from dify_oapi.api.chat.v1.model.chat_request_body import ChatRequestBody
from dify_oapi.api.chat.v1.model.delete_conversation_request import DeleteConversationRequest
from dify_oapi.api.chat.v1.model.delete_conversation_request_body import DeleteConversationRequestBody
from dify_oapi.api.chat.v1.model.get_conversation_list_request import GetConversationsListRequest
from dify_oapi.api.chat.v1.model.get_conversation_variables_request import GetConversationVariablesRequest
from dify_oapi.api.chat.v1.model.get_suggested_questions_request import GetSuggestedQuestionsRequest
from dify_oapi.api.chat.v1.model.message_history_request import GetMessageHistoryRequest
from dify_oapi.api.chat.v1.model.rename_conversation_request import RenameConversationRequest
from dify_oapi.api.chat.v1.model.rename_conversation_request_body import RenameConversationRequestBody
from dify_oapi.api.chat.v1.model.stop_chat_request import StopChatRequest
from dify_oapi.api.chat.v1.model.stop_chat_request_body import StopChatRequestBody
from dify_oapi.api.completion.v1.model.completion.send_message_request import SendMessageRequest
from dify_oapi.api.completion.v1.model.completion.send_message_request_body import SendMessageRequestBody
from dify_oapi.api.dify.v1.model.get_feedbacks_request import GetFeedbacksRequest
from dify_oapi.api.dify.v1.model.get_info_request import GetInfoRequest
from dify_oapi.api.dify.v1.model.get_meta_request import GetMetaRequest
from dify_oapi.api.dify.v1.model.get_parameters_request import GetParametersRequest
from dify_oapi.api.dify.v1.model.get_site_request import GetSiteRequest
from dify_oapi.api.dify.v1.model.submit_feedback_request import SubmitFeedbackRequest
from dify_oapi.api.dify.v1.model.submit_feedback_request_body import SubmitFeedbackRequestBody
from dify_oapi.api.dify.v1.model.upload_file_body import UploadFileBody
from dify_oapi.api.dify.v1.model.upload_file_request import UploadFileRequest
from dify_oapi.client import Client
from dify_oapi.core.model.request_option import RequestOption

from tests.harness.product import App, Workspace
from tests.harness.stores import wait_until

AnyClient = TypeVar("AnyClient", bound=DifyClient)
TOKENS = "".join(f"tok{at} " for at in range(10))
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64
UPLOADS = {
    "enabled": True, "allowed_file_types": ["image"], "allowed_file_upload_methods": ["local_file"], "number_limits": 2,
    "image": {"enabled": True, "number_limits": 2, "transfer_methods": ["local_file"]},
}  # fmt: skip
FORM = [{"paragraph": {"label": "Topic", "variable": "topic", "required": True, "default": ""}}]


@pytest.fixture(scope="module")
def chat_app(workspace: Workspace) -> App:
    return workspace.app(
        opening_statement="Hello", file_upload=UPLOADS, suggested_questions_after_answer={"enabled": True}
    )


@pytest.fixture(scope="module")
def completion_app(workspace: Workspace) -> App:
    return workspace.app("completion", pre_prompt="Write of {{topic}}", user_input_form=FORM)


@pytest.fixture(scope="module")
def slow_app(workspace: Workspace) -> App:
    return workspace.app(model="sdk-paced@tokens=200,delay=50")


def events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Events as the clients' documentation says to read them: what follows `data:` on each line."""
    for line in lines:
        if line.startswith("data:"):
            yield json.loads(line.removeprefix("data:"))


def text(items: Iterable[dict[str, Any]]) -> str:
    """The streamed answer."""
    return "".join(item["answer"] for item in items if item["event"] == "message")


# --- dify-client


def pointed(client: AnyClient, app: App) -> AnyClient:
    """A client of the product instead of Dify's cloud."""
    client.base_url = str(app.http.base_url.join("/v1"))
    return client


def good(reply: requests.Response) -> Any:
    """The JSON of a good reply."""
    assert reply.ok, reply.text
    return reply.json()


@pytest.fixture
def chat(chat_app: App) -> ChatClient:
    return pointed(ChatClient(chat_app.key), chat_app)


def test_dify_client_chats_in_one_conversation(chat: ChatClient) -> None:
    first = good(chat.create_chat_message({}, "hello", "sdk", "blocking"))
    assert (first["answer"], first["mode"]) == (TOKENS, "chat")
    second = good(chat.create_chat_message({}, "again", "sdk", "blocking", first["conversation_id"]))
    assert second["conversation_id"] == first["conversation_id"]
    page = good(chat.get_conversation_messages("sdk", first["conversation_id"], limit=1))
    assert (page["has_more"], [message["query"] for message in page["data"]]) == (True, ["again"])
    older = good(chat.get_conversation_messages("sdk", first["conversation_id"], first_id=page["data"][0]["id"]))
    assert [message["query"] for message in older["data"]] == ["hello"]


def test_dify_client_streams_a_chat(chat: ChatClient) -> None:
    reply = chat.create_chat_message({}, "hello", "sdk", "streaming")
    assert reply.status_code == 200
    found = list(events(reply.iter_lines(decode_unicode=True)))
    assert text(found) == TOKENS
    assert found[-1]["event"] == "message_end"


def test_dify_client_lists_and_renames_conversations(chat: ChatClient) -> None:
    made = good(chat.create_chat_message({}, "hello", "sdk-list", "blocking"))
    listed = good(chat.get_conversations("sdk-list", limit=5))
    assert [item["id"] for item in listed["data"]] == [made["conversation_id"]]
    renamed = good(chat.rename_conversation(made["conversation_id"], "A better name", "sdk-list"))
    assert renamed["name"] == "A better name"
    assert good(chat.get_conversations("sdk-list"))["data"][0]["name"] == "A better name"


def test_dify_client_rates_a_message(chat: ChatClient) -> None:
    made = good(chat.create_chat_message({}, "hello", "sdk-rate", "blocking"))
    for rating, kept in (("like", {"rating": "like"}), ("dislike", {"rating": "dislike"}), (None, None)):
        assert good(chat.message_feedback(made["id"], rating, "sdk-rate")) == {"result": "success"}
        page = good(chat.get_conversation_messages("sdk-rate", made["conversation_id"]))
        assert page["data"][0]["feedback"] == kept


def test_dify_client_reads_parameters(chat: ChatClient) -> None:
    found = good(chat.get_application_parameters("sdk"))
    assert found["opening_statement"] == "Hello"
    assert found["suggested_questions_after_answer"] == {"enabled": True}


def test_dify_client_uploads_and_sends_a_file(chat: ChatClient) -> None:
    made = good(chat.file_upload("sdk", {"file": ("dot.png", io.BytesIO(PNG), "image/png")}))
    file = {"type": "image", "transfer_method": "local_file", "upload_file_id": made["id"]}
    sent = good(chat.create_chat_message({}, "look", "sdk", "blocking", files=[file]))
    page = good(chat.get_conversation_messages("sdk", sent["conversation_id"]))
    assert page["data"][0]["message_files"][0]["upload_file_id"] == made["id"]


@pytest.mark.parametrize("mode", ["blocking", "streaming"])
def test_dify_client_completes(completion_app: App, mode: str) -> None:
    client = pointed(CompletionClient(completion_app.key), completion_app)
    reply = client.create_completion_message({"topic": "the sea"}, mode, "sdk")
    if mode == "blocking":
        assert good(reply)["answer"] == TOKENS
    else:
        assert text(events(reply.iter_lines(decode_unicode=True))) == TOKENS


def test_dify_client_sees_errors_as_dify_sends_them(chat_app: App, chat: ChatClient) -> None:
    assert pointed(ChatClient("app-wrong"), chat_app).get_conversations("sdk").status_code == 401
    missing = chat.get_conversation_messages("sdk", "00000000-0000-4000-8000-000000000000")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    empty = chat.create_chat_message({}, "", "sdk", "streaming")
    assert (empty.status_code, empty.json()["code"]) == (400, "invalid_param")


# --- dify-oapi2


@pytest.fixture(scope="module")
def client(chat_app: App) -> Client:
    return Client.builder().domain(str(chat_app.http.base_url).rstrip("/")).build()


def option(app: App) -> RequestOption:
    """The key of a call."""
    return RequestOption.builder().api_key(app.key).build()


def message(query: str, user: str, mode: Any = "blocking") -> ChatRequest:
    """A chat request."""
    body = ChatRequestBody.builder().query(query).inputs({}).user(user).response_mode(mode).build()
    return ChatRequest.builder().request_body(body).build()


def streamed(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Events of a byte stream."""
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + chunk.decode()).split("\n")
        yield from events(lines)


def test_dify_oapi_chats_and_reads_the_conversation(client: Client, chat_app: App) -> None:
    key = option(chat_app)
    made = client.chat.v1.chat.chat(message("hello", "oapi"), key)
    assert made.success
    assert (made.answer, made.mode, made.event) == (TOKENS, "chat", "message")
    assert made.metadata is not None and made.metadata.usage is not None
    assert made.metadata.usage.completion_tokens == 10
    talks = client.chat.v1.conversation
    history = GetMessageHistoryRequest.builder().conversation_id(made.conversation_id or "").user("oapi").build()
    assert [item.query for item in talks.history(history, key).data or ()] == ["hello"]
    listing = GetConversationsListRequest.builder().user("oapi").limit(5).sort_by("-updated_at").build()
    assert [item.id for item in talks.list(listing, key).data or ()] == [made.conversation_id]
    asked = GetConversationVariablesRequest.builder().conversation_id(made.conversation_id or "").user("oapi").build()
    assert talks.variables(asked, key).data == []
    renaming = RenameConversationRequestBody.builder().name("Mine").user("oapi").build()
    renamed = talks.rename(
        RenameConversationRequest.builder().conversation_id(made.conversation_id or "").request_body(renaming).build(), key
    )
    assert renamed.id == made.conversation_id
    assert [item.name for item in talks.list(listing, key).data or ()] == ["Mine"]
    deleting = DeleteConversationRequestBody.builder().user("oapi").build()
    gone = talks.delete(
        DeleteConversationRequest.builder().conversation_id(made.conversation_id or "").request_body(deleting).build(), key
    )
    assert gone.success
    assert talks.list(listing, key).data == []


def test_dify_oapi_streams_a_chat(client: Client, chat_app: App) -> None:
    found = list(streamed(client.chat.v1.chat.chat(message("hello", "oapi", "streaming"), option(chat_app), stream=True)))
    assert text(found) == TOKENS
    assert found[-1]["event"] == "message_end"


async def test_dify_oapi_streams_a_chat_asynchronously(client: Client, chat_app: App) -> None:
    chunks = await client.chat.v1.chat.achat(message("hello", "oapi", "streaming"), option(chat_app), stream=True)
    assert text(streamed([chunk async for chunk in chunks])) == TOKENS


def test_dify_oapi_stops_a_stream(client: Client, slow_app: App) -> None:
    found: list[dict[str, Any]] = []
    for item in streamed(client.chat.v1.chat.chat(message("go on", "oapi", "streaming"), option(slow_app), stream=True)):
        found.append(item)
        if len(found) == 3:
            body = StopChatRequestBody.builder().user("oapi").build()
            request = StopChatRequest.builder().task_id(item["task_id"]).request_body(body).build()
            assert client.chat.v1.chat.stop(request, option(slow_app)).result == "success"
    assert found[-1]["event"] == "message_end"
    assert 3 <= len(found) < 200


def test_dify_oapi_asks_for_suggested_questions(client: Client, chat_app: App) -> None:
    made = client.chat.v1.chat.chat(message("hello", "oapi"), option(chat_app))
    asked = GetSuggestedQuestionsRequest.builder().message_id(made.id or "").user("oapi").build()
    answer = client.chat.v1.chat.suggested(asked, option(chat_app))
    assert answer.success
    assert isinstance(answer.data, list)


def test_dify_oapi_rates_a_message(client: Client, chat_app: App) -> None:
    made = client.chat.v1.chat.chat(message("hello", "oapi-rate"), option(chat_app))
    body = SubmitFeedbackRequestBody.builder().rating("like").user("oapi-rate").content("good").build()
    request = SubmitFeedbackRequest.builder().message_id(made.id or "").request_body(body).build()
    assert client.dify.v1.feedback.submit(request, option(chat_app)).result == "success"
    listed = client.dify.v1.feedback.list(GetFeedbacksRequest.builder().page(1).limit(20).build(), option(chat_app))
    assert ("like", "good") in [(item.rating, item.content) for item in listed.data or ()]


def test_dify_oapi_reads_the_app(client: Client, chat_app: App) -> None:
    about, key = client.dify.v1.info, option(chat_app)
    assert about.get(GetInfoRequest.builder().build(), key).name == "a chat"
    assert about.parameters(GetParametersRequest.builder().user("oapi").build(), key).opening_statement == "Hello"
    assert about.site(GetSiteRequest.builder().build(), key).title == "a chat"
    assert about.meta(GetMetaRequest.builder().build(), key).success


def test_dify_oapi_uploads_a_file(client: Client, chat_app: App) -> None:
    body = UploadFileBody.builder().user("oapi").build()
    request = UploadFileRequest.builder().file(io.BytesIO(PNG), "dot.png").request_body(body).build()
    made = client.dify.v1.file.upload(request, option(chat_app))
    assert made.success
    assert (made.name, made.size, made.extension, made.mime_type) == ("dot.png", len(PNG), "png", "image/png")


@pytest.mark.parametrize("stream", [False, True])
def test_dify_oapi_completes(client: Client, completion_app: App, stream: bool) -> None:
    mode: Any = "streaming" if stream else "blocking"
    body = SendMessageRequestBody.builder().inputs({"topic": "the sea"}).response_mode(mode).user("oapi").build()
    request = SendMessageRequest.builder().request_body(body).build()
    if stream:
        chunks = client.completion.v1.completion.send_message(request, option(completion_app), stream=True)
        assert text(streamed(chunks)) == TOKENS
    else:
        assert client.completion.v1.completion.send_message(request, option(completion_app)).answer == TOKENS


def test_dify_oapi_sees_errors_as_dify_sends_them(client: Client, chat_app: App) -> None:
    refused = client.chat.v1.chat.chat(message("", "oapi"), option(chat_app))
    assert (refused.success, refused.code) == (False, "invalid_param")


def test_stopped_answer_is_kept_for_the_clients(client: Client, slow_app: App) -> None:
    stream = streamed(client.chat.v1.chat.chat(message("keep", "oapi-keep", "streaming"), option(slow_app), stream=True))
    first = next(stream)
    body = StopChatRequestBody.builder().user("oapi-keep").build()
    client.chat.v1.chat.stop(
        StopChatRequest.builder().task_id(first["task_id"]).request_body(body).build(), option(slow_app)
    )
    said = first["answer"] + text(stream)
    request = GetMessageHistoryRequest.builder().conversation_id(first["conversation_id"]).user("oapi-keep").build()

    def kept() -> str:
        (item,) = client.chat.v1.conversation.history(request, option(slow_app)).data or ()
        return item.answer or ""

    wait_until(lambda: kept() == said.strip(), "the part that was said is kept")
