"""What code of app files may use, and what it is told when it may not."""

from __future__ import annotations

import pytest

from server.engine.ports import CodeFaultError
from tests.sandbox.conftest import Runner

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_standard_library_runs(jail: Runner) -> None:
    found = await jail.python(
        """
import json, re, datetime, time, base64, hashlib, unicodedata, logging, math, random, uuid, hmac, csv, io
import collections, itertools, statistics, urllib.parse, html, string, decimal, dataclasses, enum, typing, textwrap
import xml.etree.ElementTree, sqlite3, zoneinfo, configparser, gzip, asyncio, threading, concurrent.futures

log = logging.getLogger(__name__)

@dataclasses.dataclass
class Point:
    x: int

def numbers():
    yield from range(3)

async def later():
    await asyncio.sleep(0)
    return "later"

def main(text: str, items: list) -> dict:
    log.warning("seen by nobody")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        squares = list(pool.map(lambda n: n * n, numbers()))
    return {
        "json": json.loads(json.dumps(items)), "re": re.sub(r"\\s+", " ", text),
        "day": datetime.datetime(2026, 1, 31).strftime("%Y-%m-%d"), "base64": base64.b64encode(text.encode()).decode(),
        "md5": hashlib.md5(b"a").hexdigest(), "nfkc": unicodedata.normalize("NFKC", "ｗ"), "squares": squares,
        "point": dataclasses.asdict(Point(1)), "later": asyncio.run(later()), "name": __name__,
        "xml": xml.etree.ElementTree.fromstring("<a><b>c</b></a>").find("b").text, "uuid": len(str(uuid.uuid4())),
    }
""",
        text="a \n b 海", items=[1, {"k": None}],
    )
    assert found == {
        "json": [1, {"k": None}], "re": "a b 海", "day": "2026-01-31", "base64": "YSAKIGIg5rW3", "name": "__main__",
        "md5": "0cc175b9c0f1b6a831c399e269772661", "nfkc": "w", "squares": [0, 1, 4], "point": {"x": 1},
        "later": "later", "xml": "c", "uuid": 36,
    }  # fmt: skip


async def test_error_is_what_the_interpreter_says(jail: Runner) -> None:
    fault = await jail.fault("return {'a': 1 / zero}", zero=0)
    assert fault.kind == "CodeExecutionError"
    assert str(fault).startswith(
        "Traceback (most recent call last):\n"
        '  File "main.py", line 2, in main\n'
        "    return {'a': 1 / zero}\n"
    )
    assert str(fault).endswith("\nZeroDivisionError: division by zero")
    fault = await jail.fault("return {'a': {1, 2}}")
    assert str(fault).endswith("TypeError: Object of type set is not JSON serializable")
    fault = await jail.fault("return {'a': float('nan')}")
    assert str(fault).endswith("ValueError: Out of range float values are not JSON compliant")
    for code, said in (("def main(a:", "SyntaxError: '(' was never closed"), ("x = 1", "NameError: name 'main' is not defined")):
        with pytest.raises(CodeFaultError) as caught:
            await jail.python(code)
        assert str(caught.value).endswith(said)


async def test_requests_can_be_imported_and_tells_on_use_what_to_do(jail: Runner) -> None:
    assert await jail.python("import json, requests\ndef main():\n    return {'a': 1}") == {"a": 1}
    found = await jail.python(
        "import requests\ndef main():\n    try: requests.post('http://x', json={})\n"
        "    except requests.exceptions.RequestException as error: return {'said': str(error)}"
    )
    assert found["said"].startswith("code nodes have no network: call the address from an HTTP Request node")
    for module, said in (("httpx", "HTTP Request node"), ("pandas", "standard library only"), ("google.cloud", "standard library only")):
        with pytest.raises(CodeFaultError, match=f"No module named .*{said}"):
            await jail.python(f"import {module}\ndef main(): return {{}}")
    assert await jail.python(
        "try: import ujson as json\nexcept ImportError: import json\ndef main(): return json.loads('{}')"
    ) == {}  # fmt: skip


async def test_big_numbers_texts_and_strange_ones_arrive(jail: Runner) -> None:
    inputs = {"n": 2**53 + 1, "t": '\u0000"\\é海🎉' * 1000, "none": None, "deep": [[[[{"a": [1.5]}]]]]}
    assert await jail.python("def main(**inputs): return inputs", **inputs) == inputs
    with pytest.raises(CodeFaultError, match="Failed to parse JSON response"):
        await jail.body(r"return {'a': '\ud800'}")


async def test_javascript_gets_one_object_and_has_no_machine(jail: Runner) -> None:
    async def script(code: str, **inputs: object) -> object:
        return await jail.sandbox.run("javascript", code, inputs)

    assert await script("function main({a, b}) { console.log(a); return {sum: a + b, none: null} }", a=1, b=2) == {
        "sum": 3, "none": None,
    }  # fmt: skip
    assert await script("const main = async (inputs) => { await null; return inputs }", a=["é"]) == {"a": ["é"]}
    for code, said in (
        ("function main() { return require('fs') }", "ReferenceError: require is not defined"),
        ("function main() { return fetch('http://x') }", "ReferenceError: fetch is not defined"),
        ("function main() { return process.env }", "ReferenceError: process is not defined"),
        ("function main() { throw new Error('no') }", "Error: no"),
        ("async function main() { throw new Error('later') }", "Error: later"),
        ("function main( {", "SyntaxError"),
        ("function main() { return ['y'.repeat(1 << 27)] }", "out of memory"),
        ("function main() { return main() }", "stack"),
        ("async function main() { await new Promise(() => {}) }", "no result tag found"),
        ("function main() {}", "Failed to parse JSON response: "),
    ):
        with pytest.raises(CodeFaultError) as caught:
            await script(code)
        assert said in str(caught.value), code


async def test_without_a_jail_python_is_a_subset_and_says_so(monty: Runner) -> None:
    code = (
        "import json, re\nfrom datetime import datetime\ndef main(text: str) -> dict:\n"
        "    return {'words': re.findall(r'\\w+', text), 'same': json.loads(json.dumps({'a': [1, None]}))}  # done"
    )
    assert await monty.python(code, text="a b") == {"words": ["a", "b"], "same": {"a": [1, None]}}
    for body, said in (
        ("import requests", "No module named 'requests'"),
        ("open('/etc/passwd').read()", "PermissionError"),
        ("while True: pass", "time limit exceeded"),
        ("x = 'y' * 10**9", "MemoryError"),
        ("return {1}", "Object of type set is not JSON serializable"),
    ):
        fault = await monty.fault(body)
        assert said in str(fault), body
        assert "this server runs Python by Monty" in str(fault)
    assert await monty.sandbox.run("javascript", "function main({a}) { return {a} }", {"a": 1}) == {"a": 1}
    with pytest.raises(CodeFaultError, match="require is not defined"):
        await monty.sandbox.run("javascript", "function main() { return require('fs') }", {})
    assert await monty.sandbox.render("{% set x = a ~ a %}{{ x }}", {"a": "b"}) == "bb"
