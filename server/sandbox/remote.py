"""A sandbox service that speaks the API of dify-sandbox, for who runs one already (workflow-engine.md 9.1)."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from server.sandbox.model import Limits, SandboxError
from server.sandbox.process import Outcome

_HEALTH_SECONDS = 10.0
_PYTHON = """{code}

import json as __json
from base64 import b64decode as __decode
__result = __json.dumps(main(**__json.loads(__decode('{inputs}').decode('utf-8'))))
print('{mark}' + __result + '{mark}')
"""
_JAVASCRIPT = """{code}
;(async () => {{
  const inputs = JSON.parse(Buffer.from('{inputs}', 'base64').toString('utf-8'));
  console.log('{mark}' + JSON.stringify(await main(inputs)) + '{mark}');
}})();
"""
_JINJA = """import json, jinja2
from base64 import b64decode
inputs = json.loads(b64decode('{inputs}').decode('utf-8'))
print('{mark}' + jinja2.Template(b64decode('{code}').decode('utf-8')).render(**inputs) + '{mark}')
"""
_SCRIPTS = {"python3": ("python3", _PYTHON), "javascript": ("nodejs", _JAVASCRIPT), "jinja2": ("python3", _JINJA)}


@dataclass(frozen=True, slots=True)
class Service:
    """Where the service is; ``key`` goes in its header X-Api-Key."""

    url: str
    key: str = field(repr=False)


class RemotePlace:
    """The service as a place for jobs. Its network is switched off for each."""

    poor = ""
    alive = True

    def __init__(self, limits: Limits, service: Service, client: aiohttp.ClientSession) -> None:
        self.text = f"python3, javascript and jinja2 by the sandbox service at {service.url}"
        self._limits = limits
        self._url = service.url.rstrip("/")
        self._client = client

    @classmethod
    async def start(cls, limits: Limits, service: Service) -> RemotePlace:
        """Raises SandboxError when the service does not answer."""
        client = aiohttp.ClientSession(headers={"X-Api-Key": service.key})
        place = cls(limits, service, client)
        try:
            async with asyncio.timeout(_HEALTH_SECONDS), client.get(f"{place._url}/health") as reply:
                if reply.status != 200:
                    raise SandboxError(f"the sandbox service at {service.url} answers {reply.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            await client.close()
            raise SandboxError(f"the sandbox service at {service.url} does not answer: {error}") from None
        except BaseException:
            await client.close()
            raise
        return place

    async def run(self, language: str, code: str, inputs: Mapping[str, Any]) -> tuple[Outcome, None]:
        """What came of a job. Raises TimeoutError."""
        mark = f"<<{secrets.token_hex(16)}>>"
        name, script = _SCRIPTS[language]
        text = script.format(
            code=base64.b64encode(code.encode()).decode() if language == "jinja2" else code, mark=mark,
            inputs=base64.b64encode(json.dumps(inputs).encode()).decode(),
        )
        most = self._limits.output_bytes * 4  # JSON in JSON, and what the code printed beside it
        order = {"language": name, "code": text, "preload": "", "enable_network": False}
        try:
            async with asyncio.timeout(self._limits.seconds):
                async with self._client.post(f"{self._url}/v1/sandbox/run", json=order) as reply:
                    data = bytearray()
                    async for block in reply.content.iter_any():
                        data += block
                        if len(data) > most:
                            return Outcome(b"T"), None
        except aiohttp.ClientError as error:
            return Outcome(b"E", f"The sandbox service does not answer: {error}".encode()), None
        return self._outcome(reply.status, bytes(data), mark), None

    def _outcome(self, status: int, data: bytes, mark: str) -> Outcome:
        try:
            answer = json.loads(data)
            fault = "" if status == 200 and answer["code"] == 0 else str(answer.get("message") or status)
            error, printed = str(answer["data"]["error"] or ""), str(answer["data"]["stdout"] or "")
        except (ValueError, KeyError, TypeError, AttributeError):
            fault, error, printed = f"it answers {status}", "", ""
        if fault:
            return Outcome(b"E", f"The sandbox service refused: {fault}".encode())
        before, found, rest = printed.partition(mark)
        if found:
            result = rest.partition(mark)[0].encode("utf-8", "replace")
            return Outcome(b"R", result) if len(result) <= self._limits.output_bytes else Outcome(b"T")
        return Outcome(b"E", error.rstrip("\n").encode("utf-8", "replace")) if error else Outcome(b"", before.encode())

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
