"""Doubles and quick timings for driving the real clients."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.llm.calls import Timings
from tests.doubles.gemini_server import GeminiServer
from tests.doubles.openai_server import OpenAIServer


@pytest.fixture
def timings() -> Timings:
    """Limits short enough to be waited for."""
    return Timings(connect=1.0, first_token=0.4, idle=0.4, total=5.0, backoff=0.01, longest_wait=1.0)


@pytest.fixture
async def openai_double() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as double:
        yield double


@pytest.fixture
async def gemini_double() -> AsyncIterator[GeminiServer]:
    async with GeminiServer() as double:
        yield double
