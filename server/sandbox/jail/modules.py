"""What is said to code that wants a module which is not there, or the network, or a file."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

NETWORK = "code nodes have no network: call the address from an HTTP Request node and pass its body to this node"
_LIBRARY = "code nodes have Python's standard library only"
_WORDS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_EXCEPTIONS = ("HTTPError", "ConnectionError", "Timeout", "ConnectTimeout", "ReadTimeout", "TooManyRedirects",
               "InvalidURL", "JSONDecodeError", "SSLError", "ProxyError", "ChunkedEncodingError")
_CLIENTS = {"aiohttp", "httpx", "urllib3", "websocket", "websockets", "boto3", "openai", "redis", "pymysql", "psycopg2"}


class _Finder(importlib.abc.MetaPathFinder):
    """Asked last: nobody else knows the module."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        """Refuse it with a word of what to do instead."""
        root = name.partition(".")[0]
        if root in sys.stdlib_module_names or root in sys.modules:
            return None
        said = NETWORK if root in _CLIENTS else _LIBRARY
        raise ModuleNotFoundError(f"No module named '{name}': {said}", name=name)


def install() -> None:
    """Answer for `requests`, which many app files import, and for every module that is not there."""
    requests = _requests()
    sys.modules["requests"] = requests
    sys.modules["requests.exceptions"] = requests.exceptions
    sys.meta_path.append(_Finder())


def hint(error: BaseException) -> str:
    """One more line for who met a wall."""
    seen: BaseException | None = error
    while seen is not None:
        if type(seen).__name__ == "gaierror":
            return f"\n({NETWORK})"
        if isinstance(seen, PermissionError):
            return f"\n({NETWORK}; they can neither write files nor start processes)"
        seen = seen.__cause__ or seen.__context__
    return ""


def _requests() -> Any:
    """A `requests` that can be imported and caught, but not used."""
    module: Any = types.ModuleType("requests", "A stand-in: " + NETWORK)
    exceptions: Any = types.ModuleType("requests.exceptions")
    exceptions.RequestException = type("RequestException", (OSError,), {"__module__": "requests.exceptions"})
    for name in _EXCEPTIONS:
        made = type(name, (exceptions.RequestException,), {"__module__": "requests.exceptions"})
        setattr(exceptions, name, made)
    for name in ("RequestException", *_EXCEPTIONS):
        setattr(module, name, getattr(exceptions, name))

    def refuse(*_: object, **__: object) -> None:
        raise exceptions.ConnectionError(NETWORK)

    for name in _WORDS:
        setattr(module, name, refuse)
    session = type("Session", (), {name: staticmethod(refuse) for name in _WORDS} | {"headers": {}, "close": id})
    module.Session = module.session = session
    module.exceptions = exceptions
    module.__version__ = "0"
    return module
