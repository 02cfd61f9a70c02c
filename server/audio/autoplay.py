"""Auto-play: the stream that began a run also gets its answer spoken (feature-semantics.md 3.3).

Speech is made for one reader while it reads and is no part of the run: not in its log, not numbered, nothing waits
for it. Pieces of text go before pieces of sound; who leaves or is told the end of a stopped or failed run hears no
more. The last event is always ``tts_message_end``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, cast

from server.audio.model import chosen_voice
from server.audio.service import Models
from server.audio.spoken import Spoken
from server.bus import Bus
from server.kit.tasks import end
from server.runs.reader import Batches
from server.runs.registry import HUSH, hush_key
from server.runs.run import Run
from transom.run.v1.event_pb2 import MessageEnd, RunEvent, TtsMessage, TtsMessageEnd

log = logging.getLogger("transom.audio")

# Sound of one event, at least, while more is coming: a second of it.
_EVENT_BYTES = 8 * 1024
# Pieces of sound that may wait for a reader; then the voice waits.
_MOST_READY = 64
# How long a reader who has the whole text waits for each piece of sound.
_WAIT_SECONDS = 30.0


class Autoplay:
    """Speaks in the streams of this process."""

    def __init__(self, models: Models, bus: Bus) -> None:
        self._models = models
        self._speakers: dict[str, set[_Speaker]] = {}
        bus.on(HUSH, self._hush)

    async def follow(self, run: Run, voice: str, batches: Batches) -> Batches:
        """The same batches, with speech between and behind them. ``voice`` as the app names it, or empty."""
        speaker = _Speaker(self._models, run.key.tenant_id, voice)
        key = hush_key(run.key.app_id, run.key.end_user_id or "", run.key.task_id)
        self._speakers.setdefault(key, set()).add(speaker)
        step = _next(batches)
        try:
            while True:
                await asyncio.wait((step, speaker.sound), return_when=asyncio.FIRST_COMPLETED)
                if not step.done():
                    if piece := speaker.take():
                        yield [run.key.event(0, tts_message=TtsMessage(audio=piece))]
                    continue
                try:
                    batch = step.result()
                except StopAsyncIteration:
                    break
                speaker.read(batch)
                yield batch
                step = _next(batches)
            speaker.finish()
            while await speaker.waited(_WAIT_SECONDS):
                if piece := speaker.take():
                    yield [run.key.event(0, tts_message=TtsMessage(audio=piece))]
            yield [run.key.event(0, tts_message_end=TtsMessageEnd())]
        finally:
            self._forget(key, speaker)
            await end([step, *speaker.tasks])
            await cast("AsyncGenerator[Any, None]", batches).aclose()

    def _forget(self, key: str, speaker: _Speaker) -> None:
        speakers = self._speakers.get(key, set())
        speakers.discard(speaker)
        if not speakers:
            self._speakers.pop(key, None)

    def _hush(self, key: str) -> None:
        """Whoever asked has stopped a run that ended before its speech did."""
        for speaker in self._speakers.get(key, ()):
            speaker.hush()


async def _step(batches: Batches) -> list[RunEvent]:
    return await anext(batches)


def _next(batches: Batches) -> asyncio.Task[list[RunEvent]]:
    return asyncio.create_task(_step(batches))


class _Speaker:
    """Speaks one answer: one task turns pieces of text into sound, in order."""

    def __init__(self, models: Models, tenant_id: str, voice: str) -> None:
        self._models = models
        self._tenant_id = tenant_id
        self._voice = voice
        self._hushed = False
        self._over = False
        self._begin()

    def _begin(self) -> None:
        self._spoken = Spoken()
        self._texts: asyncio.Queue[str | None] = asyncio.Queue()
        self._ready: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_READY)
        self._work = asyncio.create_task(self._speak(self._texts, self._ready))
        # Done when there is sound, or no more of it.
        self.sound = asyncio.create_task(self._ready.get())

    @property
    def tasks(self) -> Sequence[asyncio.Task[Any]]:
        """What is to be ended."""
        return (self._work, self.sound)

    def read(self, batch: Sequence[RunEvent]) -> None:
        """Take the text of events; at a bad end, say no more."""
        for event in batch:
            kind = event.WhichOneof("body")
            if kind in ("message", "agent_message"):
                self._say(self._spoken.add(getattr(event, kind).answer))
            elif kind == "text_chunk":
                self._say(self._spoken.add(event.text_chunk.text))
            elif kind == "message_replace":
                self._restart(event.message_replace.answer)
            elif _is_bad_end(event):
                self.hush()

    def finish(self) -> None:
        """The text is over."""
        self._say(self._spoken.finish())
        self._texts.put_nowait(None)

    def hush(self) -> None:
        """Say no more, at once."""
        self._hushed = True
        self._work.cancel()
        while not self._ready.empty():
            self._ready.get_nowait()
        self._ready.put_nowait(None)

    def take(self) -> bytes | None:
        """What ``sound`` has; None when nothing follows."""
        piece = self.sound.result()
        if piece is None or self._hushed:
            self._over = True
            self.sound = asyncio.create_task(asyncio.Event().wait())  # type: ignore[arg-type]
            return None
        self.sound = asyncio.create_task(self._ready.get())
        return piece

    async def waited(self, seconds: float) -> bool:
        """Wait for ``sound``; False when nothing follows or it took too long."""
        if self._over:
            return False
        done, _ = await asyncio.wait((self.sound,), timeout=seconds)
        if not done:
            log.warning("no sound for %g s: the rest of an answer is not spoken", seconds)
        return bool(done)

    def _say(self, pieces: Sequence[str]) -> None:
        for piece in pieces:
            self._texts.put_nowait(piece)

    def _restart(self, text: str) -> None:
        """Another text takes the place of what was said so far."""
        if self._hushed:
            return
        self._work.cancel()
        self.sound.cancel()
        self._over = False
        self._begin()
        self._say(self._spoken.add(text))

    async def _speak(self, texts: asyncio.Queue[str | None], ready: asyncio.Queue[bytes | None]) -> None:
        try:
            while (text := await texts.get()) is not None:
                model = await self._models.default_speech(self._tenant_id)
                voice = chosen_voice(model.card, self._voice, strict=False)
                async with aclosing(model.speak(text, voice=voice, form="mp3")) as pieces:
                    waiting = b""
                    async for piece in pieces:
                        waiting += piece
                        if len(waiting) >= _EVENT_BYTES:
                            await ready.put(waiting)
                            waiting = b""
                if waiting:
                    await ready.put(waiting)
        except Exception as error:
            log.warning("an answer is not spoken to its end: %s", error)
        await ready.put(None)


def _is_bad_end(event: RunEvent) -> bool:
    if event.HasField("workflow_finished"):
        return event.workflow_finished.status not in {"succeeded", "partial-succeeded"}
    stopped = event.HasField("message_end") and event.message_end.outcome == MessageEnd.OUTCOME_STOPPED
    return stopped or event.HasField("error")
