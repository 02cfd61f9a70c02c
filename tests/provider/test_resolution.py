"""Which model a workspace gets, and what it is told when it gets none."""

from __future__ import annotations

import pytest

from server.kit.errors import AppError, Reason
from server.llm.catalogue import LOCAL_MODEL
from server.llm.names import GOOGLE, LOCAL, OPENAI
from server.llm.port import ChatRequest, PromptMessage
from server.provider.model import Target

HELLO = ChatRequest([PromptMessage("user", "hello")])


async def add_openai(workspace, double) -> None:
    values = {"openai_api_key": "sk-abcdefghijklmnop", "openai_api_base": double.url}
    await workspace.models.add_provider_credential(workspace.tenant_id, "openai", values, None)


async def answer(model) -> str:
    return "".join([chunk.text async for chunk in model.stream(HELLO)])


async def refusal(workspace, provider: str, model: str) -> AppError:
    with pytest.raises(AppError) as caught:
        await workspace.models.chat_model(workspace.tenant_id, provider, model)
    return caught.value


async def test_chat_model_of_a_configured_provider_answers(workspace, openai_double) -> None:
    await add_openai(workspace, openai_double)
    for name in ("openai", OPENAI):
        model = await workspace.models.chat_model(workspace.tenant_id, name, "gpt-4o-mini")
        assert (await answer(model)).startswith("tok0 tok1 ")
        assert model.card.context_size == 128_000


async def test_without_credential_the_documented_error_is_raised(workspace) -> None:
    error = await refusal(workspace, "openai", "gpt-4o-mini")
    assert (error.reason, error.message) == (Reason.PROVIDER_NOT_INITIALIZE, None)


async def test_unknown_provider_or_model_says_so(workspace, openai_double) -> None:
    await add_openai(workspace, openai_double)
    for provider, model, text in (("someone", "m", "someone/someone"), ("openai", "gpt-99", "gpt-99")):
        error = await refusal(workspace, provider, model)
        assert error.reason == Reason.PROVIDER_NOT_INITIALIZE and text in str(error)


async def test_disabled_model_is_not_supported_until_enabled(workspace, openai_double) -> None:
    await add_openai(workspace, openai_double)
    target = Target(OPENAI, "gpt-4o", "llm")
    await workspace.models.chat_model(workspace.tenant_id, "openai", "gpt-4o")
    await workspace.models.set_enabled(workspace.tenant_id, target, False)
    assert (await refusal(workspace, "openai", "gpt-4o")).reason == Reason.MODEL_CURRENTLY_NOT_SUPPORT
    await workspace.models.set_enabled(workspace.tenant_id, target, True)
    await workspace.models.chat_model(workspace.tenant_id, "openai", "gpt-4o")


async def test_warm_request_makes_no_query_and_a_change_is_seen_at_once(workspace, openai_double) -> None:
    await add_openai(workspace, openai_double)
    first = await workspace.models.chat_model(workspace.tenant_id, "openai", "gpt-4o")
    before = workspace.queries
    assert await workspace.models.chat_model(workspace.tenant_id, "openai", "gpt-4o") is first
    assert workspace.queries == before
    credential = (await workspace.configuration()).current(Target(OPENAI))
    await workspace.models.delete_credential(workspace.tenant_id, Target(OPENAI), credential.id)
    assert (await refusal(workspace, "openai", "gpt-4o")).reason == Reason.PROVIDER_NOT_INITIALIZE


async def test_system_key_serves_workspaces_without_their_own(given, gemini_double) -> None:
    model = await given.models.chat_model(given.tenant_id, "google", "gemini-2.5-flash")
    assert await answer(model)
    assert gemini_double.calls[-1].headers["x-goog-api-key"] == "AIza-system"
    own = {"google_api_key": "AIza-own-key-123"}
    await given.models.add_provider_credential(given.tenant_id, GOOGLE, own, None)
    model = await given.models.chat_model(given.tenant_id, "google", "gemini-2.5-flash")
    await answer(model)
    assert gemini_double.calls[-1].headers["x-goog-api-key"] == "AIza-own-key-123"


async def test_default_falls_from_choice_to_system(workspace, given, openai_double) -> None:
    assert await workspace.models.default_model(workspace.tenant_id, "llm") is None
    with pytest.raises(AppError) as caught:
        await workspace.models.default_llm(workspace.tenant_id)
    assert caught.value.reason == Reason.PROVIDER_NOT_INITIALIZE
    assert await given.models.default_model(given.tenant_id, "llm") == (GOOGLE, "gemini-2.5-flash")
    await add_openai(given, openai_double)
    await given.models.set_defaults(given.tenant_id, [given.models.target("openai", "gpt-4o-mini", "llm")])
    assert (await given.models.default_llm(given.tenant_id)).card.model == "gpt-4o-mini"
    view = given.views.default_model(await given.configuration(), "llm")
    assert (view["model"], view["model_type"], view["provider"]["provider"]) == ("gpt-4o-mini", "llm", OPENAI)


async def test_default_that_cannot_be_called_is_refused(workspace) -> None:
    with pytest.raises(AppError) as caught:
        await workspace.models.set_defaults(workspace.tenant_id, [Target(OPENAI, "gpt-4o", "llm")])
    assert caught.value.reason == Reason.INVALID_PARAM


async def test_local_model_needs_no_credential(given) -> None:
    model = await given.models.chat_model(given.tenant_id, "local", LOCAL_MODEL)
    assert model.card.context_size == 8192


async def test_lists_show_active_models_only(given, workspace) -> None:
    groups = given.views.models_by_type(await given.configuration(), "llm")
    assert [group["provider"] for group in groups] == [GOOGLE, LOCAL]
    assert not [model for group in groups for model in group["models"] if model["deprecated"]]
    assert workspace.views.models_by_type(await workspace.configuration(), "llm") == []
    known = await given.models.known_models(given.tenant_id)
    assert known[GOOGLE]["gemini-2.5-pro"] == "chat"


async def test_parameter_rules_need_a_credential(given) -> None:
    tenant = await given.configuration()
    rules = given.views.parameter_rules(tenant, "google", "gemini-2.5-flash")
    assert {"temperature", "max_output_tokens", "thinking_budget"} <= {rule["name"] for rule in rules}
    assert given.views.parameter_rules(tenant, "openai", "gpt-4o") == []
    assert given.views.parameter_rules(tenant, "google", "unknown") == []
