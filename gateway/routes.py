"""Envoy's routes.

Envoy picks a route twice: by the REST path, which decides the settings of filters, and after
transcoding by the RPC, which decides time limits and retries. Native calls only meet the second kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gateway.contract import Binding, overriding, pairs, plain_services
from gateway.typed import IDLE, MIB, OFF, ON, Json, typed

_UNARY_TIMEOUT = "60s"
_BODY_BUFFER = 16 * MIB
_CORS = "envoy.filters.http.cors"
# What no browser sends: an origin has a scheme, or is "null".
_NO_ORIGIN = "none"
_TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
# Takes trailers away, which mean something to gRPC clients alone.
TRAILERS = "rest_trailers"
_CONSOLE = "/console/api"
_UPLOAD_LIMITS: Json = {"limit_json": OFF, "limit_upload": ON}
# The call cannot have begun anywhere.
_UNSTARTED = "connect-failure,refused-stream"

# Makes the filter's configuration from a list of services and the query parameters to ignore.
Transcoder = Callable[[Sequence[str], Sequence[str]], Json]


def virtual_host(found: Sequence[Binding], transcoder: Transcoder, console_origins: Sequence[str]) -> Json:
    """Build all routes."""
    return {
        "name": "all",
        "domains": ["*"],
        # Keys come in a header that a page must set itself, so any page may call; no cookies.
        "typed_per_filter_config": {_CORS: _cors([{"safe_regex": {"regex": ".*"}}], credentials=False), TRAILERS: ON},
        "routes": [
            *_heads(found),
            *_pairs(found, transcoder, console_origins),
            *_uploads(found, console_origins),
            *_queries(found, transcoder, console_origins),
            _console(console_origins),
            *_rpcs(found),
        ],
    }


def _cors(origins: Sequence[Json], *, credentials: bool) -> Json:
    return typed(
        "filters.http.cors.v3.CorsPolicy",
        allow_origin_string_match=list(origins),
        allow_methods="GET, POST, PUT, PATCH, DELETE, OPTIONS",
        allow_headers=(
            "authorization, content-type, grpc-timeout, last-event-id, x-app-code, x-app-passport, x-csrf-token, "
            "x-grpc-web, x-request-id, x-user-agent"
        ),
        expose_headers="x-request-id, grpc-status, grpc-message, content-disposition, retry-after, "
        "ratelimit-limit, ratelimit-remaining, ratelimit-reset",
        allow_credentials=credentials,
        max_age="86400",
    )


def _heads(found: Iterable[Binding]) -> list[Json]:
    """Answer HEAD as GET without a body (rest_shape.lua), except where GET is a stream of events: 405.

    gzip is off, as it would end an empty body with bytes of its own.
    """
    head = {"name": ":method", "string_match": {"exact": "HEAD"}}
    plain: Json = {"route": {"cluster": "grpc"}, "typed_per_filter_config": {"envoy.filters.http.compressor": OFF}}
    streams = [binding for binding in found if binding.verb == "GET" and binding.sends_events]
    return [
        *(
            {
                "match": {"safe_regex": {"regex": binding.regex}, "headers": [head]},
                "metadata": {"filter_metadata": {"rest_shape": {"no_head": True}}},
                **plain,
            }
            for binding in streams
        ),
        {"match": {"prefix": "/", "headers": [head]}, **plain},
    ]


def _pairs(found: Sequence[Binding], transcoder: Transcoder, console_origins: Sequence[str]) -> list[Json]:
    """Send `"response_mode": "streaming"` to the streaming half (envoy-transcoding.md section 4).

    A GET says it in its query.
    """
    wanted = {"filter": "rest", "path": [{"key": "mode"}], "value": {"string_match": {"exact": "streaming"}}}
    asked = {"name": "response_mode", "string_match": {"exact": "streaming"}}
    routes = []
    for _, stream in pairs(found):
        in_query = stream.verb == "GET"
        reads_body = {} if in_query else {"envoy.filters.http.json_to_metadata": ON}
        reads_body |= _cors_of(stream, console_origins)
        streaming = {**reads_body, _TRANSCODER: transcoder([stream.service], overriding(found))}
        picked = {"query_parameters": [asked]} if in_query else {"dynamic_metadata": [wanted]}
        for match, filters in ((picked, streaming), ({}, reads_body)):
            routes.append(
                {
                    "match": {**_match(stream), **match},
                    "route": {"cluster": "grpc", "timeout": "0s"},
                    "request_body_buffer_limit": _BODY_BUFFER,
                    "typed_per_filter_config": filters,
                }
            )
    return routes


def _uploads(found: Iterable[Binding], console_origins: Sequence[str]) -> list[Json]:
    return [
        {
            "match": _match(binding),
            "route": {"cluster": "grpc", "timeout": "0s"},
            "typed_per_filter_config": {**_UPLOAD_LIMITS, **_cors_of(binding, console_origins)},
        }
        for binding in found
        if binding.uploads
    ]


def _queries(found: Sequence[Binding], transcoder: Transcoder, console_origins: Sequence[str]) -> list[Json]:
    """Let a path take by query what is a variable of another path, and is ignored in queries everywhere else."""
    every = {name for binding in found for name in binding.variables}
    routes = []
    for binding in found:
        wanted = binding.queries & every
        if wanted:
            own = transcoder(plain_services(found), overriding(found, allowed=wanted))
            routes.append(
                {
                    "match": _match(binding),
                    "route": {"cluster": "grpc", "timeout": _UNARY_TIMEOUT},
                    "typed_per_filter_config": {_TRANSCODER: own, **_cors_of(binding, console_origins)},
                }
            )
    return routes


def _console(origins: Sequence[str]) -> Json:
    return {
        "match": {"prefix": _CONSOLE},
        "route": {"cluster": "grpc", "timeout": _UNARY_TIMEOUT},
        "typed_per_filter_config": _console_cors(origins),
    }


def _cors_of(binding: Binding, console_origins: Sequence[str]) -> Json:
    """What a route of its own says about pages, when it is one of the console's."""
    return _console_cors(console_origins) if binding.path.startswith(_CONSOLE) else {}


def _console_cors(origins: Sequence[str]) -> Json:
    """Let only named pages call the console: its cookies speak for a person.

    For an empty list Envoy takes the virtual host's, which is any page: no page at all needs a name too.
    """
    return {_CORS: _cors([{"exact": origin} for origin in origins or [_NO_ORIGIN]], credentials=True)}


def _match(binding: Binding) -> Json:
    verb = {"name": ":method", "string_match": {"exact": binding.verb}}
    return {"safe_regex": {"regex": binding.regex}, "headers": [verb]}


def _rpcs(found: Sequence[Binding]) -> list[Json]:
    get = {"name": "x-envoy-original-method", "string_match": {"exact": "GET"}}
    unary = {"cluster": "grpc", "timeout": _UNARY_TIMEOUT}
    unbounded = {"cluster": "grpc", "timeout": "0s", "idle_timeout": IDLE}
    # Native calls meet these first, and keep their trailers. For those that were transcoded it is decided by then.
    native: Json = {"typed_per_filter_config": {TRAILERS: OFF}}
    return [
        *(
            {"match": {"path": rpc}, "route": unbounded, "typed_per_filter_config": {**_UPLOAD_LIMITS, TRAILERS: OFF}}
            for rpc in _names(binding for binding in found if binding.uploads)
        ),
        *(
            {"match": {"path": rpc}, "route": {**unbounded, "retry_policy": _retry("unavailable,reset")}, **native}
            for rpc in _names(binding for binding in found if binding.streams and binding.verb == "GET")
        ),
        *(
            {"match": {"path": rpc}, "route": {**unbounded, "retry_policy": _retry()}, **native}
            for rpc in _names(binding for binding in found if binding.picks_mode or binding.streams)
        ),
        {
            "match": {"prefix": "/transom.", "headers": [get]},
            "route": {**unary, "retry_policy": _retry("unavailable,reset")}, **native,
        },
        {"match": {"prefix": "/transom."}, "route": {**unary, "retry_policy": _retry()}, **native},
        # Health and reflection, whose calls may stay open.
        {"match": {"prefix": "/grpc."}, "route": unbounded, **native},
        # Whatever else there is goes to the transcoder, which knows it or answers 404.
        {"match": {"prefix": "/"}, "route": unary},
    ]


def _names(found: Iterable[Binding]) -> list[str]:
    return sorted({binding.rpc for binding in found})


def _retry(more: str = "") -> Json:
    """Try again on another process: always what never began, and for reads (``more``) what failed half way."""
    return {
        "retry_on": f"{_UNSTARTED},{more}" if more else _UNSTARTED,
        "num_retries": 2,
        "retry_back_off": {"base_interval": "0.05s"},
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": typed("retry.host.previous_hosts.v3.PreviousHostsPredicate"),
            }
        ],
        # The balancer prefers the process with the fewest calls, which is the one that just went: it must be asked
        # often until it names another.
        "host_selection_retry_max_attempts": 32,
    }
