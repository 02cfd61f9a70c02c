"""One rate per provider credential for all processes and workers, kept in Redis.

Calls are free until the provider says 429. Then everybody pauses as long as it asked for (a
growing pause when it did not say), and goes on at 0.7 of the rate at which it was called. The
rate grows by a twentieth a second, so a 429 comes about every seven seconds while there is more
work than the provider takes, and is forgotten after five minutes without one. A 429 that comes
before a second's worth of calls lengthens the pause and leaves the rate: the provider's own
window was not over.

While Redis is away each process keeps its own pauses.
"""

from __future__ import annotations

import logging
import time

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger("transom.embedding")

# The state of a credential (times are Redis' own, seconds): ``till`` of the pause; ``rate`` after the last cut,
# calls a second, and ``cut``, when it was; ``tokens`` of the bucket ``at`` a time; ``count`` of calls since
# ``began``, and ``before``, their rate in the time before that; ``strikes``, pauses in a row.
_COMMON = """
local now = redis.call('TIME'); now = now[1] + now[2] / 1000000
local names = {'till', 'rate', 'cut', 'tokens', 'at', 'count', 'began', 'before', 'strikes'}
local values, s = redis.call('HMGET', KEYS[1], unpack(names)), {}
for i, name in ipairs(names) do s[name] = tonumber(values[i] or 0) end
local allowed = s.rate > 0 and s.rate * 1.05 ^ math.max(0, now - s.cut) or 0
local function keep(changed)
  for name, value in pairs(changed) do redis.call('HSET', KEYS[1], name, string.format('%.6f', value)) end
  redis.call('EXPIRE', KEYS[1], 3600)
end
"""

# Milliseconds until a call may be tried again; 0: it may go now and is counted.
_ADMIT = _COMMON + """
if s.till > now then return math.ceil((s.till - now) * 1000) end
local changed = {count = s.count + 1}
if s.rate > 0 and now - s.cut > 300 then changed.rate = 0; allowed = 0 end
if allowed > 0 then
  local tokens = math.min(math.max(1, allowed), s.tokens + (now - s.at) * allowed)
  if tokens < 1 then return math.ceil((1 - tokens) / allowed * 1000) end
  changed.tokens, changed.at = tokens - 1, now
end
if now - s.began > 10 then
  changed.before = s.began > 0 and s.count / (now - s.began) or 0
  changed.began, changed.count = now, 1
end
keep(changed)
return 0
"""

# The provider refused: ARGV[1] is what it asked to wait in seconds, -1 when it did not say. Milliseconds to wait.
_LIMITED = _COMMON + """
local asked = tonumber(ARGV[1])
if s.till > now then
  -- Calls that were under way when the pause began: at most the pause gets longer.
  if asked > s.till - now then keep({till = now + asked, cut = now + asked, began = now + asked, at = now + asked}) end
  return math.ceil(math.max(asked, s.till - now) * 1000)
end
local again = s.rate > 0 and s.count <= math.max(1, allowed) and now - s.cut < 30
local strikes = again and s.strikes + 1 or 1
local pause = math.max(asked, math.min(60, (asked < 0 and 0.5 or 0.05) * 2 ^ (strikes - 1)))
local till = now + pause
local changed = {till = till, strikes = strikes, cut = till, tokens = 1, at = till, began = till, count = 0, before = 0}
if not again then
  local called = math.max(s.before, s.began > 0 and s.count / math.max(1, now - s.began) or 1)
  if allowed > 0 then called = math.min(called, allowed) end
  changed.rate = math.max(0.05, 0.7 * called)
end
keep(changed)
return math.ceil(pause * 1000)
"""


class SharedRate:
    """``account`` names a credential; see EmbeddingModel."""

    def __init__(self, redis: Redis) -> None:
        self._admit = redis.register_script(_ADMIT)
        self._limited = redis.register_script(_LIMITED)
        self._away = False
        # Without Redis: account -> monotonic time until which this process pauses.
        self._pauses: dict[str, float] = {}

    async def admit(self, account: str) -> float:
        """Seconds until the call may be tried again; 0: it may go now."""
        try:
            wait = float(await self._admit(keys=[_key(account)])) / 1000
        except (RedisError, OSError) as error:
            self._lost(error)
            return max(0.0, self._pauses.get(account, 0.0) - time.monotonic())
        self._away = False
        return wait

    async def limited(self, account: str, retry_after: float | None) -> float:
        """The provider refused a call for its rate: seconds for which everybody pauses now."""
        asked = -1.0 if retry_after is None else retry_after
        try:
            pause = float(await self._limited(keys=[_key(account)], args=[asked])) / 1000
        except (RedisError, OSError) as error:
            self._lost(error)
            pause = 1.0 if retry_after is None else retry_after
            self._pauses = {each: till for each, till in self._pauses.items() if till > time.monotonic()}
            self._pauses[account] = time.monotonic() + pause
        return pause

    def _lost(self, error: Exception) -> None:
        if not self._away:
            log.warning("rates are not shared with other processes: %s", error)
        self._away = True


def _key(account: str) -> str:
    return f"transom:model-rate:{account[:32]}"
