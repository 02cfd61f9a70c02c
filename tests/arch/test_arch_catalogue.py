"""One error catalogue: every reason of the contract has one row, and a row has one reason (style.md section 7)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from gateway.replies import _CODES as GATEWAY_CODES
from server.edge.catalogue import CATALOGUE, Spec
from server.kit.errors import Reason
from tests.arch.sources import ROOT, dotted, sources
from transom.common.v1 import error_pb2, options_pb2

PREFIX = "ERROR_REASON_"
DECLARED = [name for name in error_pb2.ErrorReason.keys() if name != PREFIX + "UNSPECIFIED"]  # noqa: SIM118 - an enum
STATED = re.compile(r"// (\d{3}): [^=]*?ERROR_REASON_(\w+) = ", re.DOTALL)


def test_reasons_of_the_contract_and_of_the_code_are_the_same() -> None:
    assert sorted(name.removeprefix(PREFIX) for name in DECLARED) == sorted(reason.name for reason in Reason)
    assert all(reason.name == reason.value.upper().replace("-", "_") for reason in Reason)


def test_every_reason_has_a_row_and_every_row_a_reason() -> None:
    assert sorted(CATALOGUE) == sorted(Reason)


def test_comment_of_a_reason_states_the_status_of_its_row() -> None:
    text = (ROOT / "proto/transom/common/v1/error.proto").read_text(encoding="utf-8")
    stated = {name.lower(): int(status) for status, name in STATED.findall(text)}
    assert stated == {reason.name.lower(): spec.http for reason, spec in CATALOGUE.items()}


@pytest.mark.parametrize("reason", Reason, ids=str)
def test_row_is_a_client_error_with_a_text_or_ours_without_details(reason: Reason) -> None:
    spec = CATALOGUE[reason]
    assert 400 <= spec.http < 600
    # Only reasons that always bring their own text, or none by reference (errors.md section 3), have none here.
    assert spec.message or reason in {Reason.INVALID_PARAM, Reason.FILE_TOO_LARGE}


def test_grpc_status_follows_from_the_http_status() -> None:
    nearest = {
        400: {"INVALID_ARGUMENT", "FAILED_PRECONDITION"}, 401: {"UNAUTHENTICATED"},
        403: {"PERMISSION_DENIED", "FAILED_PRECONDITION"}, 404: {"NOT_FOUND"}, 405: {"UNIMPLEMENTED"},
        409: {"ABORTED", "ALREADY_EXISTS", "FAILED_PRECONDITION"}, 412: {"FAILED_PRECONDITION"},
        413: {"INVALID_ARGUMENT"}, 415: {"INVALID_ARGUMENT"}, 429: {"RESOURCE_EXHAUSTED"}, 500: {"INTERNAL"},
        501: {"UNIMPLEMENTED"}, 503: {"UNAVAILABLE"},
    }  # fmt: skip
    odd = {reason.value for reason, spec in CATALOGUE.items() if spec.grpc.name not in nearest[spec.http]}
    assert not odd


def test_gateway_uses_the_codes_of_the_catalogue_where_they_have_the_same_status() -> None:
    by_code = {reason.value: spec for reason, spec in CATALOGUE.items()}
    for status, (code, _) in GATEWAY_CODES.items():
        assert by_code.get(code, Spec(status, None, "")).http == status  # type: ignore[arg-type]


def test_nothing_else_maps_errors_to_http_statuses() -> None:
    """Only the edge knows HTTP and gRPC codes of errors; slices raise reasons."""
    knowing = {
        source.path
        for source in sources("server")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and dotted(node).startswith("grpc.StatusCode")
    }
    # server/index reads the statuses of Milvus.
    assert {Path(path).parts[1] for path in knowing} <= {"edge", "cli", "embedded", "index"}


def test_mode_errors_of_policies_are_reasons() -> None:
    from tests.arch.test_arch_protos import rpcs

    named = {rpc.GetOptions().Extensions[options_pb2.policy].mode_error for rpc in rpcs()} - {""}
    assert named <= {reason.value for reason in Reason}
