"""What a native caller is told of an error besides its status and text."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from server.kit.errors import AppError


def packed_details(code: grpc.StatusCode, error: AppError, message: str) -> bytes:
    """The trailer ``grpc-status-details-bin``: the reason, when to try again, which field was wrong."""
    status = status_pb2.Status(code=code.value[0], message=message)
    info = error_details_pb2.ErrorInfo(reason=error.reason.name, domain="transom")
    for detail in (info, _retry_info(error), _bad_request(error, message)):
        if detail is not None:
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
    return status.SerializeToString()


def _retry_info(error: AppError) -> error_details_pb2.RetryInfo | None:
    if error.retry_after is None:
        return None
    delay = duration_pb2.Duration()
    delay.FromMilliseconds(round(error.retry_after * 1000))
    return error_details_pb2.RetryInfo(retry_delay=delay)


def _bad_request(error: AppError, message: str) -> error_details_pb2.BadRequest | None:
    if error.params is None:
        return None
    violation = error_details_pb2.BadRequest.FieldViolation(field=error.params, description=message)
    return error_details_pb2.BadRequest(field_violations=[violation])
