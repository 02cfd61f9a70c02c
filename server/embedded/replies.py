"""Answers of the packaged models' process in OpenAI's shape."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web


class RefusedError(Exception):
    """An error in OpenAI's shape."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> web.Response:
        """The answer that says so."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        error = {"message": str(self), "type": kind, "param": None, "code": self.code}
        return json_reply({"error": error}, self.status)


def json_order(body: bytes) -> dict[str, Any]:
    """The JSON object that a request is. Raises RefusedError."""
    try:
        order = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, f"The body is not valid JSON: {error}") from None
    if not isinstance(order, dict):
        raise RefusedError(400, "The body is not a JSON object.")
    return order


def json_reply(body: object, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
