"""The provider ``code``: runs code and answers what it printed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from server.engine.ports import CodeFaultError, ToolFaultError, ToolMessage
from server.tools.builtin.part import Field, Provider, Tool, World, told

# The sandbox runs ``main``; these run a whole program and give back what it printed.
_PYTHON = """
def main(source):
    printed = []

    def show(*values, sep=" ", end="\\n", file=None, flush=False):
        if file is None:
            text = (" " if sep is None else sep).join([str(value) for value in values])
            printed.append(text + ("\\n" if end is None else end))

    exec(source, {"__name__": "__main__", "print": show})
    return {"result": "".join(printed)}
"""
_JAVASCRIPT = """
function main(given) {
  const lines = [];
  const shown = (one) => typeof one === "object" ? JSON.stringify(one) : String(one);
  const log = (...all) => { lines.push(all.map(shown).join(" ") + "\\n"); };
  new Function("console", "print", given.source)({log, info: log, warn: log, error: log}, log);
  return {result: lines.join("")};
}
"""
_PROGRAMS: Mapping[Any, str] = {"python3": _PYTHON, "javascript": _JAVASCRIPT}


async def _simple_code(world: World, given: Mapping[str, Any]) -> AsyncIterator[ToolMessage]:
    language: Any = given.get("language") or "python3"
    if language not in _PROGRAMS:
        raise ToolFaultError(f"Only python3 and javascript are supported, not {language}")
    try:
        result = await world.code.run(language, _PROGRAMS[language], {"source": given.get("code") or ""})
    except CodeFaultError as fault:
        raise ToolFaultError(str(fault)) from fault
    yield told(result["result"] if isinstance(result, Mapping) else str(result))


PROVIDER = Provider(
    "code", ("Code Interpreter", "代码解释器"),
    ("Run a piece of code and get the result back.", "运行一段代码并返回结果。"), ("productivity",),
    (
        Tool(
            "simple_code", ("Code Interpreter", "代码解释器"),
            "A tool for running code and getting the result back. Only native packages are allowed, network/IO "
            "operations are disabled. and you must use print() or console.log() to output the result or result will "
            "be empty.",
            (
                Field("language", ("Language", "语言"), "language of the code: python3 or javascript"),
                Field(
                    "code", ("Code", "代码"),
                    "code to be executed, only native packages are allowed, network/IO operations are disabled.",
                ),
            ),
            _simple_code,
        ),
    ),
)
