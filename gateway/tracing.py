"""What Envoy needs to trace calls: a span each, sent to an OpenTelemetry collector, and its context for the server."""

from __future__ import annotations

from gateway.typed import METHOD, Json, typed

_SAMPLERS = "tracers.opentelemetry.samplers.v3"
_NAME = "collector"
_MILLION = 1_000_000
# Spans wait so long for others; as in the server (server/ops/tracing.py).
RUNTIME: Json = {"tracing": {"opentelemetry": {"flush_interval_ms": 1000, "min_flush_spans": 512}}}


def tracing(share: float) -> Json:
    """Fields of the connection manager. A caller's traceparent decides; without one, ``share`` of the calls."""
    return {
        "tracing": {
            "provider": {
                "name": "envoy.tracers.opentelemetry",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
                    "service_name": "transom-gateway",
                    "grpc_service": {"envoy_grpc": {"cluster_name": _NAME}, "timeout": "5s"},
                    "sampler": _sampler(share),
                },
            },
            # The RPC, for there are as many paths as things.
            "operation": f"{METHOD} %PATH(NQ:PATH)%",
            "custom_tags": [
                {"tag": "http.method", "value": METHOD},
                # Without what is asked for by query: that may sign a link, or be what somebody looks for.
                {"tag": "http.url", "value": "%PATH(NQ:ORIG_OR_PATH)%"},
                {"tag": "transom.error.code", "value": "%DYNAMIC_METADATA(gw:code)%"},
            ],
        },
        # Neither packed with a decision, which would change the id that a caller chose, nor asked for one.
        "request_id_extension": {
            "typed_config": typed(
                "request_id.uuid.v3.UuidRequestIdConfig", pack_trace_reason=False,
                use_request_id_for_trace_sampling=False,
            )
        },
    }


def _sampler(share: float) -> Json:
    part = {"numerator": round(share * _MILLION), "denominator": "MILLION"}
    alone = {
        "name": "envoy.tracers.opentelemetry.samplers.trace_id_ratio_based",
        "typed_config": typed(f"{_SAMPLERS}.TraceIdRatioBasedSamplerConfig", sampling_percentage=part),
    }
    return {
        "name": "envoy.tracers.opentelemetry.samplers.parent_based",
        "typed_config": typed(f"{_SAMPLERS}.ParentBasedSamplerConfig", wrapped_sampler=alone),
    }


def collector_cluster(host: str, port: int) -> Json:
    """Where spans go, over HTTP/2 without TLS. That it is slow or away costs spans and nothing else."""
    address = {"socket_address": {"address": host, "port_value": port}}
    return {
        "name": _NAME,
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": _NAME,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
