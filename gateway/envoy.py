"""Renders Envoy's configuration (static; Envoy 1.40)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.contract import Binding, pairs

_V3 = "type.googleapis.com/envoy.extensions"
_MIB = 1024 * 1024
_JSON_LIMIT = 15 * _MIB
_UPLOAD_LIMIT = 115 * _MIB
_IDLE = "600s"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are at run time."""

    port: int
    admin_port: int
    endpoints: Sequence[tuple[str, int]]
    descriptor: str
    lua: str
    listen: str = "0.0.0.0"  # noqa: S104 - the gateway is the public part
    admin: str = "127.0.0.1"


def _typed(kind: str, **fields: Any) -> Json:
    return {"@type": f"{_V3}.{kind}", **fields}


def _filter(name: str, kind: str, *, disabled: bool = False, **fields: Any) -> Json:
    found: Json = {"name": name, "typed_config": _typed(kind, **fields)}
    return {**found, "disabled": True} if disabled else found


_ON = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}}
_OFF = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True, "config": {}}


def render(found: Sequence[Binding], place: Place) -> Json:
    """The whole bootstrap configuration."""
    return {
        "admin": {"address": _address(place.admin, place.admin_port)},
        "layered_runtime": {
            "layers": [
                {
                    "name": "static",
                    "static_layer": {
                        "re2": {"max_program_size": {"error_level": 20000, "warn_level": 10000}},
                        "overload": {"global_downstream_max_connections": 50000},
                    },
                }
            ]
        },
        "static_resources": {
            "listeners": [_listener(found, place)],
            "clusters": [_cluster(place)],
        },
    }


def _address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def _listener(found: Sequence[Binding], place: Place) -> Json:
    manager = _typed(
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="public",
        codec_type="AUTO",
        use_remote_address=True,
        generate_request_id=True,
        preserve_external_request_id=True,
        always_set_request_id_in_response=True,
        server_header_transformation="PASS_THROUGH",
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        max_request_headers_kb=32,
        request_headers_timeout="10s",
        stream_idle_timeout=_IDLE,
        drain_timeout="5s",
        common_http_protocol_options={"idle_timeout": "3600s", "max_headers_count": 100},
        http2_protocol_options={
            "max_concurrent_streams": 256, "initial_stream_window_size": _MIB, "initial_connection_window_size": 4 * _MIB,
        },
        local_reply_config={"mappers": _mappers(found)},
        access_log=[_access_log()],
        http_filters=_filters(found, place),
        route_config={"name": "public", "virtual_hosts": [_virtual_host(found, place)]},
    )
    return {
        "name": "public",
        "address": _address(place.listen, place.port),
        "per_connection_buffer_limit_bytes": _MIB,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def _access_log() -> Json:
    fields = {
        "ts": "%START_TIME%", "method": "%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%",
        "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "rpc": "%REQ(:PATH)%", "status": "%RESPONSE_CODE%",
        "grpc_status": "%GRPC_STATUS(SNAKE_STRING)%", "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%", "ms": "%DURATION%", "ttfb_ms": "%RESPONSE_DURATION%",
        "rx": "%BYTES_RECEIVED%", "tx": "%BYTES_SENT%", "request_id": "%REQ(X-REQUEST-ID)%",
        "upstream": "%UPSTREAM_HOST%",
    }
    return {
        "name": "envoy.access_loggers.stdout",
        "typed_config": _typed("access_loggers.stream.v3.StdoutAccessLog", log_format={"json_format": fields}),
    }


def _transcoder(place: Place, services: Sequence[str]) -> Json:
    return _typed(
        "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor=place.descriptor,
        services=list(services),
        print_options={"preserve_proto_field_names": True, "always_print_primitive_fields": True},
        ignore_unknown_query_parameters=True,
        query_param_unescape_plus=True,
        case_insensitive_enum_parsing=True,
        max_request_body_size=16 * _MIB,
        max_response_body_size=64 * _MIB,
        request_validation_options={"reject_unknown_method": True, "reject_binding_body_field_collisions": True},
    )


def _filters(found: Sequence[Binding], place: Place) -> list[Json]:
    return [
        _filter(
            "envoy.filters.http.health_check", "filters.http.health_check.v3.HealthCheck",
            pass_through_mode=False, headers=[{"name": ":path", "string_match": {"exact": "/health"}}],
            cluster_min_healthy_percentages={"grpc": {"value": 1}},
        ),
        _filter("envoy.filters.http.cors", "filters.http.cors.v3.Cors"),
        _filter(
            "envoy.filters.http.compressor", "filters.http.compressor.v3.Compressor",
            response_direction_config={"common_config": {"min_content_length": 1024}},
            compressor_library={
                "name": "gzip",
                "typed_config": _typed("compression.gzip.compressor.v3.Gzip", compression_level="BEST_SPEED"),
            },
        ),
        _filter("envoy.filters.http.grpc_web", "filters.http.grpc_web.v3.GrpcWeb"),
        _filter("rest_shape", "filters.http.lua.v3.Lua", default_source_code={"filename": place.lua}),
        _filter("limit_json", "filters.http.body_size_limit.v3.BodySizeLimit", max_request_bytes=_JSON_LIMIT),
        _filter(
            "limit_upload", "filters.http.body_size_limit.v3.BodySizeLimit", disabled=True, max_request_bytes=_UPLOAD_LIMIT
        ),
        _filter(
            "envoy.filters.http.json_to_metadata", "filters.http.json_to_metadata.v3.JsonToMetadata", disabled=True,
            request_rules={
                "allow_empty_content_type": True,
                "allow_content_types_regex": {"regex": ".*"},
                "rules": [
                    {
                        "selectors": [{"key": "response_mode"}],
                        "on_present": {"metadata_namespace": "rest", "key": "mode"},
                        "on_missing": {"metadata_namespace": "rest", "key": "mode", "value": "missing"},
                        "on_error": {"metadata_namespace": "rest", "key": "mode", "value": "error"},
                    }
                ],
            },
        ),
        {"name": "envoy.filters.http.grpc_json_transcoder", "typed_config": _transcoder(place, plain_services(found))},
        _filter("envoy.filters.http.router", "filters.http.router.v3.Router"),
    ]


def plain_services(found: Sequence[Binding]) -> list[str]:
    """Services of the main transcoder: all but the streaming twins, which share a path with a blocking RPC."""
    twins = {stream.service for _, stream in pairs(found)}
    return sorted({binding.service for binding in found} - twins)


def _virtual_host(found: Sequence[Binding], place: Place) -> Json:
    cors = _typed(
        "filters.http.cors.v3.CorsPolicy",
        allow_origin_string_match=[{"prefix": "http"}],
        allow_methods="GET, POST, PUT, PATCH, DELETE, OPTIONS",
        allow_headers="authorization, content-type, last-event-id, x-app-code, x-csrf-token, x-grpc-web, x-user-agent",
        expose_headers="x-request-id, grpc-status, grpc-message",
        allow_credentials=True,
        max_age="86400",
    )
    return {
        "name": "all",
        "domains": ["*"],
        "typed_per_filter_config": {"envoy.filters.http.cors": cors},
        "routes": [*_path_routes(found, place), *_rpc_routes(found)],
    }


def _path_routes(found: Sequence[Binding], place: Place) -> list[Json]:
    """Matched before transcoding, on the REST path: per-path filter settings."""
    routes = []
    for _, stream in pairs(found):
        match = {**_place_of(stream), "headers": [_verb(stream)]}
        wanted = {"filter": "rest", "path": [{"key": "mode"}], "value": {"string_match": {"exact": "streaming"}}}
        for twin in (True, False):
            filters: Json = {"envoy.filters.http.json_to_metadata": _ON}
            if twin:
                filters["envoy.filters.http.grpc_json_transcoder"] = _transcoder(place, [stream.service])
            routes.append(
                {
                    "match": {**match, **({"dynamic_metadata": [wanted]} if twin else {})},
                    "route": {"cluster": "grpc", "timeout": "0s"},
                    "request_body_buffer_limit": 16 * _MIB,
                    "typed_per_filter_config": filters,
                }
            )
    for binding in found:
        if binding.uploads:
            routes.append(
                {
                    "match": {**_place_of(binding), "headers": [_verb(binding)]},
                    "route": {"cluster": "grpc", "timeout": "0s"},
                    "typed_per_filter_config": {"limit_json": _OFF, "limit_upload": _ON},
                }
            )
    return routes


def _place_of(binding: Binding) -> Json:
    return {"safe_regex": {"regex": binding.regex + "/?"}} if "{" in binding.path else {"path": binding.path}


def _verb(binding: Binding) -> Json:
    return {"name": ":method", "string_match": {"exact": binding.verb}}


def _rpc_routes(found: Sequence[Binding]) -> list[Json]:
    """Matched after transcoding, and for native calls, on the RPC: time limits and retries."""
    unbounded = sorted({binding.rpc for binding in found if binding.streams or binding.uploads or waits(binding)})
    get = {"name": "x-envoy-original-method", "string_match": {"exact": "GET"}}
    retry = {
        "retry_on": "connect-failure,refused-stream,unavailable", "num_retries": 2,
        "retry_back_off": {"base_interval": "0.05s"},
    }
    return [
        *(
            {"match": {"path": rpc}, "route": {"cluster": "grpc", "timeout": "0s", "idle_timeout": _IDLE}}
            for rpc in unbounded
        ),
        {
            "match": {"prefix": "/transom.", "headers": [get]},
            "route": {"cluster": "grpc", "timeout": "60s", "retry_policy": retry},
        },
        {"match": {"prefix": "/transom."}, "route": {"cluster": "grpc", "timeout": "60s"}},
        {"match": {"prefix": "/grpc."}, "route": {"cluster": "grpc", "timeout": "0s", "idle_timeout": _IDLE}},
        {"match": {"prefix": "/"}, "route": {"cluster": "grpc", "timeout": "60s"}},
    ]


def waits(binding: Binding) -> bool:
    """A blocking RPC that waits for a model as long as its streaming twin would."""
    return any(field.name == "response_mode" for field in binding.method.input_type.fields)


def _cluster(place: Place) -> Json:
    protocol = {
        "@type": f"{_V3}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {
            "http2_protocol_options": {
                "max_concurrent_streams": 16384,
                "initial_stream_window_size": _MIB,
                "initial_connection_window_size": 8 * _MIB,
                "connection_keepalive": {"interval": "30s", "timeout": "5s"},
            }
        },
    }
    limits = {"max_connections": 1024, "max_pending_requests": 8192, "max_requests": 32768, "max_retries": 64}
    return {
        "name": "grpc",
        "type": "STRICT_DNS",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {"thresholds": [limits]},
        "health_checks": [
            {
                "timeout": "1s", "interval": "2s", "no_traffic_interval": "1s", "unhealthy_threshold": 2,
                "healthy_threshold": 1, "initial_jitter": "0s", "unhealthy_interval": "0.5s",
                "no_traffic_healthy_interval": "2s", "grpc_health_check": {},
            }
        ],
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol},
        "load_assignment": {
            "cluster_name": "grpc",
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": _address(host, port)}} for host, port in place.endpoints]}
            ],
        },
    }


# Envoy's own errors in our envelope (envoy-transcoding.md 2.3)

_NOT_FOUND = (
    "The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)
_CODES = {
    400: "invalid_param", 408: "request_timeout", 413: "file_too_large", 415: "unsupported_media_type",
    429: "too_many_requests", 431: "request_header_fields_too_large", 502: "bad_gateway",
    503: "service_unavailable", 504: "gateway_timeout",
}


def _mappers(found: Sequence[Binding]) -> list[Json]:
    known = [
        {
            "header_filter": {
                "header": {
                    "name": ":path",
                    "string_match": {"safe_regex": {"regex": f"({'|'.join(group)})/?([?].*)?"}},
                }
            }
        }
        for group in _groups(sorted({binding.regex for binding in found}), 12)
    ]
    return [
        _mapper(
            [_status("EQ", 404), {"or_filter": {"filters": known}}],
            _body("method_not_allowed", "The method is not allowed for the requested URL.", "405"), status_code=405,
        ),
        _mapper([_status("EQ", 404)], _body("not_found", _NOT_FOUND)),
        *(_mapper([_status("EQ", number)], _body(code)) for number, code in _CODES.items()),
        _mapper([_status("GE", 400)], _body("internal_server_error")),
    ]


def _groups(items: Sequence[str], size: int) -> list[Sequence[str]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def _rest_only() -> Json:
    """Native gRPC calls keep their own errors."""
    content = {
        "name": "content-type", "string_match": {"prefix": "application/grpc"}, "invert_match": True,
        "treat_missing_header_as_empty": True,
    }
    return {
        "or_filter": {
            "filters": [
                {"header_filter": {"header": content}},
                {"header_filter": {"header": {"name": "x-envoy-original-path", "present_match": True}}},
            ]
        }
    }


def _status(operator: str, number: int) -> Json:
    return {
        "status_code_filter": {
            "comparison": {"op": operator, "value": {"default_value": number, "runtime_key": "unused"}}
        }
    }


def _body(code: str, message: str = "%LOCAL_REPLY_BODY%", status: str = "%RESPONSE_CODE%") -> Json:
    shown: object = int(status) if status.isdigit() else status
    return {"json_format": {"code": code, "message": message, "status": shown}}


def _mapper(filters: Sequence[Json], body: Json, **fields: Any) -> Json:
    return {"filter": {"and_filter": {"filters": [_rest_only(), *filters]}}, "body_format_override": body, **fields}
