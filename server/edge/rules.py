"""The access rules of every RPC, read from the descriptors when the server starts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from server.edge.acts import Act, act_of
from transom.common.v1 import options_pb2

_CONSOLE = "transom.console."


@dataclass(frozen=True, slots=True)
class Rule:
    """What the edge knows about one RPC."""

    method: str
    auth: int
    end_user: int
    success_status: int
    modes: frozenset[str]
    mode_error: str
    roles: frozenset[str]
    before_setup: bool
    csrf_exempt: bool
    before_init: bool
    # How the audit log notes it; None: not at all.
    act: Act | None
    # The body is JSON with fields of its own: another content type is 415.
    json_body: bool
    # It may come as text/plain too.
    text_body: bool
    # `user` comes in the body, where it may be of any type (gateway/view.py).
    user_in_body: bool
    # The answer is a model's: whole, its content type names the charset (service-api.md 1.3).
    generates: bool


def rules_of(services: Iterable[ServiceDescriptor]) -> dict[str, Rule]:
    """Rules by full method name (``/package.Service/Method``). Raises ValueError when an RPC declares none."""
    return {rule.method: rule for service in services for rule in map(_rule, service.methods)}


def _rule(method: MethodDescriptor) -> Rule:
    policy = method.GetOptions().Extensions[options_pb2.policy]
    name = f"/{method.containing_service.full_name}/{method.name}"
    if policy.auth == options_pb2.AUTH_UNSPECIFIED:
        raise ValueError(f"{name} declares no policy")
    return Rule(
        method=name,
        auth=policy.auth,
        end_user=policy.end_user,
        success_status=policy.success_status,
        modes=frozenset(policy.modes),
        mode_error=policy.mode_error,
        roles=frozenset(policy.roles),
        before_setup=policy.before_setup,
        csrf_exempt=policy.csrf_exempt,
        before_init=policy.before_init,
        act=_act(method, policy),
        json_body=_has_json_body(method),
        text_body=policy.text_body,
        user_in_body=policy.end_user != options_pb2.END_USER_UNSPECIFIED and not method.client_streaming,
        generates="response_mode" in method.input_type.fields_by_name,
    )


def _act(method: MethodDescriptor, policy: options_pb2.Policy) -> Act | None:
    """Console calls that change something are noted; those without an account only when their handler names one."""
    of_console = policy.auth == options_pb2.AUTH_ACCOUNT or method.containing_service.full_name.startswith(_CONSOLE)
    http = method.GetOptions().Extensions[annotations_pb2.http]
    if not of_console or http.get or policy.unaudited:
        return None
    return act_of(method, http.post or http.put or http.patch or http.delete)


def _has_json_body(method: MethodDescriptor) -> bool:
    http = method.GetOptions().Extensions[annotations_pb2.http]
    if not http.body or method.client_streaming:
        return False
    path = http.get or http.post or http.put or http.patch or http.delete
    return any("{" + field.name not in path for field in method.input_type.fields)

