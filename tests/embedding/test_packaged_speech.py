"""The packaged voice and ear: processes that come when they are needed, and survive whoever leaves."""

from __future__ import annotations

import asyncio
import io
import os
import wave
from collections.abc import AsyncIterator
from contextlib import aclosing

import psutil
import pytest

from server.embedded import speech as module
from server.embedded.replies import RefusedError
from server.embedded.speech import RATE, Speech
from server.llm.sound import wav_header


@pytest.fixture
async def speech() -> AsyncIterator[Speech]:
    running = Speech()
    yield running
    await running.close()


def processes(kind: str) -> list[psutil.Process]:
    found = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in found if child.cmdline()[-2:] == ["server.embedded.speech_child", kind]]


async def said(speech: Speech, text: str) -> bytes:
    return b"".join([samples async for samples in speech.speak(text)])


def recording(samples: bytes) -> bytes:
    return wav_header(RATE, len(samples)) + samples


async def test_the_voice_says_the_same_twice_and_survives_who_leaves_and_its_own_death(speech: Speech) -> None:
    assert processes("voice") == []
    first, again = await said(speech, "Hello, how are you today?"), await said(speech, "Hello, how are you today?")
    assert first == again and 1 < len(first) / 2 / RATE < 4
    (voice,) = processes("voice")
    async with aclosing(speech.speak("One sentence. " * 50)) as pieces:
        await anext(pieces)
    assert await said(speech, "Yes.") and processes("voice") == [voice]
    voice.kill()
    with pytest.raises(RefusedError):
        await said(speech, "Yes.")
    assert await said(speech, "Yes.") and processes("voice") != [voice]


async def test_the_ear_understands_and_stops_for_who_leaves_and_refuses_what_it_cannot_hear(speech: Speech) -> None:
    samples = await said(speech, "What is the capital of France?")
    waiting = asyncio.create_task(speech.hear(recording(samples * 60)))
    while not processes("ear"):
        await asyncio.sleep(0.05)
    (ear,) = processes("ear")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await speech.hear(recording(samples)) == "what is the capital of france"
    assert not ear.is_running() or ear.status() == psutil.STATUS_ZOMBIE
    for data, text in (
        (recording(bytes(RATE * 2 * 601)), "longer than 10 minutes"), (os.urandom(10_000), "cannot be read"),
        (b"", "cannot be read"),
    ):  # fmt: skip
        with pytest.raises(RefusedError, match=text) as caught:
            await speech.hear(data)
        assert caught.value.status == 400
    silence = io.BytesIO()
    with wave.open(silence, "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(200_000))
    assert await speech.hear(silence.getvalue()) == ""


async def test_process_that_nobody_needs_ends_and_too_many_are_refused(
    speech: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_IDLE_SECONDS", 0.1)
    monkeypatch.setattr(module, "_MOST_WAITING", 1)
    first = asyncio.create_task(said(speech, "Yes."))
    await asyncio.sleep(0)
    with pytest.raises(RefusedError) as caught:
        await asyncio.gather(said(speech, "No."), said(speech, "No."))
    assert caught.value.status == 429
    assert await first
    async with asyncio.timeout(5):
        while processes("voice"):
            await asyncio.sleep(0.05)


async def test_other_languages_are_told_that_it_speaks_english(speech: Speech) -> None:
    with pytest.raises(RefusedError, match="English only"):
        await said(speech, "你好，世界")
    assert processes("voice") == []
