"""Pooled clients: one a key, bounded, all closed."""

from __future__ import annotations

from server.llm.pool import ClientPool, credential_key


class Client:
    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


async def test_a_key_has_one_client_and_the_least_used_goes_first() -> None:
    pool: ClientPool[Client] = ClientPool(Client.close, size=2, grace=60)
    first, second = pool.get("a", Client), pool.get("b", Client)
    assert pool.get("a", Client) is first
    third = pool.get("c", Client)
    assert len(pool) == 2
    assert pool.get("a", Client) is first
    assert not second.closed, "a stream may still use it"
    await pool.close()
    assert first.closed and second.closed and third.closed


def test_keys_tell_credentials_apart_and_hide_them() -> None:
    assert credential_key("a", "bc") != credential_key("ab", "c")
    assert "secret" not in credential_key("url", "secret")
