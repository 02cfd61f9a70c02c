"""The first process in the jail: holds a warm interpreter and forks it once for each job.

Messages are datagrams of JSON on one socket. In: ``{"start": id, "language": ...}`` with one descriptor, the job's
own stream, and ``{"kill": id}``. Out: ``{"ready": ...}`` once, then ``{"ended": id, "status": n}`` for each job.
The warden never sees what is in a job: the fork reads it from its stream. Without its caller it ends, and all with it.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import Any, NoReturn

from . import guest
from .confine import restrict
from .seccomp import ConfineError, Kernel, supported

_MESSAGE_BYTES = 4096


def main() -> NoReturn:
    """Serve until the caller is gone. Arguments: descriptor of the socket, settings as JSON."""
    caller = socket.socket(fileno=int(sys.argv[1]))
    settings: dict[str, Any] = json.loads(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    able = guest.prepare()  # before we are nobody, who may not be able to read the interpreter's own files
    try:
        kernel = _become_nobody(settings)
    except (ConfineError, OSError) as error:
        sys.exit(str(error))
    os.dup2(1, 2)  # what is said after this is said by jobs, to nobody
    gc.collect()
    gc.freeze()  # a collection in a fork would copy the pages that it shares
    caller.send(json.dumps({"ready": able}).encode())
    _Warden(caller, settings["limits"], kernel).serve()


def _become_nobody(settings: dict[str, Any]) -> Kernel | None:
    """Give up root, if that is what we are, and the way back to it."""
    if os.getuid() == 0 and settings["user"]:
        os.setgroups([])
        os.setresgid(settings["user"], settings["user"], settings["user"])
        os.setresuid(settings["user"], settings["user"], settings["user"])
    if not supported():
        if settings["filter"]:
            raise ConfineError("this kernel's system calls cannot be filtered")
        return None
    kernel = Kernel(files=settings["files"])
    kernel.no_new_privileges()
    return kernel


class _Warden:
    def __init__(self, caller: socket.socket, limits: dict[str, Any], kernel: Kernel | None) -> None:
        self._caller = caller
        self._limits = limits
        self._kernel = kernel
        self._pids: dict[int, int] = {}
        self._jobs: dict[int, int] = {}
        self._ended, self._wake = os.pipe()
        os.set_blocking(self._ended, False)
        os.set_blocking(self._wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def serve(self) -> NoReturn:
        poll = select.poll()
        poll.register(self._caller, select.POLLIN)
        poll.register(self._ended, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if self._ended in ready:
                with suppress(BlockingIOError):
                    os.read(self._ended, 4096)
                self._reap()
            if self._caller.fileno() in ready:
                self._message()

    def _message(self) -> None:
        data, descriptors, _, _ = socket.recv_fds(self._caller, _MESSAGE_BYTES, 1)
        if not data:
            os._exit(0)
        message = json.loads(data)
        if "kill" in message:
            pid = self._pids.get(message["kill"])
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        elif descriptors:
            self._start(message, descriptors[0])

    def _start(self, message: dict[str, Any], stream: int) -> None:
        try:
            pid = os.fork()
        except OSError:
            os.close(stream)
            self._tell(message["start"], -1)
            return
        if not pid:
            self._run(message, stream)
        os.close(stream)
        self._jobs[pid] = message["start"]
        self._pids[message["start"]] = pid

    def _run(self, message: dict[str, Any], stream: int) -> NoReturn:
        """The life of a fork."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._caller.close()
            os.close(self._ended)
            os.close(self._wake)
            restrict(self._limits, self._kernel)
            guest.run(message["language"], stream, self._limits)
        finally:
            os._exit(1)

    def _reap(self) -> None:
        while self._jobs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            job = self._jobs.pop(pid)
            del self._pids[job]
            self._tell(job, os.waitstatus_to_exitcode(status))

    def _tell(self, job: int, status: int) -> None:
        self._caller.send(json.dumps({"ended": job, "status": status}).encode())
