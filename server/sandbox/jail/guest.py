"""The job of a fork: read it from its stream, run it, write what came of it.

In: a length (4 bytes) and JSON ``{"code": ..., "inputs": {...}}``. Out: one byte for the kind, a length and the text:
``R`` the result as JSON (or rendered text), ``E`` what the interpreter said, ``T`` too much came of it.
The stream is in reach of user code, which can so forge its own outcome, which is its own to choose, and no other's.
"""

from __future__ import annotations

import importlib
import json
import linecache
import os
import struct
import sys
import threading
import traceback
import types
from typing import Any, NoReturn

from . import modules

HEAD = struct.Struct("!cI")
_LENGTH = struct.Struct("!I")
_FILE = "main.py"
# Of a thread; the system's 8 MiB would let few of them into the memory of a job.
_STACK_BYTES = 2 * 1024 * 1024
# Of an error, the end says most.
_ERROR_CHARACTERS = 20_000
_WARM = (
    "_strptime", "ast", "base64", "bisect", "calendar", "collections", "copy", "csv", "dataclasses", "datetime",
    "decimal", "difflib", "encodings.idna", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "html",
    "html.parser", "io", "itertools", "json", "logging", "math", "operator", "random", "re", "secrets",
    "statistics", "string", "textwrap", "time", "typing", "unicodedata", "urllib.parse", "uuid", "zlib",
)
_KINDS: dict[str, Any] = {}


def prepare() -> list[str]:
    """Load what jobs use, so that each fork has it; the languages that can be run."""
    for name in _WARM:
        importlib.import_module(name)
    json.loads("{}")
    threading.stack_size(_STACK_BYTES)
    _KINDS["python3"] = _python
    for language, make in (("javascript", _prepare_javascript), ("jinja2", _prepare_jinja)):
        try:
            _KINDS[language] = make()
        except ImportError:
            continue
    modules.install()
    return list(_KINDS)


def run(language: str, stream: int, limits: dict[str, Any]) -> NoReturn:
    """Do the job and leave."""
    job = json.loads(_read(stream, _LENGTH.unpack(_read(stream, _LENGTH.size))[0]))
    kind, text = _KINDS[language](job["code"], job["inputs"], limits)
    data = text.encode("utf-8", "surrogatepass" if kind == b"R" else "replace")
    if len(data) > limits["output_bytes"]:
        kind, data = b"T", b""
    _write(stream, HEAD.pack(kind, len(data)) + data)
    os._exit(0)


def _python(code: str, inputs: dict[str, Any], _: dict[str, Any]) -> tuple[bytes, str]:
    """``main(**inputs)`` of the code, which runs as a program of its own would."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    lines = code.splitlines(keepends=True)
    linecache.cache[_FILE] = (len(code), None, lines, _FILE)
    try:
        exec(compile(code, _FILE, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - it is what we are for
        result = eval("main", module.__dict__)(**inputs)  # noqa: S307 - a NameError when there is none
        # Numbers that JSON has no words for would be refused by whoever keeps the outputs.
        return b"R", json.dumps(result, allow_nan=False)
    except SystemExit:
        os._exit(0)
    except BaseException as error:
        return b"E", _said(error)


def _said(error: BaseException) -> str:
    """What an interpreter would print, with our own frames left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    lines = traceback.format_exception(type(error), error, trace)
    text = "".join(lines).rstrip("\n")
    if len(text) > _ERROR_CHARACTERS:
        text = "...\n" + text[-_ERROR_CHARACTERS:]
    return text + modules.hint(error)


_JAVASCRIPT = """
globalThis.console = Object.fromEntries(
  ["log", "info", "warn", "error", "debug", "trace", "table", "dir"].map((name) => [name, () => undefined]));
(text) => {
  const state = {};
  const keep = (value) => { state.text = String(JSON.stringify(value)); };
  const value = main(JSON.parse(text));
  if (value && typeof value.then === "function") value.then(keep, (error) => { state.errors = [error]; });
  else keep(value);
  return () => { if (state.errors) throw state.errors[0]; return state.text; };
}
"""


def _prepare_javascript() -> Any:
    import _quickjs

    def javascript(code: str, inputs: dict[str, Any], limits: dict[str, Any]) -> tuple[bytes, str]:
        """``main(inputs)``: one object, so that functions destructure it; a promise is waited for."""
        context = _quickjs.Context()
        context.set_memory_limit(limits["memory_mib"] * 1024 * 1024 // 2)
        try:
            call = context.eval(_JAVASCRIPT)
            context.eval(code)
            outcome = call(json.dumps(inputs))
            while context.execute_pending_job():
                pass
            text = outcome()
        except (_quickjs.JSException, _quickjs.StackOverflow) as error:
            said = str(error).rstrip("\n")[-_ERROR_CHARACTERS:]
            return b"E", said if said not in {"", "null"} else "InternalError: out of memory"
        if text is None:  # a promise that nothing will ever keep
            os._exit(0)
        return b"R", text

    return javascript


def _prepare_jinja() -> Any:
    import jinja2.debug
    import jinja2.sandbox

    environment = jinja2.sandbox.SandboxedEnvironment(autoescape=False)
    environment.from_string("{% for a in b if a %}{{ a|upper }}{% endfor %}").render(b=[])

    def jinja(code: str, inputs: dict[str, Any], limits: dict[str, Any]) -> tuple[bytes, str]:
        """The rendered text."""
        pieces, left = [], limits["text_characters"]
        try:
            for piece in environment.from_string(code).generate(inputs):
                pieces.append(piece)
                left -= len(piece)
                if left < 0:
                    return b"T", ""
        except BaseException as error:
            return b"E", f"{type(error).__name__}: {error}"[:_ERROR_CHARACTERS]
        return b"R", "".join(pieces)

    return jinja


def _read(stream: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        block = os.read(stream, min(size - len(data), 1 << 20))
        if not block:
            os._exit(0)
        data += block
    return bytes(data)


def _write(stream: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(stream, view) :]
