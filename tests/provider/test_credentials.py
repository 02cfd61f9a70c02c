"""Credentials of providers and custom models: tested first, sealed, obfuscated, one current."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.kit.errors import AppError, Reason
from server.kit.ids import new_id
from server.llm.names import GOOGLE, OPENAI, OPENAI_COMPATIBLE
from server.provider.model import Target

KEY = "sk-abcdefghijklmnop"


async def add(workspace, double, name: str | None = None, key: str = KEY) -> None:
    values = {"openai_api_key": key, "openai_api_base": double.url}
    await workspace.models.add_provider_credential(workspace.tenant_id, "openai", values, name)


async def provider_view(workspace, provider: str = OPENAI) -> dict:
    views = workspace.views.providers(await workspace.configuration(), None)
    return next(view for view in views if view["provider"] == provider)


def refused(caught, reason: Reason) -> str:
    assert caught.value.reason == reason
    return str(caught.value)


async def test_add_credential_stores_it_sealed_and_shows_it_obfuscated(workspace, openai_double) -> None:
    await add(workspace, openai_double, "k1")
    shown = workspace.views.provider_credential(await workspace.configuration(), "openai", "")
    assert shown == {"openai_api_key": "sk-abc************op", "openai_api_base": openai_double.url}
    with workspace.engine.connect() as connection:
        stored = connection.execute(
            sa.text("SELECT sealed FROM provider_credentials WHERE tenant_id = :t"), {"t": workspace.tenant_id}
        ).scalar_one()
    assert KEY not in stored and "sk-" not in stored


async def test_add_wrong_key_is_invalid_param_and_stores_nothing(workspace, openai_double) -> None:
    with pytest.raises(AppError) as caught:
        await add(workspace, openai_double, key="sk-invalid")
    assert "Incorrect API key provided" in refused(caught, Reason.INVALID_PARAM)
    assert (await workspace.configuration()).credentials == {}


@pytest.mark.parametrize(
    ("values", "name"),
    [({}, "openai_api_key"), ({"openai_api_key": ["x"]}, "openai_api_key"), ({"openai_api_key": "k", "openai_api_base": "ftp://x"}, "openai_api_base")],
)  # fmt: skip
async def test_add_bad_form_names_the_field(workspace, values, name) -> None:
    with pytest.raises(AppError) as caught:
        await workspace.models.add_provider_credential(workspace.tenant_id, "openai", values, None)
    assert name in refused(caught, Reason.INVALID_PARAM)


async def test_second_credential_waits_until_it_is_switched_to(workspace, openai_double) -> None:
    await add(workspace, openai_double, "first")
    await add(workspace, openai_double, "second", "sk-another-key-42")
    custom = (await provider_view(workspace))["custom_configuration"]
    assert custom["status"] == "active"
    assert custom["current_credential_name"] == "first"
    assert [item["credential_name"] for item in custom["available_credentials"]] == ["first", "second"]
    second = custom["available_credentials"][1]["credential_id"]
    await workspace.models.switch_credential(workspace.tenant_id, Target(OPENAI), second)
    custom = (await provider_view(workspace))["custom_configuration"]
    assert custom["current_credential_id"] == second


async def test_taken_name_and_long_name_are_refused_and_missing_names_are_made(workspace, openai_double) -> None:
    await add(workspace, openai_double, "k1")
    for name in ("k1", "x" * 31):
        with pytest.raises(AppError) as caught:
            await add(workspace, openai_double, name)
        assert "name" in refused(caught, Reason.INVALID_PARAM).lower()
    await add(workspace, openai_double)
    await add(workspace, openai_double)
    custom = (await provider_view(workspace))["custom_configuration"]
    assert [item["credential_name"] for item in custom["available_credentials"]] == ["k1", "API KEY 1", "API KEY 2"]


async def test_update_with_hidden_keeps_the_stored_secret(workspace, openai_double) -> None:
    await add(workspace, openai_double, "k1")
    credential = (await workspace.configuration()).current(Target(OPENAI))
    values = {"openai_api_key": "[__HIDDEN__]", "openai_api_base": openai_double.url, "openai_organization": "org"}
    await workspace.models.update_provider_credential(workspace.tenant_id, "openai", credential.id, values, "renamed")
    updated = (await workspace.configuration()).current(Target(OPENAI))
    assert (updated.id, updated.name) == (credential.id, "renamed")
    assert updated.values["openai_api_key"] == KEY
    assert updated.values["openai_organization"] == "org"


async def test_delete_current_credential_leaves_none_in_use(workspace, openai_double) -> None:
    await add(workspace, openai_double, "k1")
    credential = (await workspace.configuration()).current(Target(OPENAI))
    await workspace.models.delete_credential(workspace.tenant_id, Target(OPENAI), credential.id)
    tenant = await workspace.configuration()
    assert tenant.current(Target(OPENAI)) is None
    assert workspace.views.provider_credential(tenant, "openai", "") is None
    assert (await provider_view(workspace))["custom_configuration"]["status"] == "no-configure"


async def test_credential_of_another_workspace_or_provider_is_not_found(workspace, given, openai_double) -> None:
    await add(workspace, openai_double, "k1")
    credential_id = (await workspace.configuration()).current(Target(OPENAI)).id
    for wrong_tenant, target, wrong_id in (
        (given.tenant_id, Target(OPENAI), credential_id),
        (workspace.tenant_id, Target(GOOGLE), credential_id),
        (workspace.tenant_id, Target(OPENAI), new_id()),
        (workspace.tenant_id, Target(OPENAI), "not-a-uuid"),
    ):
        for change in (workspace.models.delete_credential, workspace.models.switch_credential):
            with pytest.raises(AppError) as caught:
                await change(wrong_tenant, target, wrong_id)
            refused(caught, Reason.NOT_FOUND)
    with pytest.raises(AppError) as caught:
        given.views.provider_credential(await given.configuration(), "openai", credential_id)
    refused(caught, Reason.NOT_FOUND)
    assert (await workspace.configuration()).current(Target(OPENAI)).id == credential_id


async def test_validate_only_stores_nothing(workspace, openai_double) -> None:
    values = {"openai_api_key": KEY, "openai_api_base": openai_double.url}
    await workspace.models.try_provider_credential(workspace.tenant_id, "openai", values)
    assert (await workspace.configuration()).credentials == {}


async def test_unknown_provider_is_invalid_param(workspace) -> None:
    with pytest.raises(AppError) as caught:
        await workspace.models.add_provider_credential(workspace.tenant_id, "nobody/knows/it", {}, None)
    refused(caught, Reason.INVALID_PARAM)


async def test_custom_model_lives_with_its_credentials(workspace, openai_double) -> None:
    target = Target(OPENAI_COMPATIBLE, "my-model", "llm")
    values = {"endpoint_url": openai_double.base_url, "api_key": KEY, "context_size": 8192, "vision_support": "support"}
    await workspace.models.add_model_credential(workspace.tenant_id, target, values, "main")
    assert openai_double.calls[-1].model == "my-model"
    tenant = await workspace.configuration()
    view = workspace.views.model_credential(tenant, target, "")
    assert view["credentials"]["api_key"] == "sk-abc************op"
    assert view["credentials"]["context_size"] == "8192"
    assert view["current_credential_name"] == "main"
    [model] = workspace.views.provider_models(tenant, "openai_api_compatible")
    assert (model["model"], model["fetch_from"], model["status"]) == ("my-model", "customizable-model", "active")
    assert model["features"] == ["vision"]
    assert model["model_properties"] == {"mode": "chat", "context_size": 8192}
    await workspace.models.delete_credential(workspace.tenant_id, target, view["current_credential_id"])
    assert workspace.views.provider_models(await workspace.configuration(), "openai_api_compatible") == []


async def test_custom_model_that_does_not_answer_is_not_stored(workspace, openai_double) -> None:
    target = Target(OPENAI_COMPATIBLE, "gone@status=404", "llm")
    values = {"endpoint_url": openai_double.base_url, "context_size": "4096"}
    with pytest.raises(AppError) as caught:
        await workspace.models.add_model_credential(workspace.tenant_id, target, values, None)
    refused(caught, Reason.INVALID_PARAM)
    assert (await workspace.configuration()).custom_models(OPENAI_COMPATIBLE) == []


async def test_deleted_custom_model_is_gone_and_unknown_is_not_found(workspace, openai_double) -> None:
    target = Target(OPENAI_COMPATIBLE, "my-model", "llm")
    values = {"endpoint_url": openai_double.base_url, "context_size": "4096"}
    await workspace.models.add_model_credential(workspace.tenant_id, target, values, None)
    await workspace.models.delete_model(workspace.tenant_id, target)
    assert (await workspace.configuration()).credentials == {}
    with pytest.raises(AppError) as caught:
        await workspace.models.delete_model(workspace.tenant_id, target)
    refused(caught, Reason.NOT_FOUND)
