"""The one interceptor: who calls, may they, what went wrong, how the reply is printed.

Each RPC is wrapped once for native callers and once for callers that came through the REST
view (the gateway adds ``x-envoy-original-path``). Order of the checks: errors.md section 2.

A handler of a ``stream RunEvent`` RPC yields lists of events: those that are waiting leave
in one write over REST, and one by one over gRPC. An empty first list opens the stream.
One line per call is the gateway's access log; here only failures of ours are logged.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any, Protocol

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.message import DecodeError, Message
from redis.exceptions import RedisError

from server.access.service import AccessService, bearer
from server.audit.model import FORBIDDEN, LEFT, SUCCESS, Entry
from server.db.faults import is_away
from server.edge.acts import Act
from server.edge.call import Call, enter, request_id
from server.edge.catalogue import CATALOGUE
from server.edge.details import packed_details
from server.edge.printer import Constant, to_json
from server.edge.reader import take_user
from server.edge.rules import Rule
from server.edge.sse import SsePrinter
from server.kit import trace
from server.kit.caller import Caller
from server.kit.errors import AppError, Reason, bad_request
from server.limits.rates import RateError, Rates
from server.ops.meters import CALLS, STREAMS
from transom.common.v1 import options_pb2

log = logging.getLogger("transom.edge")

_TEXT = "text/plain"
_JSON = "application/json"
_JSON_UTF8 = "application/json; charset=utf-8"
_SSE = "text/event-stream"
_SSE_HEADERS = (("cache-control", "no-cache"), ("x-accel-buffering", "no"))
# No message. Over HTTP/1.1 a status after the first byte says nothing, and a part would pass for the whole, or leave
# the client waiting for bytes that it was promised; the gateway cuts the connection of a reply that it cannot read.
_UNREADABLE = b"\xff"
# The caller left before the answer; the status under which the gateway's kind of servers logs that.
_LEFT = 499
# Statuses from here on are refusals.
_REFUSED = 400
# Bytes of a message's UTF-8. It goes out in trailing metadata, twice and escaped (up to 6 bytes for each): gRPC clients
# take 8 KiB of it, and past 60 KiB the gateway ends the connection that all callers share.
_MESSAGE_LIMIT = 1500


class SessionGate(Protocol):
    """What the edge needs of the console's sessions."""

    async def require_setup(self) -> None:
        """Raises not_setup or not_init_validated before the instance is set up."""
        ...

    async def authenticate(
        self, metadata: Mapping[str, str], *, rest_path: str, csrf_exempt: bool, before_init: bool
    ) -> Caller:
        """The account behind cookies or a bearer token. Raises unauthorized."""
        ...


class PassportGate(Protocol):
    """What the edge needs of passports."""

    async def read(self, metadata: Mapping[str, str]) -> Caller:
        """The visitor behind a passport. Raises unauthorized, not_found, bad_request."""
        ...


class AuditGate(Protocol):
    """What the edge needs of the audit log."""

    async def write(self, entry: Entry) -> None:
        """Note an act. Raises nothing."""
        ...


class Edge(grpc.aio.ServerInterceptor):
    """Wraps every RPC that has a rule; reflection and health pass untouched."""

    def __init__(
        self, rules: Mapping[str, Rule], access: AccessService, sessions: SessionGate, passports: PassportGate,
        rates: Rates | None = None, audit: AuditGate | None = None,
    ) -> None:
        self._rules = rules
        self._access = access
        self._sessions = sessions
        self._passports = passports
        self._rates = rates
        self._audit = audit
        self._notes: set[asyncio.Future[None]] = set()
        self._wrapped: dict[tuple[str, bool], grpc.RpcMethodHandler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        method = handler_call_details.method
        rule = self._rules.get(method)
        if rule is None:
            return await continuation(handler_call_details)
        rest = any(key == "x-envoy-original-path" for key, _ in handler_call_details.invocation_metadata)
        wrapped = self._wrapped.get((method, rest))
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:
                return handler
            wrapped = self._wrap(rule, handler, rest)
            self._wrapped[method, rest] = wrapped
        return wrapped

    def _wrap(self, rule: Rule, handler: Any, rest: bool) -> grpc.RpcMethodHandler:
        decode = _tolerant(handler.request_deserializer)
        encode = _identity if rest else handler.response_serializer
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(rule, handler.unary_unary, rest, streamed_request=False), decode, encode
            )
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(
                self._unary(rule, handler.stream_unary, rest, streamed_request=True), decode, encode
            )
        return grpc.unary_stream_rpc_method_handler(
            self._stream(rule, handler.unary_stream, rest),
            decode,
            _identity if rest else _encode_message,
        )

    def _unary(self, rule: Rule, behaviour: Any, rest: bool, *, streamed_request: bool) -> Any:
        async def call_unary(request: Any, context: grpc.aio.ServicerContext) -> Any:
            begun = perf_counter()
            call, span = _open(context, rest, rule)
            done = False
            try:
                await self._authorise(rule, call, None if streamed_request else _decoded(request))
                response = await behaviour(request, context)
                done = True
                # An import that failed is answered with its result, and its status beside it.
                if rule.act is not None and call.status < _REFUSED:
                    await self._note(rule.act, call, request, response, SUCCESS)
                body = _rest_body(response, rule) if rest else _message(response)
                status = call.status or rule.success_status
                if status or call.headers:
                    await context.send_initial_metadata(
                        (*call.headers, *((("x-http-status", str(status)),) if status else ()))
                    )
                return body
            except asyncio.CancelledError:
                call.status = _LEFT
                if rule.act is not None and not done:
                    self._note_later(rule.act, call, request)
                raise
            except Exception as error:
                if rule.act is not None and isinstance(error, AppError) and error.reason is Reason.FORBIDDEN:
                    await self._note(rule.act, call, request, None, FORBIDDEN)
                return await _refuse(context, call, rule, error)
            finally:
                _close(rule, call, begun, span)

        return call_unary

    async def _note(self, act: Act, call: Call, request: Any, response: Any, outcome: str) -> None:
        """Note an act of an account in the audit log, before its answer leaves."""
        if self._audit is not None and call.caller.account_id is not None:
            await self._audit.write(act.entry(call, request, response, outcome))

    def _note_later(self, act: Act, call: Call, request: Any) -> None:
        """The same when the caller left: what was begun in the database is done all the same."""
        task = asyncio.ensure_future(self._note(act, call, request, None, LEFT))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    def _stream(self, rule: Rule, behaviour: Any, rest: bool) -> Any:
        async def call_stream(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            begun = perf_counter()
            call, span = _open(context, rest, rule)
            opened = False
            STREAMS.add()
            try:
                await self._authorise(rule, call, _decoded(request))
                printer = None
                if rest:
                    # Visitors are told less of an answer than the app's owner (sse-events.md section 11).
                    simple = rule.auth == options_pb2.AUTH_PASSPORT
                    printer = SsePrinter(ids=_wants_ids(call), simple=simple)
                async for item in behaviour(request, context):
                    if not opened:
                        opened = True
                        extra = _SSE_HEADERS if isinstance(item, list) and rest else ()
                        await context.send_initial_metadata((*call.headers, *extra))
                    for part in _parts(item, printer):
                        yield part
            except (GeneratorExit, asyncio.CancelledError):
                call.status = _LEFT
                raise
            except Exception as error:
                if opened:
                    call.status, call.code = 500, Reason.INTERNAL_SERVER_ERROR.value
                    log.exception("%s: stream broken after it was opened", rule.method)
                    if rest:
                        yield _UNREADABLE
                    raise
                await _refuse(context, call, rule, error)
            finally:
                STREAMS.add(by=-1)
                _close(rule, call, begun, span)

        return call_stream

    async def _authorise(self, rule: Rule, call: Call, request: Any) -> None:
        await self._identify(rule, call, request)
        if self._rates is not None and (buckets := self._rates.buckets(call.caller)):
            try:
                call.headers += await self._rates.take(buckets)
            except RateError as error:
                call.headers += error.headers
                raise

    async def _identify(self, rule: Rule, call: Call, request: Any) -> None:
        if rule.auth == options_pb2.AUTH_APP_KEY:
            await self._authorise_app(rule, call, request)
        elif rule.auth == options_pb2.AUTH_PASSPORT:
            call.caller = await self._passports.read(call.metadata)
            _check_content_type(rule, call)
            if rule.modes and call.caller.the_app.mode not in rule.modes:
                raise AppError(Reason(rule.mode_error))
        elif rule.auth == options_pb2.AUTH_DATASET_KEY:
            call.caller = await self._access.owner_of_dataset_key(bearer(call.metadata.get("authorization")))
            _check_content_type(rule, call)
        elif rule.auth == options_pb2.AUTH_ACCOUNT:
            call.caller = await self._sessions.authenticate(
                call.metadata, rest_path=call.path, csrf_exempt=rule.csrf_exempt, before_init=rule.before_init
            )
            if rule.roles and call.caller.role not in rule.roles:
                raise AppError(Reason.FORBIDDEN)
            _check_content_type(rule, call)
        else:
            if rule.method.startswith("/transom.console.") and not rule.before_setup:
                await self._sessions.require_setup()
            _check_content_type(rule, call)

    async def _authorise_app(self, rule: Rule, call: Call, request: Any) -> None:
        app = await self._access.app_of_key(bearer(call.metadata.get("authorization")))
        if rule.end_user == options_pb2.END_USER_UNSPECIFIED and not app.has_owner:
            raise AppError(
                Reason.UNAUTHORIZED, "Tenant owner account not found or tenant is not active."
            )
        call.caller = Caller(tenant_id=app.tenant_id, app=app)
        _check_content_type(rule, call)
        if rule.user_in_body and call.rest:
            take_user(request)
        if rule.end_user == options_pb2.END_USER_REQUIRED and not request.user:
            raise AppError(Reason.INVALID_PARAM, "Arg user must be provided.")
        if rule.modes and app.mode not in rule.modes:
            raise AppError(Reason(rule.mode_error))
        if rule.end_user != options_pb2.END_USER_UNSPECIFIED:
            user = await self._access.end_user(app, request.user)
            call.caller = Caller(tenant_id=app.tenant_id, app=app, end_user=user)


def _close(rule: Rule, call: Call, begun: float, span: trace.Span) -> None:
    status = call.status or rule.success_status or 200
    CALLS.observe((rule.method[1:], str(status)), perf_counter() - begun)
    if span:
        _describe(span, rule, call, status)
    span.end()


def _describe(span: trace.Span, rule: Rule, call: Call, status: int) -> None:
    service, _, method = rule.method[1:].partition("/")
    span.set("rpc.system", "grpc")
    span.set("rpc.service", service)
    span.set("rpc.method", method)
    span.set("http.response.status_code", status)
    span.set("transom.request.id", request_id())
    span.set("transom.tenant.id", call.caller.tenant_id)
    span.set("transom.app.id", call.caller.app.app_id if call.caller.app else "")
    span.set("transom.error.code", call.code)
    if status >= 500:
        span.fail(call.code or str(status))


def _identity(data: bytes) -> bytes:
    return data


def _encode_message(message: Message) -> bytes:
    return message.SerializeToString()


def _tolerant(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Undecodable bytes become None, and in `_decoded` a 400; grpc would answer INTERNAL."""

    def attempt(data: bytes) -> Any:
        try:
            return decode(data)
        except (DecodeError, RecursionError):
            return None

    return attempt


def _decoded(request: Any) -> Any:
    if request is None:
        raise bad_request("The request is nested too deeply or is not valid.")
    return request


def _open(context: grpc.aio.ServicerContext, rest: bool, rule: Rule) -> tuple[Call, trace.Span]:
    """The call and its span, both current from here on: each call has a task of its own."""
    metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
    call = Call(request_id=metadata.get("x-request-id", ""), rest=rest, metadata=metadata)
    enter(call)
    span = trace.begin(rule.method[1:], "server", metadata)
    span.enter()
    return call, span


def _message(response: Message | Constant) -> Message:
    return response.message if isinstance(response, Constant) else response


def _rest_body(response: Message | Constant, rule: Rule) -> bytes:
    if isinstance(response, HttpBody):
        return response.SerializeToString()
    kind = _JSON_UTF8 if rule.generates else _JSON
    data = response.json if isinstance(response, Constant) else to_json(response)
    return HttpBody(content_type=kind, data=data).SerializeToString()


def _parts(item: Any, printer: SsePrinter | None) -> list[Any]:
    """What leaves for one item of a handler; with a printer in one write, for REST."""
    if printer is None:
        return item if isinstance(item, list) else [item]
    body = HttpBody(content_type=_SSE, data=printer.print(item)) if isinstance(item, list) else item
    return [body.SerializeToString()]


def _wants_ids(call: Call) -> bool:
    if "last-event-id" in call.metadata:
        return True
    _, _, query = call.path.partition("?")
    return "event_ids=true" in query.split("&")


def _check_content_type(rule: Rule, call: Call) -> None:
    if rule.json_body and call.rest:
        kind = call.metadata.get("x-rest-content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON and not kind.endswith("+json") and not (rule.text_body and kind == _TEXT):
            raise AppError(Reason.UNSUPPORTED_MEDIA_TYPE)
        if "x-rest-no-body" in call.metadata:
            raise AppError(Reason.BAD_REQUEST)


def public_error(error: BaseException) -> AppError:
    """The error that a caller may see. What is ours to answer for becomes a constant text."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, (RedisError, ConnectionError)) or is_away(error):
        return AppError(Reason.SERVICE_UNAVAILABLE, detail=str(error), retry_after=1)
    return AppError(Reason.INTERNAL_SERVER_ERROR, detail=repr(error))


async def _refuse(context: grpc.aio.ServicerContext, call: Call, rule: Rule, error: Exception) -> None:
    """End the call with an error status. Never returns."""
    if isinstance(error, grpc.aio.AbortError):
        raise error
    shown = public_error(error)
    spec = CATALOGUE[shown.reason]
    call.status, call.code = spec.http, shown.reason.value
    if spec.http >= 500:
        log.error(
            "%s failed: %s", rule.method, shown.detail or shown.reason,
            exc_info=error if shown is not error and spec.http == 500 else None,
        )
    message = _shortened(spec.message if shown.message is None else shown.message)
    trailing: list[tuple[str, str | bytes]] = list(call.headers)
    if shown.retry_after is not None:
        trailing.append(("retry-after", str(max(1, round(shown.retry_after)))))
    if spec.http == 401:
        trailing.append(("www-authenticate", 'Bearer realm="api"'))
    if call.rest:
        body = {"code": shown.reason.value, "message": message, "status": spec.http}
        if shown.params is not None:
            body["params"] = shown.params
        if shown.bare:
            body["error"] = message
        trailing += [("x-http-status", str(spec.http)), ("x-error-body", json.dumps(body))]
    else:
        trailing.append(("grpc-status-details-bin", packed_details(spec.grpc, shown, message)))
    await context.abort(spec.grpc, message, tuple(trailing))


def _shortened(message: str) -> str:
    return message.encode(errors="replace")[:_MESSAGE_LIMIT].decode(errors="ignore")
