"""Envoy's bootstrap configuration (static; Envoy 1.40; envoy-transcoding.md section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.contract import Binding, overriding, plain_services
from gateway.replies import mappers, native_only, rest_only
from gateway.routes import TRAILERS, virtual_host
from gateway.tracing import RUNTIME, collector_cluster, tracing
from gateway.typed import IDLE, METHOD, MIB, PUBLIC_BUFFER, Json, typed, typed_filter

_JSON_LIMIT = 15 * MIB
_UPLOAD_LIMIT = 115 * MIB
# What a server may say behind an answer that has begun; over HTTP/2 REST clients would see it.
_TRAILERS = ("grpc-status", "grpc-message", "grpc-status-details-bin", "x-http-status", "x-error-body")


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are at run time."""

    port: int
    admin_port: int
    # (host, port) of each server process. Processes that share a port would not share the work.
    endpoints: Sequence[tuple[str, int]]
    # Files that Envoy reads: the REST view, and the Lua that shapes replies.
    descriptor: str
    lua: str
    listen: str = "0.0.0.0"  # noqa: S104 - the gateway is the public part
    log_path: str = "/dev/stdout"
    # Web pages that may call the console with cookies.
    console_origins: Sequence[str] = ()
    # (host, port) of an OpenTelemetry collector, and the share of the calls that it gets; None: nothing is traced.
    collector: tuple[str, int] | None = None
    traced_share: float = 1.0


def bootstrap(found: Sequence[Binding], place: Place) -> Json:
    """Build the whole configuration."""
    return {
        # Envoy's own pages can stop it: never public.
        "admin": {"address": _address("127.0.0.1", place.admin_port)},
        "layered_runtime": {
            "layers": [
                {
                    "name": "static",
                    "static_layer": {
                        "re2": {"max_program_size": {"error_level": 20000, "warn_level": 10000}},
                        **(RUNTIME if place.collector else {}),
                    },
                }
            ]
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": typed(
                        "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                        max_active_downstream_connections=50000,
                    ),
                }
            ]
        },
        "static_resources": {
            "listeners": [_listener(found, place)],
            "clusters": [_cluster(place), *([collector_cluster(*place.collector)] if place.collector else [])],
        },
    }


def _address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def _listener(found: Sequence[Binding], place: Place) -> Json:
    manager = typed(
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
        # The server takes 32 KiB of metadata, and the gateway adds some of its own.
        max_request_headers_kb=24,
        request_headers_timeout="10s",
        stream_idle_timeout=IDLE,
        drain_timeout="5s",
        common_http_protocol_options={"idle_timeout": "3600s", "max_headers_count": 100},
        http2_protocol_options={
            "max_concurrent_streams": 1024,
            "initial_stream_window_size": MIB,
            "initial_connection_window_size": 4 * MIB,
        },
        local_reply_config={"mappers": mappers(found)},
        access_log=_access_logs(place),
        http_filters=_filters(found, place),
        **(tracing(place.traced_share) if place.collector else {}),
        route_config={
            "name": "public",
            "virtual_hosts": [
                virtual_host(
                    found, lambda services, ignored: _transcoder(place, services, ignored), place.console_origins
                )
            ],
        },
    )
    return {
        "name": "public",
        "address": _address(place.listen, place.port),
        "per_connection_buffer_limit_bytes": PUBLIC_BUFFER,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def _access_logs(place: Place) -> list[Json]:
    """One JSON line a call. Of a REST call it says our error code, of a native one the gRPC status."""
    head = {"ts": "%START_TIME%"}
    tail = {
        "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "ms": "%DURATION%",
        "ttfb_ms": "%RESPONSE_DURATION%",
        "rx": "%BYTES_RECEIVED%",
        "tx": "%BYTES_SENT%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        **({"trace_id": "%TRACE_ID%"} if place.collector else {}),
        "upstream": "%UPSTREAM_HOST%",
    }
    rest = {
        "method": METHOD,
        # Without the query: tokens of invitations and signatures of files come in it.
        "path": "%PATH(NQ:ORIG_OR_PATH)%",
        "rpc": "%PATH(NQ:PATH)%",
        "status": "%RESPONSE_CODE%",
        "code": "%DYNAMIC_METADATA(gw:code)%",
    }
    native = {"rpc": "%REQ(:PATH)%", "status": "%RESPONSE_CODE%", "grpc_status": "%GRPC_STATUS(SNAKE_STRING)%"}
    return [
        {
            "name": "envoy.access_loggers.file",
            "filter": which,
            "typed_config": typed(
                "access_loggers.file.v3.FileAccessLog",
                path=place.log_path,
                log_format={"json_format": {**head, **fields, **tail}},
            ),
        }
        for which, fields in ((rest_only(), rest), (native_only(), native))
    ]


def _transcoder(place: Place, services: Sequence[str], ignored: Sequence[str]) -> Json:
    return typed(
        "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor=place.descriptor,
        services=list(services),
        print_options={"preserve_proto_field_names": True, "always_print_primitive_fields": True},
        ignore_unknown_query_parameters=True,
        # They would win over the path.
        ignored_query_parameters=list(ignored),
        query_param_unescape_plus=True,
        case_insensitive_enum_parsing=True,
        max_request_body_size=16 * MIB,
        max_response_body_size=64 * MIB,
        request_validation_options={"reject_unknown_method": True, "reject_binding_body_field_collisions": True},
    )


def _filters(found: Sequence[Binding], place: Place) -> list[Json]:
    """Build the chain. Replies pass it from the last to the first: what stands before the transcoder sees REST."""
    return [
        typed_filter(
            "envoy.filters.http.health_check",
            "filters.http.health_check.v3.HealthCheck",
            pass_through_mode=False,
            headers=[{"name": ":path", "string_match": {"exact": "/health"}}],
            cluster_min_healthy_percentages={"grpc": {"value": 1}},
        ),
        typed_filter("envoy.filters.http.cors", "filters.http.cors.v3.Cors"),
        typed_filter(
            "envoy.filters.http.compressor",
            "filters.http.compressor.v3.Compressor",
            # Compressed, an empty body is 20 bytes that a reader of a 204 takes for the next reply.
            response_direction_config={
                "common_config": {"min_content_length": 1024},
                "uncompressible_response_codes": [204],
            },
            compressor_library={
                "name": "gzip",
                "typed_config": typed("compression.gzip.compressor.v3.Gzip", compression_level="BEST_SPEED"),
            },
        ),
        typed_filter("envoy.filters.http.grpc_web", "filters.http.grpc_web.v3.GrpcWeb"),
        typed_filter("rest_shape", "filters.http.lua.v3.Lua", default_source_code={"filename": place.lua}),
        typed_filter("limit_json", "filters.http.body_size_limit.v3.BodySizeLimit", max_request_bytes=_JSON_LIMIT),
        typed_filter(
            "limit_upload",
            "filters.http.body_size_limit.v3.BodySizeLimit",
            disabled=True,
            max_request_bytes=_UPLOAD_LIMIT,
        ),
        typed_filter(
            "envoy.filters.http.json_to_metadata",
            "filters.http.json_to_metadata.v3.JsonToMetadata",
            disabled=True,
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
        typed_filter(
            TRAILERS,
            "filters.http.header_mutation.v3.HeaderMutation",
            disabled=True,
            mutations={"response_trailers_mutations": [{"remove": name} for name in _TRAILERS]},
        ),
        {
            "name": "envoy.filters.http.grpc_json_transcoder",
            "typed_config": _transcoder(place, plain_services(found), overriding(found)),
        },
        typed_filter("envoy.filters.http.router", "filters.http.router.v3.Router"),
    ]


def _cluster(place: Place) -> Json:
    protocol: dict[str, Any] = {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {
            "http2_protocol_options": {
                "max_concurrent_streams": 16384,
                "initial_stream_window_size": MIB,
                "initial_connection_window_size": 8 * MIB,
                "connection_keepalive": {"interval": "30s", "timeout": "5s"},
            }
        },
    }
    limits = {"max_connections": 1024, "max_pending_requests": 8192, "max_requests": 32768, "max_retries": 64}
    return {
        "name": "grpc",
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {"thresholds": [limits]},
        "health_checks": [
            {
                # A busy process answers late and is still the one to ask; a dead one refuses at once.
                "timeout": "3s",
                "interval": "2s",
                "no_traffic_interval": "1s",
                "unhealthy_threshold": 2,
                "healthy_threshold": 1,
                "initial_jitter": "0s",
                "unhealthy_interval": "0.5s",
                "no_traffic_healthy_interval": "2s",
                "grpc_health_check": {},
            }
        ],
        # Rather an honest 503 than a call to a process that said it is not serving.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": protocol},
        "load_assignment": {
            "cluster_name": "grpc",
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": _address(host, port)}} for host, port in place.endpoints]}
            ],
        },
    }
