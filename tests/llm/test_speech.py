"""Speech over OpenAI's and Gemini's wires: what is sent, what comes back in pieces, faults, who leaves."""

from __future__ import annotations

import asyncio
import base64
import io
import wave
from collections.abc import AsyncIterator
from contextlib import aclosing

import av
import pytest

from server.kit.errors import AppError
from server.llm.calls import Timings
from server.llm.catalogue import OPENAI_VOICES, find
from server.llm.google_provider import GoogleProvider
from server.llm.names import GOOGLE, LOCAL, OPENAI
from server.llm.openai_provider import LocalProvider, OpenAICompatibleProvider, OpenAIProvider
from server.llm.port import ModelFault, Recording, SpeechModel
from server.llm.sound import with_length
from tests.doubles.gemini_server import GeminiServer
from tests.doubles.openai_server import WORD_BYTES, OpenAIServer

RECORDING = Recording(b"some sound", "audio/m4a")
KEY = {"google_api_key": "AIza-good"}


@pytest.fixture
async def compatible(timings: Timings) -> AsyncIterator[OpenAICompatibleProvider]:
    provider = OpenAICompatibleProvider(timings)
    yield provider
    await provider.close()


@pytest.fixture
async def google(gemini_double: GeminiServer) -> AsyncIterator[GoogleProvider]:
    provider = GoogleProvider(Timings(), base_url=gemini_double.url)
    yield provider
    await provider.close()


def form(double: OpenAIServer, **fields: str) -> dict[str, str]:
    return {"endpoint_url": double.base_url, "api_key": "sk-test", "context_size": "4096", **fields}


def speaker(provider: OpenAICompatibleProvider, double: OpenAIServer, name: str = "voice") -> SpeechModel:
    credentials = form(double, voices="ann, bob")
    return provider.speech(provider.custom_card(name, "tts", credentials), credentials)


async def said(model: SpeechModel, text: str, form: str = "mp3") -> bytes:
    return b"".join([piece async for piece in model.speak(text, voice=model.card.voices[0].id, form=form)])


def seconds(sound: bytes) -> float:
    with av.open(io.BytesIO(sound)) as file:
        return sum(frame.samples for frame in file.decode(audio=0)) / 24_000


async def test_recording_is_sent_as_a_file_with_its_type_and_the_text_comes_back(compatible, openai_double) -> None:
    credentials = form(openai_double)
    model = compatible.transcription(compatible.custom_card("ear", "speech2text", credentials), credentials)
    assert await model.transcribe(RECORDING) == "audio.m4a of audio/m4a"
    (call,) = openai_double.calls
    assert call.path == "/v1/audio/transcriptions" and RECORDING.data in call.body


@pytest.mark.parametrize(
    ("script", "fault"), [("error=auth", "auth"), ("error=rate", "rate_limit"), ("hang=1", "unavailable")]
)
async def test_failed_transcription_is_a_fault_of_the_model(compatible, openai_double, script, fault) -> None:
    credentials = form(openai_double)
    model = compatible.transcription(compatible.custom_card(f"ear@{script}", "speech2text", credentials), credentials)
    with pytest.raises(ModelFault) as caught:
        await model.transcribe(RECORDING)
    assert caught.value.fault == fault


async def test_pieces_of_speech_come_as_they_are_made_in_the_asked_voice(compatible, openai_double) -> None:
    model = speaker(compatible, openai_double, "voice@delay=100")
    times, loop = [], asyncio.get_running_loop()
    async for piece in model.speak("one two three", voice="bob", form="mp3"):
        times.append((piece, loop.time()))
    assert b"".join(piece for piece, _ in times) == b"[bob]one [bob]two [bob]three "
    assert len(times) == 3 and times[-1][1] - times[0][1] > 0.15


async def test_long_text_is_spoken_by_several_calls_as_one_file(compatible, openai_double) -> None:
    text = "This is one sentence of ten words, no more of them. " * 120
    sound = await said(speaker(compatible, openai_double), text, "wav")
    assert len(openai_double.calls) == 2
    assert all(len(call.json()["input"]) <= 4_096 for call in openai_double.calls)
    with wave.open(io.BytesIO(with_length(sound))) as file:
        assert file.getnframes() * 2 == len(text.split()) * WORD_BYTES
    assert sound.count(b"RIFF") == 1


async def test_speech_that_breaks_off_is_a_fault(compatible, openai_double) -> None:
    with pytest.raises(ModelFault) as caught:
        await said(speaker(compatible, openai_double, "voice@cut=1"), "one two three")
    assert caught.value.fault == "broken_stream"


async def test_who_leaves_ends_the_call_of_the_model(compatible, openai_double) -> None:
    model = speaker(compatible, openai_double, "voice@delay=100")
    async with aclosing(model.speak("word " * 100, voice="ann", form="mp3")) as pieces:
        await anext(pieces)
    (call,) = openai_double.calls
    await openai_double.wait_for(lambda: call.disconnected_at, seconds=2)
    assert call.sent < 10


async def test_openai_has_models_that_speak_and_listen(openai_double) -> None:
    provider = OpenAIProvider(Timings())
    credentials = {"openai_api_key": "sk-test", "openai_api_base": openai_double.url}
    try:
        ear, voice = find(OPENAI, "whisper-1", "speech2text"), find(OPENAI, "tts-1", "tts")
        assert ear is not None and voice is not None
        assert [each.id for each in voice.voices] == list(OPENAI_VOICES)
        assert await provider.transcription(ear, credentials).transcribe(RECORDING) == "audio.m4a of audio/m4a"
        assert await said(provider.speech(voice, credentials), "hello") == b"[alloy]hello "
        await provider.validate_model("my-voice", "tts", credentials)
        await provider.validate_model("my-ear", "speech2text", credentials)
        with pytest.raises(ModelFault):
            await provider.validate_model("my-ear@error=model", "speech2text", credentials)
    finally:
        await provider.close()


@pytest.mark.parametrize("kind", ["mp3", "wav"])
async def test_samples_of_the_local_voice_are_encoded_here(openai_double, kind) -> None:
    provider = LocalProvider(Timings(), url=openai_double.url, key="k")
    card = find(LOCAL, "hibari", "tts")
    assert card is not None
    try:
        sound = await said(provider.speech(card, {}), "one two three four five", kind)
    finally:
        await provider.close()
    assert openai_double.calls[0].json()["response_format"] == "pcm"
    assert seconds(sound) == pytest.approx(0.5, abs=0.1)


async def test_gemini_writes_down_what_it_hears(google, gemini_double) -> None:
    card = find(GOOGLE, "gemini-2.5-flash", "speech2text")
    assert card is not None
    assert (
        await google.transcription(card, KEY).transcribe(RECORDING)
        == "tok0 tok1 tok2 tok3 tok4 tok5 tok6 tok7 tok8 tok9"
    )
    (call,) = gemini_double.calls
    sent = call.json()["contents"][0]["parts"][0]["inlineData"]
    assert base64.b64decode(sent["data"]) == RECORDING.data and sent["mime_type"] == "audio/m4a"


@pytest.mark.parametrize("kind", ["mp3", "wav"])
async def test_gemini_speaks_piece_by_piece_in_the_asked_voice(google, gemini_double, kind) -> None:
    card = find(GOOGLE, "gemini-2.5-flash-preview-tts", "tts")
    assert card is not None
    sound = await said(google.speech(card, KEY), "This is a sentence with forty characters. " * 20, kind)
    calls = [call.json() for call in gemini_double.calls]
    assert len(calls) == 2
    asked = calls[0]["generationConfig"]["speechConfig"]["voice_config"]["prebuilt_voice_config"]
    assert asked == {"voice_name": card.voices[0].id}
    characters = sum(len(call["contents"][0]["parts"][0]["text"]) for call in calls)
    assert seconds(sound) == pytest.approx(characters / 100, abs=0.2)


async def test_what_geminis_safety_filter_blocks_is_a_fault_and_cohere_neither_speaks_nor_listens(google) -> None:
    from server.llm.rerank_provider import cohere

    card = google.spec.models[-1]
    blocked = google.speech(type(card)(f"{card.model}@block=1", "tts", voices=card.voices, longest_text=600), KEY)
    with pytest.raises(ModelFault, match="safety filter"):
        await said(blocked, "hello")
    other = cohere(Timings())
    for make in (other.speech, other.transcription):
        with pytest.raises(AppError):
            make(card, {})
    await other.close()
