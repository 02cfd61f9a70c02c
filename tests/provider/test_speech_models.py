"""Speech models of a workspace: defaults, custom models with voices, what the console shows of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.kit.errors import AppError, Reason
from server.llm.catalogue import LOCAL_EAR, LOCAL_VOICE
from server.llm.names import GOOGLE, LOCAL, OPENAI_COMPATIBLE
from server.provider.model import Target
from server.provider.resolve import SystemModels
from tests.provider.conftest import Workspace

VOICE = Target(OPENAI_COMPATIBLE, "voice", "tts")


@pytest.fixture
async def packaged(engine, gemini_double, openai_double) -> AsyncIterator[Workspace]:
    """A workspace on an instance with the packaged models alone."""
    workspace = Workspace(engine, gemini_double.url, SystemModels(local_model=True), openai_double.base_url)
    yield workspace
    await workspace.close()


async def test_packaged_voice_and_ear_are_the_defaults_until_others_are_configured(packaged, openai_double) -> None:
    tenant_id, models = packaged.tenant_id, packaged.models
    assert await models.default_model(tenant_id, "tts") == (LOCAL, LOCAL_VOICE)
    assert await models.default_model(tenant_id, "speech2text") == (LOCAL, LOCAL_EAR)
    assert (await models.default_transcription(tenant_id)).card.model == LOCAL_EAR
    values = {"endpoint_url": openai_double.base_url, "api_key": "key", "voices": "ann, bob"}
    await models.add_model_credential(tenant_id, VOICE, values, None)
    await models.set_defaults(tenant_id, [VOICE])
    speech = await models.default_speech(tenant_id)
    assert [voice.id for voice in speech.card.voices] == ["ann", "bob"]
    await models.delete_model(tenant_id, VOICE)
    with pytest.raises(AppError) as caught:
        await models.default_speech(tenant_id)
    assert caught.value.reason is Reason.PROVIDER_NOT_INITIALIZE


async def test_console_shows_the_voices_of_a_model(packaged) -> None:
    groups = packaged.views.models_by_type(await packaged.configuration(), "tts")
    (shown,) = next(group["models"] for group in groups if group["provider"] == LOCAL)
    assert shown["model_properties"] == {
        "voices": [{"mode": "heart", "name": "Heart", "language": ["en-US"]}], "default_voice": "heart",
        "word_limit": 10_000, "audio_type": "mp3",
    }  # fmt: skip


async def test_operators_gemini_key_speaks_and_listens(given) -> None:
    assert await given.models.default_model(given.tenant_id, "tts") == (GOOGLE, "gemini-2.5-flash-preview-tts")
    assert await given.models.default_model(given.tenant_id, "speech2text") == (GOOGLE, "gemini-2.5-flash")
