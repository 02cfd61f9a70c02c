"""A grpc.aio server that answers every RPC of a descriptor set as the call's own script says.

A REST call scripts it by the header ``x-script``, a JSON object:

- ``fail``: ``[grpc code number, message, [[trailing key, value], ...]]`` ends the call;
- ``initial``: ``[[key, value], ...]`` initial metadata; a number n is n letters;
- ``type`` and ``parts``: content type and pieces of the answer, texts; ``{"fill": n}`` is n letters;
- ``hold``: a name; between the first and the second piece the call waits for ``Backend.release(name)``;
- ``pause``: seconds before a unary answer; ``every``: seconds between pieces; ``count``: a name whose ``Backend.calls`` counts the pieces
  that left, or came;
- ``fail_after``: as ``fail``, after the last piece; ``spoil``: true sends bytes that are no message before that;
- ``first``: ``[name, n, fail]``: the first n calls of that name fail so, the next ones answer;
- ``stop_after``: an upload fails as ``fail`` says once it has so many bytes.

Without one it answers what it saw: RPC, request and metadata. Native calls get the typed message.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

# What the server sends when a reply breaks off that a client may have taken for whole.
NO_MESSAGE = b"\xff"
_OPTIONS = (("grpc.max_receive_message_length", 32 << 20), ("grpc.max_metadata_size", 32 << 10))


class Schema:
    """Messages and methods of one descriptor set, without generated code."""

    def __init__(self, descriptor_set: bytes) -> None:
        self.pool = descriptor_pool.DescriptorPool()
        self.files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
        for file in self.files.file:
            self.pool.Add(file)

    def service_names(self) -> list[str]:
        """Full names of all services."""
        return [f"{file.package}.{service.name}" for file in self.files.file for service in file.service]

    def method(self, rpc: str) -> Any:
        """Descriptor of ``/package.Service/Method``; None when there is none."""
        service, _, name = rpc.removeprefix("/").partition("/")
        try:
            return self.pool.FindServiceByName(service).methods_by_name.get(name)
        except KeyError:
            return None

    def message(self, descriptor: Any) -> type[Message]:
        """The class of a message."""
        return message_factory.GetMessageClass(descriptor)


class Backend(grpc.GenericRpcHandler):
    """Runs in a thread of its own from enter to exit."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.port = 0
        # Names of scripted calls that were cancelled.
        self.cancelled: set[str] = set()
        self.calls: Counter[str] = Counter()
        # Names of counted uploads that came to an end, good or bad.
        self.ended: set[str] = set()
        self._holds: dict[str, asyncio.Event] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Backend:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def stop(self) -> None:
        """End all calls and take no more."""
        self._run(self._server.stop(0))

    def release(self, name: str) -> None:
        """Let a held call go on."""
        self._loop.call_soon_threadsafe(self._hold(name).set)

    def serving(self, yes: bool) -> None:
        """Say over grpc.health.v1 whether this process takes calls."""
        status = health_pb2.HealthCheckResponse.SERVING if yes else health_pb2.HealthCheckResponse.NOT_SERVING
        self._run(self._health.set("", status))

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Answer any RPC of the schema."""
        rpc = handler_call_details.method
        method = self.schema.method(rpc)
        if method is None:
            return None
        rest = any(key == "x-envoy-original-path" for key, _ in handler_call_details.invocation_metadata)
        answer = _Answer(self, rpc, method, rest=rest)
        decode = self.schema.message(method.input_type).FromString
        if method.client_streaming:
            return grpc.stream_unary_rpc_method_handler(answer.upload, decode, _encode)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(answer.stream, decode, _encode)
        return grpc.unary_unary_rpc_method_handler(answer.unary, decode, _encode)

    def _run(self, work: Any) -> Any:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(20)

    async def _start(self) -> None:
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers((self,))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [*self.schema.service_names(), reflection.SERVICE_NAME]
        reflection.enable_server_reflection(names, self._server, self.schema.pool)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()

    def _hold(self, name: str) -> asyncio.Event:
        return self._holds.setdefault(name, asyncio.Event())

    def waits(self, name: str) -> bool:
        """Whether a call waits for the release of this name, or has waited."""
        return name in self._holds

    def settled(self, name: str) -> bool:
        """Whether no piece of a counted call left for a quarter of a second."""
        before = self.calls[name]
        time.sleep(0.25)
        return 0 < before == self.calls[name]

    async def wait(self, name: str) -> None:
        """Wait for ``release``."""
        try:
            await self._hold(name).wait()
        except asyncio.CancelledError:
            self.cancelled.add(name)
            raise


class _Answer:
    def __init__(self, backend: Backend, rpc: str, method: Any, *, rest: bool) -> None:
        self._backend = backend
        self._rpc = rpc
        self._rest = rest
        self._output = backend.schema.message(method.output_type)

    async def unary(self, request: Message, context: grpc.aio.ServicerContext) -> Message:
        script = await self._begin(context)
        if "hold" in script:
            await self._backend.wait(script["hold"])
        await asyncio.sleep(script.get("pause", 0))
        await self._fail(context, script.get("fail"))
        await self._open(context, script)
        return self._one(script, self._seen(request, context), 0)

    async def stream(self, request: Message, context: grpc.aio.ServicerContext) -> AsyncIterator[Message | bytes]:
        script = await self._begin(context)
        await self._fail(context, script.get("fail"))
        await self._open(context, script)
        for at in range(len(script.get("parts", [0]))):
            if at == 1 and "hold" in script:
                await self._backend.wait(script["hold"])
            if at and "every" in script:
                await asyncio.sleep(script["every"])
            yield self._one(script, self._seen(request, context), at)
            if "count" in script:
                self._backend.calls[script["count"]] += 1
        if script.get("spoil"):
            yield NO_MESSAGE
        await self._fail(context, script.get("fail_after"))

    async def upload(self, pieces: AsyncIterator[Message], context: grpc.aio.ServicerContext) -> Message:
        script = await self._begin(context)
        size, kinds = 0, []
        try:
            async for piece in pieces:
                size += len(piece.data)
                kinds += [piece.content_type] if piece.content_type else []
                if "count" in script:
                    self._backend.calls[script["count"]] += 1
                if size > script.get("stop_after", size):
                    await self._fail(context, script["fail"])
        finally:
            self._backend.ended.add(script.get("count", ""))
        if "stop_after" not in script:
            await self._fail(context, script.get("fail"))
        await self._open(context, script)
        return self._one(script, {"rpc": self._rpc, "bytes": size, "kinds": kinds}, 0)

    async def _begin(self, context: grpc.aio.ServicerContext) -> dict[str, Any]:
        script: dict[str, Any] = json.loads(_metadata(context).get("x-script", "{}"))
        if "first" in script:
            name, times, fail = script["first"]
            self._backend.calls[name] += 1
            if self._backend.calls[name] <= times:
                await self._fail(context, fail)
        return script

    async def _fail(self, context: grpc.aio.ServicerContext, fail: Any) -> None:
        if fail:
            code = next(code for code in grpc.StatusCode if code.value[0] == fail[0])
            await context.abort(code, fail[1], tuple((key, value) for key, value in fail[2]))

    async def _open(self, context: grpc.aio.ServicerContext, script: dict[str, Any]) -> None:
        if "initial" in script:
            pairs = ((key, "a" * value if isinstance(value, int) else value) for key, value in script["initial"])
            await context.send_initial_metadata(tuple(pairs))

    def _seen(self, request: Message, context: grpc.aio.ServicerContext) -> dict[str, Any]:
        shown = json_format.MessageToDict(request, preserving_proto_field_name=True)
        return {"rpc": self._rpc, "request": shown, "metadata": _metadata(context)}

    def _one(self, script: dict[str, Any], seen: dict[str, Any], at: int) -> Message:
        if not self._rest:
            message = self._output()
            if "rpc" in self._output.DESCRIPTOR.fields_by_name:
                message.rpc = self._rpc
            if "bytes" in self._output.DESCRIPTOR.fields_by_name:
                message.bytes = seen.get("bytes", 0)
            return message
        if "parts" in script:
            part = script["parts"][at]
            data = part.encode() if isinstance(part, str) else b"x" * part["fill"]
        else:
            data = json.dumps(seen).encode()
        return HttpBody(content_type=script.get("type", "application/json"), data=data)


def _encode(message: Message | bytes) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()


def _metadata(context: grpc.aio.ServicerContext) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
