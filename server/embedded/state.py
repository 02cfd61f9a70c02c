"""What `transom up` keeps in its data folder: a lock, secrets, logs. And the choice of ports."""

from __future__ import annotations

import fcntl
import json
import os
import random
import secrets
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_RUNNING = "running.json"
_TARGETS = "metrics.json"
_SECRETS = ("secret_key", "local_model_key")
# Below the range from which the kernel takes ports of outgoing connections (32768 and up on Linux):
# a port that a part comes back to after a restart is then never in use by a connection.
_INTERNAL_PORTS = range(15_000, 32_000)


class StartError(Exception):
    """`transom up` cannot start; the message says why and what to do."""


@dataclass(slots=True)
class DataFolder:
    """The open data folder; ``close`` gives it back."""

    path: Path
    _lock: int

    def close(self) -> None:
        """Release the lock; the file stays."""
        os.close(self._lock)

    def secrets(self) -> dict[str, str]:
        """``secret_key`` and ``local_model_key``, made once, mode 0600."""
        file = self.path / "secrets.json"
        try:
            kept: dict[str, str] = json.loads(file.read_text())
        except FileNotFoundError:
            kept = {}
        except ValueError as error:
            raise StartError(f"{file} is damaged ({error}); restore it, or stored credentials are lost") from None
        missing = [name for name in _SECRETS if not kept.get(name)]
        if missing:
            kept |= {name: secrets.token_urlsafe(32) for name in missing}
            _write_private(file, json.dumps(kept, indent=2))
        return kept


def open_folder(path: Path, port: int) -> DataFolder:
    """Make and lock ``path``. Raises StartError when another `transom up` has it or it cannot be written."""
    # PostgreSQL runs as nobody when we are root and must be able to pass.
    try:
        path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartError(f"the data folder {path} cannot be used: {error.strerror}; set DATA_DIR") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(lock, 200).decode(errors="replace").strip()
        os.close(lock)
        raise StartError(
            f"Transom runs already on the data folder {path} ({holder or 'starting'}); "
            "stop it, or set another DATA_DIR and PORT"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"process {os.getpid()}, port {port}\n".encode(), 0)
    return DataFolder(path, lock)


def check_port(port: int) -> None:
    """Raise StartError when ``port`` cannot be listened on."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier run that wait for their end are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - the gateway listens there
            probe.listen(1)
        except PermissionError:
            raise StartError(f"port {port} needs root rights; choose one above 1023: PORT=8080") from None
        except OSError:
            raise StartError(f"port {port} is in use by another program; choose another: PORT={port + 1}") from None


def free_ports(count: int, taken: Iterable[int] = ()) -> list[int]:
    """Pick ports on 127.0.0.1 that nobody listens on."""
    found: list[int] = []
    refused = set(taken)
    for port in random.sample(_INTERNAL_PORTS, len(_INTERNAL_PORTS)):
        if len(found) == count:
            break
        if port not in refused and _is_free(port):
            found.append(port)
    if len(found) < count:
        raise StartError("no free ports between 15000 and 32000")
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def keep_environment(folder: Path, environment: Mapping[str, str]) -> None:
    """Leave the settings of a running `transom up` for other commands (mode 0600: they hold secrets)."""
    _write_private(folder / _RUNNING, json.dumps(dict(environment), indent=2))


def keep_targets(folder: Path, host: str, ports: Iterable[int]) -> None:
    """Leave the addresses of /metrics in the form that Prometheus reads by `file_sd_configs`."""
    targets = [{"targets": [f"{host}:{port}" for port in ports], "labels": {"job": "transom"}}]
    _write_private(folder / _TARGETS, json.dumps(targets, indent=2))


def running_environment(folder: Path) -> dict[str, str]:
    """The settings of the `transom up` that runs (or last ran) on ``folder``; empty when none did."""
    try:
        kept: dict[str, str] = json.loads((folder / _RUNNING).read_text())
    except (OSError, ValueError):
        return {}
    return kept


def _write_private(file: Path, text: str) -> None:
    """Replace ``file`` whole, readable by its owner alone."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
