"""Cutting and reading the OpenAI stream, whatever the network does to its pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.llm.openai_wire import ChatStream, SseLines
from server.llm.port import ModelFault
from tests.doubles.openai_server import chat_frames

EVENTS = b'data: {"a":1}\n\ndata:{"b":"\xe4\xbd\xa0"}\r\n\r\n: comment\n\nevent: x\ndata: [DONE]\n\n'
PAYLOADS = [b'{"a":1}', '{"b":"你"}'.encode(), b"[DONE]"]


@given(st.lists(st.integers(0, len(EVENTS)), max_size=8))
def test_lines_do_not_depend_on_how_the_bytes_were_cut(cuts: list[int]) -> None:
    lines = SseLines()
    found = []
    edges = [0, *sorted(cuts), len(EVENTS)]
    for start, end in zip(edges, edges[1:], strict=False):
        found += lines.feed(EVENTS[start:end])
    assert found + lines.finish() == PAYLOADS


def test_last_line_without_a_break_is_read_at_the_end() -> None:
    lines = SseLines()
    assert lines.feed(b"data: [DONE]") == []
    assert lines.finish() == [b"[DONE]"]


def test_bare_json_error_is_a_fault() -> None:
    lines, stream = SseLines(), ChatStream()
    payloads = lines.feed(b'{"error": {"message": "model is loading", "code": 503}}\n')
    with pytest.raises(ModelFault) as caught:
        list(stream.chunks(payloads))
    assert caught.value.fault == "unavailable"


def test_endless_line_is_a_fault() -> None:
    lines = SseLines()
    with pytest.raises(ModelFault):
        for _ in range(40):
            lines.feed(b"x" * 1024 * 1024)


def test_thoughts_stand_in_think_tags() -> None:
    stream = ChatStream()
    payloads = [
        b'{"choices":[{"delta":{"reasoning_content":"let me "}}]}',
        b'{"choices":[{"delta":{"reasoning_content":"see"}}]}',
        b'{"choices":[{"delta":{"content":"42"},"finish_reason":"stop"}]}',
    ]
    assert "".join(chunk.text for chunk in stream.chunks(payloads)) == "<think>\nlet me see\n</think>42"
    assert stream.finish_reason == "stop"


def test_double_speaks_what_the_stream_reads() -> None:
    lines, stream = SseLines(), ChatStream()
    for frame in chat_frames("m", ("a", "b"), False):
        body = frame.split(b"\r\n", 1)[1]
        list(stream.chunks(lines.feed(body)))
    assert stream.text == ["a", "b"]
