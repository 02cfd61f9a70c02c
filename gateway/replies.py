"""What Envoy itself answers, in our error envelope (envoy-transcoding.md 2.3; errors.md section 1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.contract import Binding
from gateway.typed import Json, typed

_STATUS = "%RESPONSE_CODE%"
_NOT_FOUND = (
    "The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)
_BAD_REQUEST = "The browser (or proxy) sent a request that this server could not understand."
_TOO_LARGE = "The data value transmitted exceeds the capacity limit."
_CODES = {
    400: ("bad_request", _BAD_REQUEST),
    408: ("request_timeout", "The request did not arrive in time, or its stream was silent for too long."),
    413: ("request_entity_too_large", _TOO_LARGE),
    415: ("unsupported_media_type", "The server does not support the media type of the request."),
    429: ("too_many_requests", "Too many requests. Please try again later."),
    431: ("request_header_fields_too_large", "The headers of the request are too large."),
    502: ("bad_gateway", "The server gave an answer that cannot be read. Please try again."),
    503: ("service_unavailable", "The server is not available right now. Please try again."),
    504: ("gateway_timeout", "The server did not answer in time."),
}
_PATHS_IN_ONE_REGEX = 12


def mappers(found: Sequence[Binding]) -> list[Json]:
    """Build the mappers; the first that fits answers. Replies of the server do not pass here."""
    uploads = [binding.regex for binding in found if binding.uploads]
    return [
        _mapper(
            [_status("EQ", 404), _path_is(binding.regex for binding in found)], *_method_not_allowed(), becomes=405
        ),
        _mapper([_status("EQ", 404)], "not_found", _NOT_FOUND),
        # The transcoder's own sentence: rest_shape.lua tells a wrong field from a broken body.
        _mapper([_status("EQ", 400), _from_transcoder()], "invalid_param", "%LOCAL_REPLY_BODY%"),
        *([_mapper([_status("EQ", 413), _path_is(uploads)], "file_too_large", _TOO_LARGE)] if uploads else []),
        *(_mapper([_status("EQ", number)], code, message) for number, (code, message) in _CODES.items()),
        _mapper([_status("GE", 400)], "internal_server_error", "The gateway could not complete the request."),
    ]


def _method_not_allowed() -> tuple[str, str]:
    return "method_not_allowed", "The method is not allowed for the requested URL."


def _mapper(filters: Sequence[Json], code: str, message: str, *, becomes: int = 0) -> Json:
    shown = {"code": code, "message": message, "status": becomes or _STATUS}
    return {
        "filter": {"and_filter": {"filters": [rest_only(), *filters]}},
        "body_format_override": {"json_format": shown},
        **({"status_code": becomes} if becomes else {}),
    }


def rest_only() -> Json:
    """Leave native calls their own errors; what the transcoder turned into gRPC is REST."""
    return {"or_filter": {"filters": [_typed_as_grpc(False), _transcoded(True)]}}


def native_only() -> Json:
    """Take what came as gRPC or gRPC-Web."""
    return {"and_filter": {"filters": [_typed_as_grpc(True), _transcoded(False)]}}


def _typed_as_grpc(yes: bool) -> Json:
    kind = {"prefix": "application/grpc"}
    header = {"name": "content-type", "string_match": kind, "treat_missing_header_as_empty": True}
    return {"header_filter": {"header": header if yes else {**header, "invert_match": True}}}


def _transcoded(yes: bool) -> Json:
    return {"header_filter": {"header": {"name": "x-envoy-original-path", "present_match": yes}}}


def _status(operator: str, number: int) -> Json:
    value = {"default_value": number, "runtime_key": "unused"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def _from_transcoder() -> Json:
    return {
        "extension_filter": {
            "name": "envoy.access_loggers.extension_filters.cel",
            "typed_config": typed(
                "access_loggers.filters.cel.v3.ExpressionFilter",
                expression='response.code_details.contains("grpc_json_transcode_failure")',
            ),
        }
    }


def _path_is(regexes: Iterable[str]) -> Json:
    """Compare the path, whether transcoded by then or not."""
    every = sorted(set(regexes))
    groups = [every[at : at + _PATHS_IN_ONE_REGEX] for at in range(0, len(every), _PATHS_IN_ONE_REGEX)]
    return {
        "or_filter": {
            "filters": [
                {
                    "header_filter": {
                        "header": {
                            "name": header,
                            "string_match": {"safe_regex": {"regex": f"({'|'.join(group)})([?].*)?"}},
                        }
                    }
                }
                for group in groups
                for header in (":path", "x-envoy-original-path")
            ]
        }
    }
