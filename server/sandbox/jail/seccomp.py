"""The system calls that a job may make; all others fail with EPERM.

What user code could turn against its neighbours is what decides the list. Jobs share a user id and a process
space, so that nothing which names another process is in it: kill and its kin, ptrace, process_vm_*, pidfd_*,
prlimit of others, and ``fcntl`` of F_SETOWN and F_SETSIG, by which the kernel itself would send the signal. No new
processes (``clone`` makes threads only), no programs, no sockets but pairs (an asyncio loop wants one to wake itself),
no ioctl but those of a descriptor itself, no memory that limits do not see (memfd, shm).
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

_BOTH = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62), "mmap": (9, 222),
    "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "pread64": (17, 67), "pwrite64": (18, 68),
    "readv": (19, 65), "writev": (20, 66), "sched_yield": (24, 124), "mremap": (25, 216), "madvise": (28, 233),
    "dup": (32, 23), "nanosleep": (35, 101), "getpid": (39, 172), "sendto": (44, 206), "recvfrom": (45, 207),
    "shutdown": (48, 210), "socketpair": (53, 199), "exit": (60, 93), "uname": (63, 160), "getcwd": (79, 17),
    "gettimeofday": (96, 169), "getrusage": (98, 165), "sysinfo": (99, 179), "times": (100, 153),
    "getuid": (102, 174), "getgid": (104, 176), "geteuid": (107, 175), "getegid": (108, 177), "getppid": (110, 173),
    "sigaltstack": (131, 132), "gettid": (186, 178), "futex": (202, 98), "sched_getaffinity": (204, 123),
    "set_tid_address": (218, 96), "restart_syscall": (219, 128), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "exit_group": (231, 94), "epoll_ctl": (233, 21),
    "pselect6": (270, 72), "ppoll": (271, 73), "set_robust_list": (273, 99), "epoll_pwait": (281, 22),
    "eventfd2": (290, 19), "epoll_create1": (291, 20), "dup3": (292, 24), "pipe2": (293, 59),
    "getrandom": (318, 278), "membarrier": (324, 283), "rseq": (334, 293),
}
# Looking at files: of no use in a jail without any, and refused where there is no jail around the job.
_FILES = {
    "getdents64": (217, 61), "fadvise64": (221, 223), "openat": (257, 56), "newfstatat": (262, 79),
    "readlinkat": (267, 78), "faccessat": (269, 48), "statx": (332, 291), "faccessat2": (439, 439),
    "statfs": (137, 43), "fstatfs": (138, 44),
}
_OLD = (7, 22, 23, 33, 97, 201, 213, 232)  # poll, pipe, select, dup2, getrlimit, time, epoll_create, epoll_wait
_OLD_FILES = (2, 4, 6, 21, 89)  # open, stat, lstat, access, readlink
_CLONE, _CLONE3, _FCNTL, _IOCTL, _PRLIMIT = (56, 220), (435, 435), (72, 25), (16, 29), (302, 261)
_FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC
_IOCTL_COMMANDS = (0x5421, 0x5450, 0x5451)  # FIONBIO, FIONCLEX, FIOCLEX
_CLONE_THREAD = 0x10000
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _KILL, _DENY, _MISSING = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 22, 38, 4


class ConfineError(Exception):
    """A wall could not be put up."""


def supported() -> bool:
    """Whether the list is known for this machine."""
    return sys.platform == "linux" and platform.machine() in _ARCHITECTURES and sys.maxsize > 2**32


def program(*, files: bool) -> bytes:
    """The filter as the kernel reads it, for this machine."""
    column, architecture = _ARCHITECTURES[platform.machine()]
    numbers = [row[column] for row in _BOTH.values()]
    if files:
        numbers += [row[column] for row in _FILES.values()]
    if column == 0:
        numbers += [*_OLD, *(_OLD_FILES if files else ())]
    code = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    for number in numbers:
        code += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    code += _when(_CLONE3[column], [(_RETURN, 0, 0, _MISSING)])  # makes glibc use clone, whose flags can be seen
    code += _when(_CLONE[column], [
        (_LOAD, 0, 0, _FIRST), (_ANY_BIT, 0, 1, _CLONE_THREAD), (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _DENY),
    ])
    code += _when(_PRLIMIT[column], [
        (_LOAD, 0, 0, _FIRST), (_EQUAL, 0, 1, 0), (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _DENY),
    ])
    for call, commands in ((_FCNTL, _FCNTL_COMMANDS), (_IOCTL, _IOCTL_COMMANDS)):
        allowed = [step for each in commands for step in ((_EQUAL, 0, 1, each), (_RETURN, 0, 0, _ALLOW))]
        code += _when(call[column], [(_LOAD, 0, 0, _SECOND), *allowed, (_RETURN, 0, 0, _DENY)])
    code.append((_RETURN, 0, 0, _DENY))
    return b"".join(struct.pack("=HBBI", *step) for step in code)


def _when(number: int, then: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    return [(_EQUAL, 0, len(then), number), *then]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


class Kernel:
    """The calls to the kernel that Python has no words for, found before the jail is shut."""

    def __init__(self, *, files: bool) -> None:
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl
        self._steps = program(files=files) if supported() else b""
        self._program = _Program(len(self._steps) // 8, self._steps)

    def no_new_privileges(self) -> None:
        """No program that is started gets more rights, and nobody with our user id may look into our memory."""
        self._call(_PR_SET_NO_NEW_PRIVS, 1)
        self._call(_PR_SET_DUMPABLE, 0)

    def filter(self) -> None:
        """From here on, for ever: only the system calls of the list. ``no_new_privileges`` comes before."""
        self._call(_PR_SET_SECCOMP, 2, ctypes.byref(self._program))

    def _call(self, option: int, *values: object) -> None:
        padded = [*values, *([0] * (4 - len(values)))]
        if self._prctl(option, *(ctypes.c_ulong(each) if isinstance(each, int) else each for each in padded)):
            raise ConfineError(f"prctl {option}: errno {ctypes.get_errno()}")
