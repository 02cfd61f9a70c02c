"""A loopback server that speaks OpenAI's wire: chat, completions, embeddings, speech, models.

``python -m tests.doubles.openai_server --port 9100`` serves it on its own. The base URL
to give a client is ``<url>/v1``. Scripts: ``tests.doubles.behaviour``. A key that
contains ``invalid`` is refused with 401.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import struct
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import orjson

from tests.doubles.behaviour import Behaviour, embeddings, prompt_tokens, spoiled
from tests.doubles.loopback import Call, LoopbackServer, Reply, http_chunk, main

CREATED = 1_795_334_400
BURST = 16
WORD_BYTES = 4_800
DIMENSIONS = {"text-embedding-3-large": 3072, "text-embedding-3-small": 1536, "text-embedding-ada-002": 1536}


def error_body(message: str, code: str | None, kind: str = "invalid_request_error") -> dict:
    """OpenAI's error envelope."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


ERRORS: dict[str, tuple[int, dict]] = {
    "auth": (401, error_body("Incorrect API key provided: sk-inv**lid.", "invalid_api_key")),
    "model": (
        404,
        error_body("The model `{model}` does not exist or you do not have access to it.", "model_not_found"),
    ),
    "quota": (429, error_body("You exceeded your current quota, please check your plan.", "insufficient_quota")),
    "rate": (429, error_body("Rate limit reached for {model}.", "rate_limit_exceeded", "requests")),
    "server": (500, error_body("The server had an error while processing your request.", None, "server_error")),
    "context": (400, error_body("This model's maximum context length is 8 tokens.", "context_length_exceeded")),
}
BY_STATUS = {401: "auth", 404: "model", 429: "rate", 500: "server", 400: "context"}


def frame(payload: object) -> bytes:
    """One server-sent event as one HTTP chunk."""
    return http_chunk(b"data: " + orjson.dumps(payload) + b"\n\n")


@lru_cache(maxsize=256)
def chat_frames(model: str, pieces: tuple[str, ...], legacy: bool) -> tuple[bytes, ...]:
    """The encoded token events of an answer; the same answer is encoded once."""
    head = {"id": "chatcmpl-double", "object": "chat.completion.chunk", "created": CREATED, "model": model}
    if legacy:
        head = head | {"id": "cmpl-double", "object": "text_completion"}
        return tuple(
            frame(head | {"choices": [{"index": 0, "text": piece, "logprobs": None, "finish_reason": None}]})
            for piece in pieces
        )
    return tuple(
        frame(
            head
            | {
                "system_fingerprint": "fp_double",
                "choices": [{"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}],
            }
        )
        for piece in pieces
    )


def text_of(content: object) -> str:
    """The text of a message's content, string or parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""


class OpenAIServer(LoopbackServer):
    """OpenAI's wire on loopback."""

    def __init__(self, *, dimensions: int = 0) -> None:
        super().__init__()
        self._dimensions = dimensions

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    async def handle(self, call: Call, reply: Reply) -> None:
        path = call.path.removeprefix("/v1")
        if "invalid" in call.headers.get("authorization", ""):
            reply.json(*ERRORS["auth"])
        elif path == "/chat/completions":
            await self._chat(call, reply, legacy=False)
        elif path == "/completions":
            await self._chat(call, reply, legacy=True)
        elif path == "/embeddings":
            await self._embed(call, reply)
        elif path == "/moderations":
            await self._moderate(call, reply)
        elif path == "/audio/transcriptions":
            await self._transcribe(call, reply)
        elif path == "/audio/speech":
            await self._speak(call, reply)
        elif path == "/models":
            names = ("gpt-4o-mini", "gpt-4o", "text-embedding-3-small")
            data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "double"} for name in names]
            reply.json(200, {"object": "list", "data": data})
        else:
            reply.json(404, error_body(f"Invalid URL ({call.method} {call.path})", None))

    async def _moderate(self, call: Call, reply: Reply) -> None:
        """Flags what holds ``flag me``."""
        order = call.json()
        call.model = order["model"]
        if not await self._faulted(call, self.behaviour(call.model), reply):
            results = [{"flagged": "flag me" in text, "categories": {}} for text in order["input"]]
            reply.json(200, {"id": "modr-double", "model": call.model, "results": results})

    async def _chat(self, call: Call, reply: Reply, *, legacy: bool) -> None:
        order = call.json()
        call.model = order["model"]
        behaviour = self.behaviour(call.model)
        if await self._faulted(call, behaviour, reply):
            return
        messages = [{"role": "user", "content": order["prompt"]}] if legacy else order["messages"]
        texts = [text_of(message["content"]) for message in messages]
        pieces = behaviour.pieces(
            user=next((text for text, m in zip(texts[::-1], messages[::-1], strict=True) if m["role"] == "user"), ""),
            system="\n".join(text for text, m in zip(texts, messages, strict=True) if m["role"] == "system"),
            model=call.model,
            count=len(messages),
            tool=next((text for text, m in zip(texts[::-1], messages[::-1], strict=True) if m["role"] == "tool"), ""),
            schema=((order.get("response_format") or {}).get("json_schema") or {}).get("schema"),
        )
        calls = behaviour.wanted(
            {tool["function"]["name"]: tool["function"]["parameters"] for tool in order.get("tools") or ()},
            sum(bool(message.get("tool_calls")) for message in messages),
            next((text for text, m in zip(texts[::-1], messages[::-1], strict=True) if m["role"] == "user"), ""),
        )
        if calls:
            await self._call_tools(call, reply, behaviour, calls, self._usage(behaviour, texts, len(calls)))
            return
        limit = order.get("max_tokens") or order.get("max_completion_tokens") or len(pieces)
        finish = behaviour.finish or ("length" if limit < len(pieces) else "stop")
        pieces = pieces[:limit]
        usage = self._usage(behaviour, texts, len(pieces))
        if order.get("stream"):
            with_usage = behaviour.usage and (order.get("stream_options") or {}).get("include_usage")
            await self._stream(call, reply, behaviour, pieces, finish, usage if with_usage else None, legacy)
        else:
            await asyncio.sleep((behaviour.first + behaviour.delay * len(pieces)) / 1000)
            reply.json(200, self._whole(call.model, "".join(pieces), finish, usage, legacy))

    async def _call_tools(
        self, call: Call, reply: Reply, behaviour: Behaviour, calls: Sequence[tuple[str, str]], usage: dict
    ) -> None:
        """Stream requests for tools as OpenAI does: the id and name first, then the arguments in pieces."""
        if not call.json().get("stream"):
            asked = [
                {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
                for index, (name, arguments) in enumerate(calls)
            ]
            whole = self._whole(call.model, "", "tool_calls", usage, legacy=False)
            whole["choices"][0]["message"] |= {"content": None, "tool_calls": asked}
            reply.body(200, json.dumps(whole, indent=2).encode())
            return
        reply.stream()
        await reply.write(_delta(call.model, {"role": "assistant", "content": None}, None))
        if behaviour.text:
            await reply.write(_delta(call.model, {"content": f"I call {calls[0][0]}."}, None))
        for index, (name, arguments) in enumerate(calls):
            head = {"index": index, "id": f"call_{len(self.calls)}_{index}", "type": "function"}
            await reply.write(
                _delta(call.model, {"tool_calls": [head | {"function": {"name": name, "arguments": ""}}]}, None)
            )
            for start in range(0, len(arguments), 5):
                piece = {"index": index, "function": {"arguments": arguments[start : start + 5]}}
                await reply.write(_delta(call.model, {"tool_calls": [piece]}, None))
            await asyncio.sleep(behaviour.delay / 1000)
        await reply.write(_last(call.model, "tool_calls", legacy=False), _usage_frame(call.model, usage, legacy=False))
        await reply.write(http_chunk(b"data: [DONE]\n\n"))
        reply.end()

    async def _faulted(self, call: Call, behaviour: Behaviour, reply: Reply) -> bool:
        """Answer the scripted fault, if this call is one of those that fail."""
        if not self.fails_now(call.model, behaviour):
            return False
        if behaviour.hang:
            await asyncio.Event().wait()
        status, body = ERRORS[behaviour.error or BY_STATUS.get(behaviour.status, "server")]
        message = body["error"]["message"].replace("{model}", call.model)
        headers = {} if behaviour.retry_after < 0 else {"Retry-After": f"{behaviour.retry_after:g}"}
        reply.json(behaviour.status or status, {"error": body["error"] | {"message": message}}, headers)
        return True

    async def _stream(
        self,
        call: Call,
        reply: Reply,
        behaviour: Behaviour,
        pieces: Sequence[str],
        finish: str,
        usage: dict | None,
        legacy: bool,
    ) -> None:
        frames = chat_frames(call.model, tuple(pieces), legacy)
        if behaviour.first and behaviour.hang_at != 0:
            await asyncio.sleep(behaviour.first / 1000)
        reply.stream()
        if not legacy:
            await reply.write(_delta(call.model, {"role": "assistant", "content": ""}, None))
        breaks = [at for at in (behaviour.hang_at, behaviour.cut, behaviour.short, behaviour.malformed) if at >= 0]
        breaks += [behaviour.fault_at] if behaviour.fault_at >= 0 else []
        stop = min([len(frames), *breaks])
        step = 1 if behaviour.delay else BURST
        for start in range(0, stop, step):
            group = frames[start : min(start + step, stop)]
            await reply.write(*group)
            call.sent += len(group)
            await asyncio.sleep(behaviour.delay / 1000)
        if await self._broken(behaviour, reply):
            return
        await reply.write(_last(call.model, finish, legacy))
        if usage is not None:
            await reply.write(_usage_frame(call.model, usage, legacy))
        await reply.write(http_chunk(b"data: [DONE]\n\n"))
        reply.end()

    async def _broken(self, behaviour: Behaviour, reply: Reply) -> bool:
        """End the stream the scripted bad way; False when it should end well."""
        if behaviour.hang_at >= 0:
            await asyncio.Event().wait()
        if behaviour.cut >= 0:
            reply.cut()
        elif behaviour.short >= 0:
            reply.end()
        elif behaviour.malformed >= 0:
            await reply.write(http_chunk(b'data: {"choices": [{"delta": {"content": "oo\n\n'))
            reply.end()
        elif behaviour.fault_at >= 0:
            await reply.write(frame(ERRORS[behaviour.error or "server"][1]))
            reply.end()
        else:
            return False
        return True

    @staticmethod
    def _usage(behaviour: Behaviour, texts: Sequence[str], completion: int) -> dict:
        prompt = prompt_tokens(texts)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion + behaviour.thoughts,
            "total_tokens": prompt + completion + behaviour.thoughts,
            "prompt_tokens_details": {"cached_tokens": behaviour.cached},
            "completion_tokens_details": {"reasoning_tokens": behaviour.thoughts},
        }

    @staticmethod
    def _whole(model: str, text: str, finish: str, usage: dict, legacy: bool) -> dict:
        choice: dict = {"index": 0, "finish_reason": finish, "logprobs": None}
        choice |= {"text": text} if legacy else {"message": {"role": "assistant", "content": text, "refusal": None}}
        kind = "text_completion" if legacy else "chat.completion"
        head = {"id": "chatcmpl-double", "object": kind, "created": CREATED, "model": model}
        return head | {"choices": [choice], "usage": usage}

    async def _transcribe(self, call: Call, reply: Reply) -> None:
        """Says its ``text``, or how the file is called and how many bytes the request has."""
        found = re.search(rb'name="model"\r\n\r\n([^\r]+)', call.body)
        assert found is not None, "a form without a model"
        call.model = found[1].decode()
        behaviour = self.behaviour(call.model)
        if await self._faulted(call, behaviour, reply):
            return
        await asyncio.sleep(behaviour.first / 1000)
        file = re.search(rb'filename="([^"]+)"\r\nContent-Type: ([^\r]+)', call.body)
        named = f"{file[1].decode()} of {file[2].decode()}" if file else "nothing"
        reply.json(200, {"text": behaviour.text or named})

    async def _speak(self, call: Call, reply: Reply) -> None:
        """A tenth of a second of sound a word; as mp3 no sound but the voice and the words."""
        order = call.json()
        call.model = order["model"]
        behaviour = self.behaviour(call.model)
        if await self._faulted(call, behaviour, reply):
            return
        kind, words = order["response_format"], order["input"].split()
        await asyncio.sleep(behaviour.first / 1000)
        reply.stream("audio/" + kind)
        if kind == "wav":
            sizes = (16, 1, 1, 24_000, 48_000, 2, 16, b"data", 0xFFFFFFFF)
            await reply.write(http_chunk(b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH4sI", *sizes)))
        for word in words[: behaviour.cut if behaviour.cut >= 0 else None]:
            sound = f"[{order['voice']}]{word} ".encode() if kind == "mp3" else word[:1].encode() * WORD_BYTES
            await reply.write(http_chunk(sound))
            call.sent += 1
            await asyncio.sleep(behaviour.delay / 1000)
        if behaviour.cut >= 0:
            reply.cut()
        else:
            reply.end()

    async def _embed(self, call: Call, reply: Reply) -> None:
        order = call.json()
        call.model = order["model"]
        spoiling = False
        if self.behaviour(call.model).spoils:
            spoiling = self.fails_now(call.model, self.behaviour(call.model))
        elif await self._faulted(call, self.behaviour(call.model), reply):
            return
        texts = [order["input"]] if isinstance(order["input"], str) else order["input"]
        behaviour = self.behaviour(call.model)
        if "" in texts or len(texts) > 2048:
            reply.json(400, error_body("'$.input' is invalid. Please check the API reference.", None))
            return
        if behaviour.longest and max(map(len, texts)) > behaviour.longest:
            reply.json(*ERRORS["context"])
            return
        size = behaviour.size or order.get("dimensions") or self._dimensions or DIMENSIONS.get(call.model, 64)
        vectors = embeddings(texts, size)
        call.sent = len(texts)
        if behaviour.first:
            await asyncio.sleep(behaviour.first / 1000)
        if spoiling:
            self._spoiled(vectors, behaviour, reply, call.model)
            return
        if order.get("encoding_format") == "base64":
            rows: Sequence[object] = [base64.b64encode(row.tobytes()).decode() for row in vectors]
        else:
            rows = vectors
        data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
        answer = {"object": "list", "model": call.model, "data": data}
        count = prompt_tokens(texts)
        reply.json(
            200, answer | ({"usage": {"prompt_tokens": count, "total_tokens": count}} if behaviour.usage else {})
        )

    @staticmethod
    def _spoiled(vectors: np.ndarray, behaviour: Behaviour, reply: Reply, model: str) -> None:
        if behaviour.garbage:
            reply.body(200, b'{"object": "list", "data": [{"embedding": [0.1,')
            return
        rows = spoiled(vectors, behaviour)
        data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
        # The standard library writes NaN as many model servers do.
        reply.body(200, json.dumps({"object": "list", "model": model, "data": data}).encode())


def _delta(model: str, delta: dict, finish: str | None) -> bytes:
    choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    head = {"id": "chatcmpl-double", "object": "chat.completion.chunk", "created": CREATED, "model": model}
    return frame(head | {"choices": choices})


def _last(model: str, finish: str, legacy: bool) -> bytes:
    if not legacy:
        return _delta(model, {}, finish)
    choices = [{"index": 0, "text": "", "logprobs": None, "finish_reason": finish}]
    return frame({"id": "cmpl-double", "object": "text_completion", "model": model, "choices": choices})


def _usage_frame(model: str, usage: dict, legacy: bool) -> bytes:
    kind = "text_completion" if legacy else "chat.completion.chunk"
    return frame({"id": "chatcmpl-double", "object": kind, "model": model, "choices": [], "usage": usage})


if __name__ == "__main__":
    main(OpenAIServer())
