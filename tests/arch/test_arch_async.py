"""Nothing blocks the event loop: no sleep, file, program, database or socket call in an async function."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import pytest

from tests.arch.sources import Source, dotted, sources

_BLOCKING = frozenset({
    "open", "io.open", "os.fdopen", "os.listdir", "os.remove", "os.replace", "os.scandir", "os.stat", "os.unlink",
    "os.walk", "shutil.copy", "shutil.copyfile", "shutil.move", "shutil.rmtree", "socket.create_connection",
    "socket.getaddrinfo", "subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
    "subprocess.run", "tempfile.mkstemp", "time.sleep", "urllib.request.urlopen", "urlopen", "sleep",
    "hash_password", "check_password", "input",
})  # fmt: skip
# Methods that block whatever they are called on; a unit of work is a database transaction.
_BLOCKING_METHODS = frozenset({
    "_uow", "uow", "chmod", "exists", "glob", "is_dir", "is_file", "iterdir", "mkdir", "read_bytes", "read_text",
    "rename", "rglob", "rmdir", "touch", "unlink", "write_bytes", "write_text",
})  # fmt: skip
_CLIENTS = frozenset({"requests", "httpx", "psycopg2"})
# Async functions that may block, and why.
ALLOWED: Mapping[str, str] = {
    "server/embedded/supervisor.py ready": "looks for a mark of its own; the supervisor serves nobody",
}


def _calls_on_the_loop(function: ast.AsyncFunctionDef) -> Iterator[ast.Call]:
    """Calls that the body makes itself; a function or lambda inside it may run on a thread."""
    waiting: list[ast.AST] = list(function.body)
    awaited: set[int] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Await):
            awaited.add(id(node.value))
        if isinstance(node, ast.Call) and id(node) not in awaited:
            yield node
        waiting += ast.iter_child_nodes(node)


def _blocking(source: Source) -> Iterator[tuple[str, str]]:
    """(module and function, the call and its line) of blocking calls."""
    for function in ast.walk(source.tree):
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        for call in _calls_on_the_loop(function):
            name = dotted(call.func)
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            if name in _BLOCKING or method in _BLOCKING_METHODS or name.partition(".")[0] in _CLIENTS:
                yield f"{source.path} {function.name}", f"{name or method}() in line {call.lineno}"


def test_no_async_function_makes_a_blocking_call() -> None:
    found = [problem for source in sources("server") for problem in _blocking(source)]
    assert not [problem for problem in found if problem[0] not in ALLOWED]
    assert {place for place, _ in found} == set(ALLOWED), "an exception is not needed any more"


@pytest.mark.parametrize(
    "body",
    [
        "time.sleep(1)", "open('a').read()", "with self._uow() as uow: pass", "Path('a').read_text()",
        "subprocess.run(['a'])", "return [requests.get(url) for url in urls]", "if path.exists(): pass",
        "hash_password('a')",
    ],
)  # fmt: skip
def test_a_blocking_call_is_seen(body: str) -> None:
    assert list(_blocking(Source("a.py", ast.parse(f"async def f():\n    {body}\n"))))


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.sleep(1)", "await threads(open, 'a')", "await db(lambda: self._uow())",
        "await self._store.exists(key)", "def work():\n        time.sleep(1)\n    await db(work)",
    ],
)
def test_what_waits_or_runs_on_a_thread_is_fine(body: str) -> None:
    assert not list(_blocking(Source("a.py", ast.parse(f"async def f():\n    {body}\n"))))
