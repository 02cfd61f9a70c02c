"""Who may call which RPC of the console: the policies of the protos, held against console-api.md and by the edge.

Every RPC is called by a member of every role, through Envoy: who may not gets exactly 403 ``forbidden``, before
the handler sees anything of the request. A new RPC is covered the day it is added.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import httpx
import pytest

from gateway.contract import Binding
from tests.harness.product import Product, Workspace
from tests.rest.calls import BINDINGS, policy_of, rest
from tests.rest.parties import OtherWorkspace
from tests.rest.people import ROLES, member
from transom.common.v1 import options_pb2
from transom.console.v1 import app_service_pb2, app_service_pb2_grpc

EVERYONE = frozenset(ROLES)
EDIT_APPS = frozenset({"owner", "admin", "editor"})
EDIT_DATASETS = EDIT_APPS | {"dataset_operator"}
ADMINISTER = frozenset({"owner", "admin"})
OWNER = frozenset({"owner"})
NOBODY = str(uuid.UUID(int=7))
FORBIDDEN = {
    "code": "forbidden", "status": 403,
    "message": "You don't have the permission to access the requested resource. "
    "It is either read-protected or not readable by the server.",
}  # fmt: skip
CONSOLE = [binding for binding in BINDINGS if policy_of(binding).auth == options_pb2.AUTH_ACCOUNT]
# What console-api.md says (section 2, and the rights beside the rows); the first that fits counts.
STATED: list[tuple[str, str, frozenset[str]]] = [
    ("DELETE|PUT", r"/workspaces/current/members/.*", OWNER),
    ("POST", r"/workspaces/current/members/invite-email", ADMINISTER),
    ("GET", r"/workspaces/current/(members|dataset-operators)|/workspaces|/account/profile|/features", EVERYONE),
    ("POST", r"/workspaces/(current|switch)|/info|/account/.*", EVERYONE),
    ("GET", r"/workspaces/current/(model-providers|default-model|models)(/.*)?", EVERYONE),
    (".*", r"/workspaces/current/(model-providers|default-model)(/.*)?", ADMINISTER),
    ("GET", r"/apps|/apps/\{app_id\}|/apps/\{app_id\}/api-keys|/datasets/api-keys", EVERYONE),
    ("POST", r"/apps/\{app_id\}/(api-enable|site/access-token-reset)", ADMINISTER),
    ("DELETE", r"/apps/\{app_id\}/api-keys/.*", ADMINISTER),
    ("POST|DELETE", r"/datasets/api-keys(/.*)?", ADMINISTER),
    ("POST|PUT|PATCH|DELETE", r"/apps(/.*)?", EDIT_APPS),
    ("GET", r"/apps/\{app_id\}/(export|workflows/draft|workflows/publish|workflows)", EDIT_APPS),
    ("GET", r"/datasets(/.*)?", EVERYONE),
    ("POST", r"/datasets/\{dataset_id\}/(external-)?hit-testing", EVERYONE),
    ("POST|PUT|PATCH|DELETE", r"/datasets(/.*)?", EDIT_DATASETS),
]
# Calls that change something and are every member's: they are about the caller, or about nothing that is shared.
OPEN: Mapping[str, str] = {
    "SwitchWorkspace": "the caller's own choice", "GetCurrentWorkspace": "reads, by POST as clients expect",
    "HitTest": "searches; the dataset says who may", "HitTestExternal": "searches; the dataset says who may",
    "UploadConsoleFile": "the caller's own file", "UploadRemoteFile": "the caller's own file",
    **dict.fromkeys(
        (
            "RenameAccount", "ChangePassword", "InitAccount", "SetAvatar", "SetInterfaceLanguage", "SetInterfaceTheme",
            "SetTimezone",
        ),
        "the caller's own account",
    ),
}  # fmt: skip


def _allowed(binding: Binding) -> frozenset[str]:
    return frozenset(policy_of(binding).roles) or EVERYONE


def _name(binding: Binding) -> str:
    return f"{binding.method.name}-{binding.verb}"


@pytest.mark.parametrize("binding", CONSOLE, ids=_name)
def test_policy_is_what_the_reference_says(binding: Binding) -> None:
    path = binding.path.removeprefix("/console/api").replace("=**", "")
    for verbs, pattern, roles in STATED:
        if re.fullmatch(verbs, binding.verb) and re.fullmatch(pattern, path):
            assert _allowed(binding) == roles
            return
    assert _allowed(binding) in (EVERYONE, EDIT_DATASETS, EDIT_APPS, ADMINISTER, OWNER), "no right of the reference"


def test_call_that_changes_something_says_whose_it_is() -> None:
    silent = {
        str(binding.method.name) for binding in CONSOLE
        if binding.verb != "GET" and not policy_of(binding).roles
    }  # fmt: skip
    assert silent <= set(OPEN), "name its roles in the proto, or say here why every member may"


@pytest.fixture(scope="module")
def sessions(product: Product, workspace: Workspace, model_url: str) -> Iterator[Mapping[str, httpx.Client]]:
    """A session of each role in one workspace, which may be spoiled; ``workspace`` sets the instance up."""
    home = OtherWorkspace(product, model_url)
    made = {role: home.console if role == "owner" else member(home, role) for role in ROLES}
    yield made
    for http in made.values():
        http.close()


@pytest.mark.parametrize("binding", CONSOLE, ids=_name)
def test_each_role_may_or_gets_403(binding: Binding, sessions: Mapping[str, httpx.Client]) -> None:
    verb, path, sent = rest(binding, dict.fromkeys(binding.variables, NOBODY))
    for role, http in sessions.items():
        answer = _refusal(http, verb, path, sent)
        if role in _allowed(binding):
            assert answer != FORBIDDEN, role
        else:
            assert answer == FORBIDDEN, role


def _refusal(http: httpx.Client, verb: str, path: str, sent: Mapping[str, Any]) -> Any:
    """The body of a 403; of another answer only its status, since it may be a stream."""
    with http.stream(verb, path, **sent) as reply:
        if reply.status_code != 403:
            return reply.status_code
        reply.read()
        return reply.json()


def test_roles_hold_over_grpc_too(product: Product, sessions: Mapping[str, httpx.Client]) -> None:
    with grpc.insecure_channel(product.url.removeprefix("http://")) as channel:
        stub = app_service_pb2_grpc.AppServiceStub(channel)
        for role, http in sessions.items():
            with pytest.raises(grpc.RpcError) as caught:
                stub.DeleteApp(
                    app_service_pb2.DeleteAppRequest(app_id=NOBODY),
                    metadata=[("authorization", f"Bearer {http.cookies['access_token']}")],
                )
            error: Any = caught.value
            expected = grpc.StatusCode.NOT_FOUND if role in EDIT_APPS else grpc.StatusCode.PERMISSION_DENIED
            assert error.code() == expected, role
