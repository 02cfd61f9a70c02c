"""What the audit log keeps of a call."""

from __future__ import annotations

from server.edge.acts import act_of
from server.edge.call import Call
from server.kit.caller import Caller
from server.kit.ids import new_id
from transom.common.v1.common_pb2 import Result
from transom.console.v1 import app_service_pb2, member_service_pb2, model_provider_service_pb2

TENANT, ACCOUNT = new_id(), new_id()


def call(*, by_admin_key: bool = False) -> Call:
    headers = {"x-envoy-external-address": "192.0.2.7"}
    who = Caller(tenant_id=TENANT, account_id=ACCOUNT, by_admin_key=by_admin_key)
    return Call(request_id="", rest=True, metadata=headers, caller=who)


def test_line_has_what_the_path_names_last_and_its_other_ids() -> None:
    method = app_service_pb2.DESCRIPTOR.services_by_name["ApiKeyService"].methods_by_name["DeleteAppKey"]
    request = app_service_pb2.DeleteAppKeyRequest(app_id="the app", key_id="the key")
    entry = act_of(method, "/apps/{app_id}/api-keys/{key_id}").entry(call(), request, None, "success")
    assert (entry.tenant_id, entry.account_id, entry.ip) == (TENANT, ACCOUNT, "192.0.2.7")
    assert (entry.action, entry.resource, entry.resource_id) == ("DeleteAppKey", "app_key", "the key")
    assert entry.detail == {"app_id": "the app"}


def test_line_keeps_marked_fields_cut_short_and_nothing_else() -> None:
    method = member_service_pb2.DESCRIPTOR.services_by_name["MemberService"].methods_by_name["InviteMembers"]
    emails = [f"{number}@example.com\x00" for number in range(70)]
    request = member_service_pb2.InviteMembersRequest(emails=emails, role="x" * 300, language="en-US")
    entry = act_of(method, "/members/invite-email").entry(call(), request, Result(result="success"), "success")
    assert set(entry.detail) == {"emails", "role"}
    assert entry.detail["emails"] == [f"{number}@example.com" for number in range(50)]
    assert entry.detail["role"] == "x" * 200
    method = model_provider_service_pb2.DESCRIPTOR.services_by_name["ModelProviderService"].methods_by_name[
        "CreateProviderCredential"
    ]
    made = model_provider_service_pb2.CreateProviderCredentialRequest(provider="p", name="n")
    made.credentials.update({"api_key": "secret"})
    assert act_of(method, "/{provider=**}/credentials").entry(call(), made, None, "success").detail == {"provider": "p"}


def test_line_tells_the_admin_key_from_the_owner() -> None:
    method = app_service_pb2.DESCRIPTOR.services_by_name["AppService"].methods_by_name["DeleteApp"]
    request = app_service_pb2.DeleteAppRequest(app_id="the app")
    entry = act_of(method, "/apps/{app_id}").entry(call(by_admin_key=True), request, None, "forbidden")
    assert (entry.detail, entry.outcome) == ({"by": "admin_api_key"}, "forbidden")


def test_line_of_a_request_in_pieces_names_no_resource() -> None:
    method = app_service_pb2.DESCRIPTOR.services_by_name["AppService"].methods_by_name["DeleteApp"]
    entry = act_of(method, "/apps/{app_id}").entry(call(), object(), None, "success")
    assert (entry.resource, entry.resource_id, entry.detail) == ("", "", {})
