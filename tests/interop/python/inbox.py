"""A pynsq Reader whose messages wait, unanswered, for the scenario to take them."""

import asyncio
import time

import nsq

import layers

PATIENCE_SECONDS = 30  # how long any single wait may take; pynsq itself waits 15 s before it reconnects


class Inbox:
    """Subscribes on construction, inside a running event loop: to the nsqd at `address`, or to those that `lookupd` lists."""

    def __init__(self, address, topic, channel, msg_timeout_seconds=None, lookupd=None):
        self._queue = asyncio.Queue()
        options = {} if msg_timeout_seconds is None else {"msg_timeout": msg_timeout_seconds}
        if lookupd:
            url = lookupd if "://" in lookupd else f"http://{lookupd}"
            options.update(lookupd_http_addresses=[url], lookupd_poll_interval=1, lookupd_poll_jitter=0.1)
        else:
            options.update(nsqd_tcp_addresses=[address])
        self._reader = nsq.Reader(topic=topic, channel=channel, message_handler=self._receive, max_tries=0,
                                  max_in_flight=100, **options, **layers.options())

    def _receive(self, message):
        message.enable_async()
        self._queue.put_nowait(message)

    async def next(self):
        try:
            return await asyncio.wait_for(self._queue.get(), PATIENCE_SECONDS)
        except asyncio.TimeoutError:
            raise AssertionError(f"no message within {PATIENCE_SECONDS} s") from None

    async def expect(self, body, attempts):
        """Waits for a message and compares its body and attempts."""
        message = await self.next()
        found = (message.body, message.attempts)
        assert found == (body, attempts), f"got {found}, expected {(body, attempts)}"
        return message

    async def drain(self, expected):
        """Finishes messages until each of `expected`, {body: earliest monotonic time}, has come exactly once."""
        seen = set()
        while len(seen) < len(expected):
            message = await self.next()
            body = message.body
            assert body in expected, f"a body nobody published: {body[:60]!r}"
            assert body not in seen, f"a message came twice: {body[:60]!r}"
            assert message.attempts == 1, f"attempts {message.attempts} on the first delivery of {body[:60]!r}"
            assert time.monotonic() >= expected[body], f"too early: {body[:60]!r}"
            seen.add(body)
            message.finish()

    async def close(self):
        await asyncio.sleep(0)  # what was answered in this turn of the loop is sent first
        self._reader.close()
