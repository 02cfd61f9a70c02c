"""What lies at the top of the checkout, and nothing else (style.md section 4)."""

from __future__ import annotations

import subprocess

from tests.arch.sources import ROOT

LAYOUT = {
    "proto": "the contract",
    "server": "the server's package",
    "gateway": "the generator's package",
    "envoy": "what the generator writes for Envoy",
    "generated": "what the protos become",
    "tests": "tests",
    "bench": "measurements",
    "requirements": "the locks",
    "README.md": "the manual",
    "Makefile": "the commands",
    "pyproject.toml": "packages and tools",
    "buf.yaml": "the linter of protos",
    "docker-compose.yaml": "the scaled-out layout",
    ".ci": "what must pass",
    ".gitignore": "",
    ".dockerignore": "",
    ".gitattributes": "",
}


def test_nothing_unknown_is_kept_at_the_top() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    kept = {path.partition("/")[0] for path in listed.split("\0") if path}
    assert kept <= set(LAYOUT), f"not part of the layout: {sorted(kept - set(LAYOUT))}"


def test_every_package_has_a_docstring_that_says_what_is_in_it() -> None:
    import ast

    silent = [
        str(path.relative_to(ROOT))
        for folder in ("server", "gateway")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent
