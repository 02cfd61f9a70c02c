"""The packaged models' real process: embeddings beside chat on one port, with its key."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.error import HTTPError

import numpy as np
import pytest

from server.embedded.embedder import LONGEST, _clean
from server.embedded.model import EMBEDDING
from server.embedded.state import free_ports
from server.llm.calls import Timings
from server.llm.catalogue import LOCAL_EAR, LOCAL_EMBEDDING, LOCAL_MODEL, LOCAL_VOICE, find
from server.llm.names import LOCAL
from server.llm.openai_provider import LocalProvider
from server.llm.port import ChatRequest, ModelFault, PromptMessage
from tests.harness.stores import wait_until

KEY = "local-key"
# Takes every core some seconds.
LONG_BATCH = [
    f"text {number}: " + "the device is reset by its red button. " * 8 for number in range(12 * (os.cpu_count() or 1))
]


@dataclass
class Packaged:
    port: int
    process: subprocess.Popen

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def embed(self, texts: object, key: str = KEY, **fields: object) -> dict:
        return self.post("/v1/embeddings", {"model": EMBEDDING, "input": texts} | fields, key)

    def post(self, path: str, body: object, key: str = KEY) -> dict:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=100) as answer:
            return json.load(answer)


def vectors(answer: dict) -> np.ndarray:
    assert [item["index"] for item in answer["data"]] == list(range(len(answer["data"])))
    return np.array([item["embedding"] for item in answer["data"]], np.float32)


@pytest.fixture(scope="module")
def packaged() -> Iterator[Packaged]:
    (port,) = free_ports(1)
    environment = {**os.environ, "TRANSOM_LOCAL_MODEL_KEY": KEY}
    process = subprocess.Popen([sys.executable, "-m", "server", "model", "--port", str(port)], env=environment)
    running = Packaged(port, process)
    try:
        wait_until(lambda: answers(running), "the packaged models answer", seconds=60)
        yield running
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def answers(running: Packaged) -> bool:
    assert running.process.poll() is None
    try:
        urllib.request.urlopen(f"{running.url}/v1/models", timeout=5).close()
    except HTTPError as error:
        return error.code == 401
    except OSError:
        return False
    return True


def refusal(packaged: Packaged, body: object, key: str = KEY) -> tuple[int, dict]:
    with pytest.raises(HTTPError) as caught:
        packaged.post("/v1/embeddings", body, key)
    return caught.value.code, json.load(caught.value)["error"]


def test_vectors_have_384_numbers_and_length_1(packaged) -> None:
    answer = packaged.embed(["a red apple", "苹果是红色的"])
    found = vectors(answer)
    assert found.shape == (2, 384) and np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] > 4
    assert answer["model"] == EMBEDDING


def test_base64_carries_the_same_vectors(packaged) -> None:
    (item,) = packaged.embed("hello", encoding_format="base64")["data"]
    assert np.array_equal(np.frombuffer(base64.b64decode(item["embedding"]), "<f4"), vectors(packaged.embed("hello"))[0])


@pytest.mark.parametrize(
    ("passages", "query", "best"),
    [
        (["The refund window is fourteen days.", "The museum opens at nine."], "when can I visit the museum", 1),
        (["退款期限为十四天。", "博物馆九点开门。"], "博物馆几点可以参观", 1),
        (["退款期限为十四天。", "设备需要每年校准一次。"], "how often is the device calibrated", 1),
        (["The museum opens at nine.", "The refund window is fourteen days."], "多少天内可以退款", 1),
    ],
)
def test_query_finds_the_passage_that_answers_it_in_either_language(packaged, passages, query, best) -> None:
    documents = vectors(packaged.embed(passages, input_type="passage"))
    (wanted,) = vectors(packaged.embed(query, input_type="query"))
    assert int((documents @ wanted).argmax()) == best


def test_query_and_passage_are_told_apart(packaged) -> None:
    query, passage, plain = [
        vectors(packaged.embed("hello", **fields))[0]
        for fields in ({"input_type": "query"}, {"input_type": "passage"}, {})
    ]
    assert np.array_equal(passage, plain) and not np.array_equal(query, passage)


@pytest.mark.parametrize("text", ["", " ", "\x00", "a\x00b", "\u202e\ufeff𝄞", "word " * 700])
def test_odd_texts_are_embedded(packaged, text) -> None:
    found = vectors(packaged.embed([text, "plain"]))
    assert np.isfinite(found).all() and np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)


def test_endless_text_is_cut() -> None:
    assert len(_clean("x" * 10_000_000, LONGEST)) == LONGEST


def test_text_behind_a_nul_counts(packaged) -> None:
    found = vectors(packaged.embed(["a\x00 cat", "a"]))
    assert not np.array_equal(found[0], found[1])


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 400, "JSON"),
        ([], 400, "object"),
        ({"model": EMBEDDING}, 400, "input"),
        ({"model": EMBEDDING, "input": []}, 400, "input"),
        ({"model": EMBEDDING, "input": [1, 2]}, 400, "input"),
        ({"model": EMBEDDING, "input": ["a"] * 2049}, 400, "2048"),
        ({"model": EMBEDDING, "input": "a", "input_type": "song"}, 400, "input_type"),
        ({"model": EMBEDDING, "input": "a", "dimensions": 2}, 400, "dimensions"),
        ({"model": "other", "input": "a"}, 404, "other"),
    ],
)
def test_wrong_request_is_refused_with_the_reason(packaged, body, status, word) -> None:
    code, error = refusal(packaged, body)
    assert code == status and word in error["message"]


def test_wrong_key_is_refused(packaged) -> None:
    assert refusal(packaged, {"model": EMBEDDING, "input": "a"}, "other")[0] == 401
    assert refusal(packaged, {"model": EMBEDDING, "input": "a"}, "")[0] == 401


def test_models_lists_all(packaged) -> None:
    request = urllib.request.Request(f"{packaged.url}/v1/models", headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert [item["id"] for item in json.load(answer)["data"]] == [LOCAL_MODEL, LOCAL_EMBEDDING, LOCAL_EAR, LOCAL_VOICE]


def test_chat_and_embeddings_share_one_connection(packaged) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", packaged.port, timeout=100)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    chat = {"model": LOCAL_MODEL, "max_tokens": 4, "messages": [{"role": "user", "content": "Say hello."}]}
    for _ in range(2):
        connection.request("POST", "/v1/chat/completions", json.dumps(chat), headers)
        answer = json.load(connection.getresponse())
        assert answer["choices"][0]["message"]["content"]
        connection.request("POST", "/v1/embeddings", json.dumps({"model": EMBEDDING, "input": "hi"}), headers)
        assert len(vectors(json.load(connection.getresponse()))) == 1
    connection.close()


def test_query_does_not_wait_for_a_batch_of_documents(packaged) -> None:
    done: list[str] = []

    def batch() -> None:
        packaged.embed(LONG_BATCH)
        done.append("batch")

    thread = threading.Thread(target=batch)
    thread.start()
    for _ in range(3):
        packaged.embed("how to reset", input_type="query")
        done.append("query")
    thread.join()
    assert done == ["query", "query", "query", "batch"]


def test_chat_answers_while_documents_are_embedded(packaged) -> None:
    done: list[str] = []

    def batch() -> None:
        packaged.embed(LONG_BATCH)
        done.append("batch")

    chat = {"model": LOCAL_MODEL, "max_tokens": 4, "messages": [{"role": "user", "content": "Say hello."}]}
    packaged.post("/v1/chat/completions", chat)
    thread = threading.Thread(target=batch)
    thread.start()
    packaged.post("/v1/chat/completions", chat)
    done.append("chat")
    thread.join()
    assert done == ["chat", "batch"]


def test_batch_of_a_client_that_went_away_is_dropped(packaged) -> None:
    texts = [f"{number} " + "a long passage about nothing in particular " * 40 for number in range(400)]
    body = json.dumps({"model": EMBEDDING, "input": texts}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", packaged.port, timeout=100)
    connection.request("POST", "/v1/embeddings", body, {"Authorization": f"Bearer {KEY}"})
    connection.close()
    # The batch would take minutes; the next one is through long before that.
    assert len(vectors(packaged.embed(["after that"]))) == 1


async def test_local_provider_streams_chat_and_embeds(packaged) -> None:
    provider = LocalProvider(Timings(), url=f"{packaged.url}/v1", key=KEY)
    chat = provider.chat(find(LOCAL, LOCAL_MODEL, "llm"), {})
    request = ChatRequest([PromptMessage("user", "Say hello.")], {"max_tokens": 8})
    chunks = [chunk async for chunk in chat.stream(request)]
    assert "".join(chunk.text for chunk in chunks) and chunks[-1].usage.completion_tokens > 0
    embedder = provider.embedding(find(LOCAL, LOCAL_EMBEDDING, "text-embedding"), {})
    found = await embedder.embed(["hello", "world"], purpose="document")
    assert found.vectors.shape == (2, 384) and not found.usage.estimated
    await provider.close()
    refused = LocalProvider(Timings(), url=f"{packaged.url}/v1", key="other")
    for call in (
        refused.embedding(find(LOCAL, LOCAL_EMBEDDING, "text-embedding"), {}).embed(["a"], purpose="query"),
        anext(aiter(refused.chat(find(LOCAL, LOCAL_MODEL, "llm"), {}).stream(request))),
    ):
        with pytest.raises(ModelFault) as caught:
            await call
        assert caught.value.fault == "auth"
    await refused.close()


@pytest.mark.parametrize(
    ("order", "status", "word"),
    [
        ({"model": "nobody", "input": "hi"}, 404, "does not exist"),
        ({"model": LOCAL_VOICE}, 400, "input"),
        ({"model": LOCAL_VOICE, "input": "x" * 10_001}, 400, "10,000"),
        ({"model": LOCAL_VOICE, "input": "hi", "voice": "alloy"}, 400, "voice"),
        ({"model": LOCAL_VOICE, "input": "hi", "response_format": "opus"}, 400, "response_format"),
    ],
)
def test_speech_that_cannot_be_made_is_refused_in_openais_shape(packaged, order, status, word) -> None:
    for key, expected in ((KEY, status), ("another", 401)):
        with pytest.raises(HTTPError) as caught:
            packaged.post("/v1/audio/speech", order, key)
        error = json.load(caught.value)["error"]
        assert caught.value.code == expected and {"message", "type", "param", "code"} == set(error)
        assert word in error["message"] or expected == 401


def test_recording_needs_a_form_with_a_file(packaged) -> None:
    for body, word in ((b"{}", "multipart"), (b"", "multipart")):
        with pytest.raises(HTTPError) as caught:
            packaged.post("/v1/audio/transcriptions", body)
        assert caught.value.code == 400 and word in json.load(caught.value)["error"]["message"]
