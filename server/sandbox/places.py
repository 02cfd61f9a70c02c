"""Where jobs run: in a jail, or, where none can be made, by interpreters that have no way out."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from server.sandbox import probe
from server.sandbox.model import JailGoneError, Limits, SandboxError
from server.sandbox.monty import MontyPython
from server.sandbox.process import Jail, Outcome

if TYPE_CHECKING:
    from server.sandbox.remote import Service

log = logging.getLogger("transom.sandbox")


class Place(Protocol):
    """Runs jobs. ``text`` says what it is; ``poor`` is what a user should know of an error in it."""

    text: str
    poor: str

    @property
    def alive(self) -> bool:
        """Whether it still takes jobs."""
        ...

    async def run(
        self, language: str, code: str, inputs: Mapping[str, Any]
    ) -> tuple[Outcome, asyncio.Future[int] | None]:
        """What came of a job, and when its process will have ended. Raises TimeoutError, JailGoneError."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class JailPlace:
    """A jail that was probed."""

    text = "python3, javascript and jinja2 in a jail (namespaces, seccomp, limits)"
    poor = ""

    def __init__(self, jail: Jail) -> None:
        self._jail = jail

    @classmethod
    async def start(cls, limits: Limits) -> JailPlace:
        """Raises SandboxError when there can be none or when it does not hold."""
        place = cls(await Jail.start(limits, jailed=True))
        try:
            await place._try_to_break_out()
        except (JailGoneError, TimeoutError):
            await place.close()
            raise SandboxError("its probe was ended") from None
        except BaseException:
            await place.close()
            raise
        return place

    async def _try_to_break_out(self) -> None:
        import os

        with probe.listener() as port:
            inputs = {"path": probe.__file__, "port": port.getsockname()[1], "parent": os.getpid()}
            outcome, ended = await self.run("python3", probe.ATTEMPTS, inputs)
            await ended
        probe.judge(outcome.data)

    @property
    def alive(self) -> bool:
        """Whether it still takes jobs."""
        return self._jail.alive

    @property
    def pid(self) -> int:
        """The process that holds the jail."""
        return self._jail.pid

    async def run(
        self, language: str, code: str, inputs: Mapping[str, Any]
    ) -> tuple[Outcome, asyncio.Future[int]]:
        """A fork of the jail's warm interpreter does it."""
        return await self._jail.run(language, encode(code, inputs))

    async def close(self) -> None:
        """End it."""
        await self._jail.close()


class LanguagePlace:
    """Python by Monty; JavaScript and Jinja in a child that may call little more than read, write and exit."""

    def __init__(self, child: Jail, monty: MontyPython, why: str) -> None:
        self._child = child
        self._monty = monty
        self.text = f"python3 by Monty, javascript and jinja2 in a limited child, because there is no jail: {why}"
        self.poor = (
            "this server runs Python by Monty, which knows a part of the language and of its library, "
            f"because it can make no jail: {why}"
        )

    @classmethod
    async def start(cls, limits: Limits, why: str) -> LanguagePlace:
        """``why`` there is no jail. Raises SandboxError when this cannot be had either."""
        child = await Jail.start(limits, jailed=False)
        try:
            return cls(child, await MontyPython.start(limits), why)
        except BaseException:
            await child.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it still takes jobs."""
        return self._child.alive

    async def run(
        self, language: str, code: str, inputs: Mapping[str, Any]
    ) -> tuple[Outcome, asyncio.Future[int] | None]:
        """Whoever speaks the language does it."""
        if language == "python3":
            return await self._monty.run(code, json.loads(json.dumps(inputs))), None
        return await self._child.run(language, encode(code, inputs))

    async def close(self) -> None:
        """End both."""
        await self._child.close()
        await self._monty.close()


def encode(code: str, inputs: Mapping[str, Any]) -> bytes:
    """A job as guest.py reads it."""
    return json.dumps({"code": code, "inputs": inputs}, default=_plain).encode()


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


async def find(limits: Limits, kind: str, service: Service | None = None) -> Place:
    """The best place that there is: the service, if one is named; ``auto``, or ``jail`` or ``monty`` and nothing else.

    Raises SandboxError.
    """
    if service is not None:
        from server.sandbox.remote import RemotePlace

        return await RemotePlace.start(limits, service)
    if kind == "monty":
        return await LanguagePlace.start(limits, "TRANSOM_CODE_SANDBOX is monty")
    try:
        return await JailPlace.start(limits)
    except SandboxError as error:
        if kind == "jail":
            raise
        log.warning("code nodes run without a jail: %s", error)
        return await LanguagePlace.start(limits, str(error))
