"""How many calls a minute a key and an end user may make: token buckets in Redis, for all processes at once.

Off unless a setting or the workspace's plan says how many; then each call costs one round trip. A bucket holds the
calls of a minute and fills up evenly. A call that one of its buckets refuses takes nothing from the other.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.kit.caller import Caller
from server.kit.errors import AppError, Reason
from server.ops.meters import LIMITED

log = logging.getLogger("transom.limits")

_MINUTE = 60
# For each bucket: its rate. Answers whether the call may pass, which bucket is the tightest, what is in that one, and
# when it is full again, or has one more call.
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local held, passes, tightest, least = {}, 1, 1, math.huge
for at, key in ipairs(KEYS) do
  local rate = tonumber(ARGV[at])
  local known = redis.call('HMGET', key, 'held', 'at')
  held[at] = rate
  if known[1] then
    held[at] = math.min(rate, tonumber(known[1]) + math.max(0, now - tonumber(known[2])) * rate / 60)
  end
  if held[at] < 1 then passes = 0 end
  if held[at] < least then least, tightest = held[at], at end
end
if passes == 1 then
  for at, key in ipairs(KEYS) do
    held[at] = held[at] - 1
    redis.call('HSET', key, 'held', tostring(held[at]), 'at', string.format('%.6f', now))
    redis.call('EXPIRE', key, 61)
  end
end
local rate = tonumber(ARGV[tightest])
local wait = 60
if rate > 0 then wait = (passes == 1 and rate - held[tightest] or 1 - held[tightest]) * 60 / rate end
return {passes, tightest, math.floor(held[tightest]), tostring(wait)}
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Whose calls are counted together, and how many they may be in a minute."""

    kind: str
    key: str
    rate: int


class Rates:
    """Takes each call from its buckets. ``key_rate`` and ``user_rate`` are for plans that say nothing; 0: unlimited."""

    def __init__(self, redis: Redis, key_rate: int, user_rate: int) -> None:
        self._take = redis.register_script(_TAKE)
        self._key_rate = key_rate or None
        self._user_rate = user_rate or None

    def buckets(self, caller: Caller) -> list[Bucket]:
        """Those that a call of an app's key or page is taken from."""
        app, user = caller.app, caller.end_user
        if app is None:
            return []
        found = []
        key_rate = self._key_rate if app.key_rate is None else app.key_rate
        if key_rate is not None and app.key_id:
            found.append(Bucket("key", f"transom:rate:{{{app.app_id}}}:key:{app.key_id}", key_rate))
        user_rate = self._user_rate if app.user_rate is None else app.user_rate
        if user_rate is not None and user is not None:
            found.append(Bucket("user", f"transom:rate:{{{app.app_id}}}:user:{user.id}", user_rate))
        return found

    async def take(self, buckets: Sequence[Bucket]) -> list[tuple[str, str]]:
        """Count one call; headers that tell how far it is to the limit. Raises RateError.

        Without Redis every call passes: a limit is no reason not to answer.
        """
        try:
            passes, tightest, left, wait = await self._take(
                keys=[bucket.key for bucket in buckets], args=[bucket.rate for bucket in buckets]
            )
        except (RedisError, OSError) as error:
            log.warning("calls are not limited: %s", error)
            return []
        bucket, seconds = buckets[int(tightest) - 1], math.ceil(float(wait))
        headers = [
            ("ratelimit-limit", str(bucket.rate)), ("ratelimit-remaining", str(max(0, int(left)))),
            ("ratelimit-reset", str(seconds)),
        ]  # fmt: skip
        if not passes:
            LIMITED.add((bucket.kind,))
            raise RateError(bucket, seconds, headers)
        return headers


class RateError(AppError):
    """Too many calls; ``headers`` go out with the refusal."""

    def __init__(self, bucket: Bucket, seconds: int, headers: list[tuple[str, str]]) -> None:
        whose = "this API key" if bucket.kind == "key" else "this user"
        super().__init__(
            Reason.TOO_MANY_REQUESTS,
            f"Too many requests. Please try again later. The limit of {whose} is {bucket.rate} a minute.",
            retry_after=seconds,
        )
        self.headers = headers
