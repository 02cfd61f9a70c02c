"""Code nodes and templates in a warm sandbox, without a product around it. Start-up is shown, not counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Literal

import psutil
import uvloop

from bench.compare import percentile
from bench.report import Result
from server.engine.ports import CodeFaultError
from server.sandbox.runner import Sandbox

_RUNS, _AT_ONCE = 200, 500
_PYTHON = (
    "import json, re, datetime\n"
    "def main(text: str, items: list) -> dict:\n"
    "    found = re.findall(r'\\w+', text)\n"
    "    return {'result': json.dumps([item for item in items if item['n'] > 1]), 'count': len(found)}\n"
)
_JAVASCRIPT = (
    "function main({text, items}) {\n"
    "  return {result: JSON.stringify(items.filter(({n}) => n > 1)), count: text.split(' ').length};\n"
    "}\n"
)
_INPUTS = {"text": "some words of a text " * 20, "items": [{"n": n, "name": f"item {n}"} for n in range(20)]}
_HERE = "Dear {{ text }}, {% for item in items %}{{ item.name }}{% if not loop.last %}, {% endif %}{% endfor %}"
_CHILD = "{% set all = items|map(attribute='name')|join(', ') %}Dear {{ text }}, {{ all }}"


def _cpu(sandbox: Sandbox) -> float:
    """CPU seconds of the sandbox's processes so far, those that ended included."""
    holder = psutil.Process(sandbox._place.pid)  # type: ignore[union-attr]
    times = [process.cpu_times() for process in (holder, *holder.children(recursive=True))]
    return sum(each.user + each.system + each.children_user + each.children_system for each in times)


async def _warm() -> tuple[Sandbox, float]:
    began = time.perf_counter()
    sandbox = Sandbox(kind="jail")
    await sandbox.check()
    return sandbox, time.perf_counter() - began


def _one_by_one(result: Result, work: Callable[[Sandbox], Coroutine[Any, Any, Any]], aim_ms: float) -> Result:
    """Run ``work`` again and again in one sandbox; the aim is for the median."""

    async def run() -> None:
        sandbox, start = await _warm()
        for _ in range(5):
            await work(sandbox)
        taken, ours, theirs = [], time.process_time(), _cpu(sandbox)
        for _ in range(_RUNS):
            began = time.perf_counter()
            try:
                await work(sandbox)
            except CodeFaultError as fault:
                result.failed += 1
                result.failures.append(str(fault))
            taken.append((time.perf_counter() - began) * 1000)
        ours, theirs = (time.process_time() - ours) / _RUNS, (_cpu(sandbox) - theirs) / _RUNS
        await sandbox.close()
        p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
        result.add(f"p50 {p50:.2f} ms, p99 {p99:.2f} ms; started in {start * 1000:.0f} ms")
        result.add(f"CPU a run: server {ours * 1000:.2f} ms, its children {theirs * 1000:.2f} ms")
        result.figures = {"p50_ms": p50, "p99_ms": p99, "server_cpu_ms": ours * 1000, "children_cpu_ms": theirs * 1000}
        result.aim(f"under {aim_ms:g} ms", f"{p50:.2f} ms", ok=p50 < aim_ms)

    uvloop.run(run())
    return result


def _code(name: str, language: Literal["python3", "javascript"], code: str) -> Result:
    result = Result(name, f"code node, {language}, warm, {_RUNS} one after the other")
    return _one_by_one(result, lambda sandbox: sandbox.run(language, code, _INPUTS), 15)


def python() -> Result:
    """A Python code node."""
    return _code("python", "python3", _PYTHON)


def javascript() -> Result:
    """A JavaScript code node."""
    return _code("javascript", "javascript", _JAVASCRIPT)


def template() -> Result:
    """A template that is rendered in the server."""
    result = Result("template", f"template with a loop, in the server, {_RUNS} one after the other")
    return _one_by_one(result, lambda sandbox: sandbox.render(_HERE, _INPUTS), 0.3)


def template_child() -> Result:
    """A template that has to be rendered in a child."""
    result = Result("template_child", f"template with an assignment, in a child, {_RUNS} one after the other")
    return _one_by_one(result, lambda sandbox: sandbox.render(_CHILD, _INPUTS), 15)


def crowd() -> Result:
    """Many code nodes at once: they wait for each other, none fails."""
    result = Result("crowd", f"{_AT_ONCE} Python code nodes at once")

    async def run() -> None:
        sandbox, _ = await _warm()
        began = time.perf_counter()
        jobs = (sandbox.run("python3", _PYTHON, _INPUTS) for _ in range(_AT_ONCE))
        found = await asyncio.gather(*jobs, return_exceptions=True)
        wall = time.perf_counter() - began
        await sandbox.close()
        result.failures = [str(each) for each in found if isinstance(each, BaseException)]
        result.failed = len(result.failures)
        result.add(f"{wall:.2f} s whole, {_AT_ONCE / wall:.0f} a second")
        result.figures = {"wall_seconds": wall}
        result.aim("none fails", f"{result.failed} failed", ok=not result.failed)

    uvloop.run(run())
    return result


CASES: Mapping[str, Callable[[], Result]] = {
    "python": python,
    "javascript": javascript,
    "template": template,
    "template_child": template_child,
    "crowd": crowd,
}
