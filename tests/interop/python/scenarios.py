"""What every language's client does with the server; ../README.md lists it."""

import asyncio
import sys
import time

import nsq

import layers
from inbox import PATIENCE_SECONDS, Inbox

CHANNEL = "python"
ODD_BODIES = [bytes(range(256)), b"0123456789abcdef" * 32 * 1024, "grüße ☃".encode(), b"\0"]


class Runner:
    """The other end of stdin and stdout. `lookupd` is the HTTP address of the nsqlookupd."""

    def __init__(self, lookupd):
        self.lookupd = lookupd

    async def ask(self, request):
        """Sends a request and waits for its OK, while the client's connections stay alive."""
        print(request, flush=True)
        answer = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        assert answer.strip() == "OK", f"{request}: {answer.strip()}"

    async def check(self, topic, messages, requeues=0, timeouts=0):
        """Lets the runner compare the channel's counters once nothing is left in it."""
        await self.ask(f"CHECK {topic} {CHANNEL} {messages} {requeues} {timeouts}")


class Producer:
    """A pynsq Writer with awaitable publishing."""

    def __init__(self, address):
        self._writer = nsq.Writer([address], reconnect_interval=0.1, **layers.options())

    async def send(self, command, *arguments):
        """`command` is pub, mpub or dpub. Tries again while there is no connection, as pynsq leaves to its user."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answered = asyncio.get_running_loop().create_future()
            failed = getattr(self._writer, command)(
                *arguments, callback=lambda conn, data, f=answered: f.done() or f.set_result(data))
            data = await asyncio.wait_for(answered, PATIENCE_SECONDS)
            if data == b"OK":
                return
            if failed is not None and failed.done():
                failed.exception()  # the same error as `data`: taken, so that nobody complains it was not
            assert isinstance(data, nsq.Error) and time.monotonic() < deadline, f"{command}: {data}"
            await asyncio.sleep(0.05)


async def publish(runner, address, topic):
    producer, inbox = Producer(address), Inbox(address, topic, CHANNEL)
    expected = {}
    for body in [b"single %d" % i for i in range(300)] + ODD_BODIES:
        expected[body] = 0.0
        await producer.send("pub", topic, body)
    batch = [b"batch %d" % i for i in range(200)]
    expected.update(dict.fromkeys(batch, 0.0))
    await producer.send("mpub", topic, batch)
    for i in range(20):
        body, delay_ms = b"deferred %d" % i, 500 + 50 * i
        expected[body] = time.monotonic() + delay_ms / 1000
        await producer.send("dpub", topic, delay_ms, body)
    await inbox.drain(expected)
    await runner.check(topic, len(expected))
    await inbox.close()


async def one_message(address, topic, body, msg_timeout_seconds=None):
    await Producer(address).send("pub", topic, body)
    return Inbox(address, topic, CHANNEL, msg_timeout_seconds)


async def requeue(runner, address, topic):
    inbox = await one_message(address, topic, b"again")
    message = await inbox.expect(b"again", 1)
    message.requeue(backoff=False, delay=0)
    message = await inbox.expect(b"again", 2)
    due = time.monotonic() + 1
    message.requeue(backoff=False, delay=1)
    message = await inbox.expect(b"again", 3)
    assert time.monotonic() >= due, "the requeued message came too early"
    message.finish()
    await runner.check(topic, 1, requeues=2)
    await inbox.close()


async def touch(runner, address, topic):
    """Holds a message for more than twice its timeout."""
    inbox = await one_message(address, topic, b"slow work", msg_timeout_seconds=2)
    message = await inbox.expect(b"slow work", 1)
    for _ in range(12):
        await asyncio.sleep(0.4)
        message.touch()
    message.finish()
    await runner.check(topic, 1)
    await inbox.close()


async def timeout(runner, address, topic):
    inbox = await one_message(address, topic, b"forgotten", msg_timeout_seconds=1)
    await inbox.expect(b"forgotten", 1)
    message = await inbox.expect(b"forgotten", 2)
    message.finish()
    await runner.check(topic, 1, timeouts=1)
    await inbox.close()


async def restart(runner, address, topic):
    """Keeps one writer and one reader while the server goes away and comes back."""
    await live_through_restart(runner, Producer(address), Inbox(address, topic, CHANNEL), topic)


async def discovery(runner, address, topic):
    """The same with a reader that knows only the nsqlookupd, and begins before the topic is there."""
    await live_through_restart(runner, Producer(address), Inbox(None, topic, CHANNEL, lookupd=runner.lookupd), topic)


async def live_through_restart(runner, producer, inbox, topic):
    for when in ("before", "after"):
        bodies = [b"%s %d" % (when.encode(), i) for i in range(100)]
        for body in bodies:
            await producer.send("pub", topic, body)
        await inbox.drain(dict.fromkeys(bodies, 0.0))
        await runner.check(topic, len(bodies))
        if when == "before":
            await runner.ask("RESTART")
    await inbox.close()


SCENARIOS = [publish, requeue, touch, timeout, restart, discovery]
