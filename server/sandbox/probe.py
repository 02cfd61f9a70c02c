"""Tries to break out of a jail, before it is trusted with anybody's code."""

from __future__ import annotations

import json
import socket
from contextlib import closing

from server.sandbox.model import SandboxError

# Each attempt that succeeds leaves its name; a jail that holds leaves none.
ATTEMPTS = """
import os, socket, sys

def main(path, port, parent):
    out = []
    def attempt(name, action):
        try:
            action()
        except (OSError, MemoryError):
            return
        out.append(name)
    attempt("read a file of the server", lambda: open(path, "rb").close())
    attempt("read the list of users", lambda: open("/etc/passwd", "rb").close())
    attempt("write a file", lambda: open("/jail/probe", "wb").close())
    attempt("see processes", lambda: os.listdir("/proc"))
    attempt("reach the network", lambda: socket.create_connection(("127.0.0.1", port), 1).close())
    attempt("start a process", lambda: os.fork() or os._exit(0))
    attempt("signal a process", lambda: os.kill(parent, 0))
    attempt("signal its keeper", lambda: os.kill(os.getppid(), 0))
    attempt("become root", lambda: os.setuid(0))
    attempt("take memory without end", lambda: bytearray(1 << 40))
    if set(os.environ) - {"LC_ALL", "PWD"}:
        out.append("read the environment")
    if not out:
        attempt("start a program", lambda: os.execv(sys.executable, ["python"]))
    return {"out": out}
"""


def listener() -> closing[socket.socket]:
    """A port of this machine that a job must not reach."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(1)
    return closing(made)


def judge(answer: bytes) -> None:
    """Raises SandboxError when an attempt succeeded, or when it is not known whether one did."""
    try:
        found = json.loads(answer)["out"]
    except (ValueError, KeyError, TypeError):
        raise SandboxError(f"its probe failed: {answer[-300:].decode('utf-8', 'replace')}") from None
    if found:
        raise SandboxError(f"it does not hold: code could {', '.join(found)}")
