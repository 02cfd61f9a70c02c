"""Password hashing off the event loop and away from the database threads."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from server.kit.crypto import check_password, hash_password

# Argon2 uses a core and 19 MiB for tens of milliseconds: a flood of logins waits here, nothing else does.
_THREADS = 2
# What an unknown e-mail is checked against, so that it takes as long as a known one.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$JDF5UIcQfWo2XcEPiiQJnw$vWI6t6uH5FSrc+upaS74TyWQ9KU5xM1CmvtKGauHVQ0"


class Passwords:
    """Hashes and checks passwords on two threads of its own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")

    async def hash(self, password: str) -> str:
        """The text to store."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, hash_password, password)

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one; False, after the same time, when none is stored."""
        right = await asyncio.get_running_loop().run_in_executor(
            self._pool, check_password, password, stored or _NOBODY
        )
        return right and stored is not None

    def close(self) -> None:
        """Refuse what has not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)
