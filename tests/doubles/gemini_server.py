"""A loopback server that speaks the Gemini API's wire, ``/v1`` and ``/v1beta``.

``python -m tests.doubles.gemini_server --port 9200`` serves it on its own; the base URL
to give google-genai is ``<url>``. Method names may come as ``:`` or ``%3A``. Scripts:
``tests.doubles.behaviour``. A key that contains ``invalid`` is refused with 400
API_KEY_INVALID, as the real service does.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Sequence
from functools import lru_cache

import orjson

from tests.doubles.behaviour import Behaviour, embeddings, prompt_tokens, spoiled
from tests.doubles.loopback import Call, LoopbackServer, Reply, http_chunk, main

BURST = 16
METHOD = re.compile(r"^/(?P<version>v1(?:beta|alpha)?)/models/(?P<model>[^:]+):(?P<method>\w+)$")
DIMENSIONS = 768
SIGNATURE = "c2lnbmF0dXJl"


def error_body(status: int, word: str, message: str, details: Sequence[dict] = ()) -> dict:
    """Google's error envelope."""
    return {"error": {"code": status, "message": message, "status": word, "details": list(details)}}


def error_info(reason: str) -> dict:
    """The detail that names a machine-readable reason."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": reason, "domain": "googleapis.com"}


def quota_failure(quota: str) -> dict:
    """The detail that names the exceeded quota."""
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}


QUOTA = "You exceeded your current quota, please check your plan and billing details."
ERRORS: dict[str, tuple[int, dict]] = {
    "auth": (
        400,
        error_body(
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            [error_info("API_KEY_INVALID")],
        ),
    ),
    "forbidden": (403, error_body(403, "PERMISSION_DENIED", "Your API key was reported as leaked.")),
    "model": (404, error_body(404, "NOT_FOUND", "models/{model} is not found for API version v1.")),
    "rate": (
        429,
        error_body(
            429,
            "RESOURCE_EXHAUSTED",
            QUOTA,
            [
                quota_failure("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.05s"},
            ],
        ),
    ),
    "quota": (
        429,
        error_body(
            429, "RESOURCE_EXHAUSTED", QUOTA, [quota_failure("GenerateRequestsPerDayPerProjectPerModel-FreeTier")]
        ),
    ),
    "server": (500, error_body(500, "INTERNAL", "An internal error has occurred.")),
    "overloaded": (503, error_body(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")),
    "request": (400, error_body(400, "INVALID_ARGUMENT", "Unable to process input image.")),
}
BY_STATUS = {
    400: "request",
    401: "auth",
    403: "forbidden",
    404: "model",
    429: "rate",
    500: "server",
    503: "overloaded",
}


def frame(payload: object) -> bytes:
    """One server-sent event as one HTTP chunk."""
    return http_chunk(b"data: " + orjson.dumps(payload) + b"\r\n\r\n")


@lru_cache(maxsize=256)
def token_frames(model: str, pieces: tuple[str, ...]) -> tuple[bytes, ...]:
    """The encoded text events of an answer; the same answer is encoded once."""
    return tuple(
        frame(
            {
                "candidates": [{"content": {"parts": [{"text": piece}], "role": "model"}, "index": 0}],
                "modelVersion": model,
                "responseId": "double",
            }
        )
        for piece in pieces
    )


def texts_of(order: dict) -> list[str]:
    """The texts of a request: system instruction first, then every content."""
    contents = [order["systemInstruction"]] if order.get("systemInstruction") else []
    contents += order.get("contents", [])
    return ["".join(part.get("text", "") for part in content.get("parts", [])) for content in contents]


def offered(order: dict) -> dict[str, dict]:
    """The schemas of the functions of a request, by name."""
    functions = [item for tool in order.get("tools") or () for item in tool.get("functionDeclarations") or ()]
    return {item["name"]: item.get("parametersJsonSchema") or item.get("parameters_json_schema") or {} for item in functions}


def earlier_calls(order: dict) -> int:
    """Turns of the model that asked for functions."""
    return sum(any("functionCall" in part for part in content["parts"]) for content in order.get("contents", []))


def tool_result(order: dict) -> str:
    """What the last function answered."""
    parts = [part for content in order.get("contents", []) for part in content["parts"]]
    answers = [part["functionResponse"]["response"].get("result", "") for part in parts if "functionResponse" in part]
    return answers[-1] if answers else ""


class GeminiServer(LoopbackServer):
    """Gemini's wire on loopback."""

    async def handle(self, call: Call, reply: Reply) -> None:
        if "invalid" in call.headers.get("x-goog-api-key", call.query.get("key", "")):
            reply.json(*ERRORS["auth"])
            return
        if re.fullmatch(r"/v1(beta|alpha)?/models", call.path):
            names = ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-embedding-001")
            reply.json(200, {"models": [{"name": f"models/{name}", "displayName": name} for name in names]})
            return
        found = METHOD.match(call.path)
        if found is None:
            reply.json(404, error_body(404, "NOT_FOUND", f"no route for {call.path}"))
            return
        call.model = found["model"]
        behaviour = self.behaviour(call.model)
        if await self._faulted(call, behaviour, reply):
            return
        method = found["method"]
        if method in ("streamGenerateContent", "generateContent"):
            await self._generate(call, reply, behaviour, stream=method == "streamGenerateContent")
        elif method == "countTokens":
            reply.json(200, {"totalTokens": prompt_tokens(texts_of(call.json()))})
        elif method in ("batchEmbedContents", "embedContent"):
            self._embed(call, reply, behaviour, batch=method == "batchEmbedContents")
        else:
            reply.json(404, error_body(404, "NOT_FOUND", f"no method {method}"))

    async def _faulted(self, call: Call, behaviour: Behaviour, reply: Reply) -> bool:
        """Answer the scripted fault, if this call is one of those that fail."""
        if behaviour.spoils or not self.fails_now(call.model, behaviour):
            return False
        if behaviour.hang:
            await asyncio.Event().wait()
        status, body = ERRORS[behaviour.error or BY_STATUS.get(behaviour.status, "server")]
        message = body["error"]["message"].replace("{model}", call.model)
        headers = {} if behaviour.retry_after < 0 else {"Retry-After": f"{behaviour.retry_after:g}"}
        reply.json(behaviour.status or status, {"error": body["error"] | {"message": message}}, headers)
        return True

    async def _generate(self, call: Call, reply: Reply, behaviour: Behaviour, *, stream: bool) -> None:
        order = call.json()
        texts = texts_of(order)
        if "AUDIO" in ((order.get("generationConfig") or {}).get("responseModalities") or ()) and not behaviour.block:
            # A hundredth of a second of silence a character.
            sound = base64.b64encode(bytes(480 * len(texts[-1]))).decode()
            part = {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": sound}}
            last = self._last(call.model, behaviour, "STOP", prompt_tokens(texts), 1)
            last["candidates"][0]["content"]["parts"] = [part]
            reply.json(200, last)
            return
        user = [content for content in order.get("contents", []) if content.get("role", "user") == "user"]
        pieces = behaviour.pieces(
            user="".join(part.get("text", "") for part in user[-1]["parts"]) if user else "",
            system=texts[0] if order.get("systemInstruction") else "",
            model=call.model,
            count=len(order.get("contents", [])),
            tool=tool_result(order),
            schema=(order.get("generationConfig") or {}).get("responseJsonSchema"),
        )
        limit = (order.get("generationConfig") or {}).get("maxOutputTokens") or len(pieces)
        finish = behaviour.finish or ("MAX_TOKENS" if limit < len(pieces) else "STOP")
        pieces = [] if behaviour.block else pieces[:limit]
        calls = behaviour.wanted(offered(order), earlier_calls(order), texts[-1])
        if calls:
            await self._call_tools(call, reply, behaviour, calls, prompt_tokens(texts))
            return
        last = self._last(call.model, behaviour, finish, prompt_tokens(texts), len(pieces))
        if not stream:
            if not behaviour.block:
                last["candidates"][0]["content"] = {"parts": [{"text": "".join(pieces)}], "role": "model"}
            reply.json(200, last)
            return
        await self._stream(call, reply, behaviour, pieces, last)

    async def _call_tools(
        self, call: Call, reply: Reply, behaviour: Behaviour, calls: Sequence[tuple[str, str]], prompt: int
    ) -> None:
        """Ask for tools in one event, the first call with a signature, as Gemini 3 does; then end with STOP."""
        reply.stream()
        parts: list[dict] = [{"text": f"I call {calls[0][0]}."}] if behaviour.text else []
        parts += [{"functionCall": {"name": name, "args": json.loads(arguments)}} for name, arguments in calls]
        parts[-len(calls)]["thoughtSignature"] = SIGNATURE
        content = {"parts": parts, "role": "model"}
        await reply.write(frame({"candidates": [{"content": content, "index": 0}], "modelVersion": call.model}))
        await reply.write(frame(self._last(call.model, behaviour, "STOP", prompt, len(calls))))
        reply.end()

    @staticmethod
    def _last(model: str, behaviour: Behaviour, finish: str, prompt: int, answer: int) -> dict:
        """The event that ends an answer: finish reason (or block reason) and usage."""
        usage = {"promptTokenCount": prompt, "totalTokenCount": prompt + answer + behaviour.thoughts}
        if answer:
            usage["candidatesTokenCount"] = answer
        if behaviour.thoughts:
            usage["thoughtsTokenCount"] = behaviour.thoughts
        if behaviour.cached:
            usage["cachedContentTokenCount"] = behaviour.cached
        event: dict = {"usageMetadata": usage} if behaviour.usage else {}
        event["modelVersion"] = model
        if behaviour.block and not behaviour.finish:
            return event | {"promptFeedback": {"blockReason": "SAFETY"}}
        content = {"parts": [{"text": ""}], "role": "model"}
        return event | {"candidates": [{"content": content, "finishReason": finish, "index": 0}]}

    async def _stream(self, call: Call, reply: Reply, behaviour: Behaviour, pieces: Sequence[str], last: dict) -> None:
        frames = token_frames(call.model, tuple(pieces))
        if behaviour.first and behaviour.hang_at != 0:
            await asyncio.sleep(behaviour.first / 1000)
        reply.stream()
        breaks = [behaviour.hang_at, behaviour.cut, behaviour.short, behaviour.malformed, behaviour.fault_at]
        stop = min([len(frames), *(at for at in breaks if at >= 0)])
        step = 1 if behaviour.delay else BURST
        for start in range(0, stop, step):
            group = frames[start : min(start + step, stop)]
            await reply.write(*group)
            call.sent += len(group)
            await asyncio.sleep(behaviour.delay / 1000)
        if await self._broken(behaviour, reply):
            return
        await reply.write(frame(last))
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
            await reply.write(http_chunk(b'data: {"candidates": [{"content": {"par\r\n\r\n'))
            reply.end()
        elif behaviour.fault_at >= 0:
            await reply.write(frame(ERRORS[behaviour.error or "overloaded"][1]))
            reply.end()
        else:
            return False
        return True

    def _embed(self, call: Call, reply: Reply, behaviour: Behaviour, *, batch: bool) -> None:
        order = call.json()
        requests = order["requests"] if batch else [order]
        if len(requests) > 100:
            reply.json(400, error_body(400, "INVALID_ARGUMENT", "At most 100 requests can be in one batch"))
            return
        texts = ["".join(part.get("text", "") for part in request["content"]["parts"]) for request in requests]
        size = behaviour.size or requests[0].get("outputDimensionality") or DIMENSIONS
        vectors = embeddings(texts, size)
        spoiling = self.fails_now(call.model, behaviour) if behaviour.spoils else False
        if spoiling and behaviour.garbage:
            reply.body(200, b'{"embeddings": [{"values": [0.1,')
            return
        rows = spoiled(vectors, behaviour) if spoiling else vectors.tolist()
        found = [{"values": row} for row in rows]
        answer: dict = {"embeddings": found} if batch else {"embedding": found[0]}
        if behaviour.usage:
            answer["usageMetadata"] = {
                "promptTokenCount": prompt_tokens(texts),
                "totalTokenCount": prompt_tokens(texts),
            }
        reply.body(200, json.dumps(answer).encode())


if __name__ == "__main__":
    main(GeminiServer())
