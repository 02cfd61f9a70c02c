"""The engine's port ``CodeRunner``: a queue before a place where code can do no harm."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import orjson

from server.engine.ports import CodeFaultError
from server.sandbox.model import (
    MOST_CHARACTERS,
    JailGoneError,
    Limits,
    SandboxError,
    TemplateFaultError,
    TooLongError,
    limits_of,
)
from server.sandbox.places import Place, find
from server.sandbox.process import Outcome
from server.settings import Settings

if TYPE_CHECKING:
    from server.sandbox.remote import Service
    from server.sandbox.templates import Templates

log = logging.getLogger("transom.sandbox")

# A refusal is not asked for again for so long.
_REFUSED_SECONDS = 30.0
# What came of a job is read on the event loop when it is no larger.
_LIGHT_BYTES = 256 * 1024
_NO_RESULT = "Failed to parse result: no result tag found in response. The code ended before main returned."
_TOO_LONG = f"Output length exceeds {MOST_CHARACTERS} characters"


class Sandbox:
    """Code and templates of users. The place is made when first needed, and anew when it is gone."""

    def __init__(self, limits: Limits | None = None, kind: str = "auto", service: Service | None = None) -> None:
        self._limits = limits or Limits()
        self._kind = kind
        self._service = service
        self._slots = asyncio.Semaphore(self._limits.parallel)
        self._templates: Templates | None = None
        self._making = asyncio.Lock()
        self._place: Place | None = None
        self._refusal = ""
        self._refused_at = 0.0
        self._closed = False

    @classmethod
    def of(cls, settings: Settings) -> Sandbox:
        """As the operator wants it."""
        url = settings.code_remote_url
        service = None
        if url:
            from server.sandbox.remote import Service

            service = Service(url, settings.code_remote_key)
        return cls(limits_of(settings), settings.code_sandbox, service)

    async def run(self, language: Literal["python3", "javascript"], code: str, inputs: Mapping[str, Any]) -> Any:
        """What ``main`` returned. Raises CodeFaultError. Cancelled, it ends the code's process."""
        data = await self._outcome(language, code, inputs)
        try:
            return await asyncio.to_thread(orjson.loads, data) if len(data) > _LIGHT_BYTES else orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise CodeFaultError(f"Failed to parse JSON response: {error}.", "OutputValidationError") from None

    async def render(self, template: str, variables: Mapping[str, Any]) -> str:
        """The text of a Jinja template: here when it cannot explode, else in a child. Raises CodeFaultError."""
        try:
            templates = self._templates or await self._load_templates()
            text = templates.render(template, variables)
        except TemplateFaultError as fault:
            raise CodeFaultError(str(fault)) from None
        except TooLongError:
            raise CodeFaultError(_TOO_LONG, "ValueError") from None
        if text is not None:
            return text
        return (await self._outcome("jinja2", template, variables)).decode("utf-8", "replace")

    async def _load_templates(self) -> Templates:
        """Jinja takes a fifth of a second to import: when it is first needed, and off the event loop."""
        module = await asyncio.to_thread(importlib.import_module, "server.sandbox.templates")
        self._templates = self._templates or module.Templates()
        return self._templates

    async def check(self) -> str:
        """Where code runs here. Raises SandboxError with the reason why it does not."""
        return (await self._find()).text

    async def close(self) -> None:
        """End all that runs."""
        self._closed = True
        async with self._making:
            place, self._place = self._place, None
        if place is not None:
            await place.close()

    async def _outcome(self, language: str, code: str, inputs: Mapping[str, Any]) -> bytes:
        """The result as the job wrote it. A job does nothing to the world, so that it may be begun again."""
        for _ in range(2):
            try:
                place = await self._find()
                outcome = await self._wait_and_run(place, language, code, inputs)
                return self._result(place, language, outcome)
            except JailGoneError:
                log.warning("the jail ended under a job")
            except SandboxError as error:
                raise CodeFaultError(f"This server cannot run code: {error}") from None
            except TimeoutError:
                raise CodeFaultError(f"The code ran longer than {self._limits.seconds:g} seconds.") from None
        raise CodeFaultError("The code was ended by the system, twice.")

    async def _wait_and_run(self, place: Place, language: str, code: str, inputs: Mapping[str, Any]) -> Outcome:
        await self._slots.acquire()
        ended: asyncio.Future[int] | None = None
        try:
            outcome, ended = await place.run(language, code, inputs)
            return outcome
        finally:
            if ended is None or ended.done():
                self._slots.release()
            else:
                ended.add_done_callback(lambda _: self._slots.release())

    async def _find(self) -> Place:
        async with self._making:
            if self._place is not None and self._place.alive:
                return self._place
            if self._closed:
                raise SandboxError("it is shutting down")
            if self._refusal and time.monotonic() - self._refused_at < _REFUSED_SECONDS:
                raise SandboxError(self._refusal)
            # Once there was a jail, nothing less will do.
            kind = "jail" if self._kind == "auto" and self._place is not None and not self._place.poor else self._kind
            if self._place is not None:
                await self._place.close()
            try:
                self._place = await find(self._limits, kind, self._service)
            except SandboxError as error:
                self._refusal, self._refused_at = str(error), time.monotonic()
                log.error("code cannot be run: %s", error)
                raise
            self._refusal = ""
            log.info("code: %s", self._place.text)
            return self._place

    def _result(self, place: Place, language: str, outcome: Outcome) -> bytes:
        if outcome.kind == b"R":
            return outcome.data
        if outcome.kind == b"E":
            said = outcome.data.decode("utf-8", "replace")
            raise CodeFaultError(f"{said}\n({place.poor})" if place.poor and language == "python3" else said)
        if outcome.kind == b"T":
            if language == "jinja2":
                raise CodeFaultError(_TOO_LONG, "ValueError")
            most = self._limits.output_bytes // 1024
            raise CodeFaultError(f"The result is larger than {most} KiB.", "OutputValidationError")
        raise self._death(outcome.status)

    def _death(self, status: int) -> CodeFaultError:
        """Why a job said nothing."""
        if status in {-signal.SIGXCPU, -signal.SIGKILL}:
            spent = f"more than {self._limits.cpu_seconds} seconds of processor time"
            return CodeFaultError(f"The system ended the code: it took {spent} or too much memory.")
        if status:
            return CodeFaultError(f"The code ended its interpreter (status {status}).")
        return CodeFaultError(_NO_RESULT, "OutputValidationError")
