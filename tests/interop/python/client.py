"""The pynsq side of the interop tests; ../README.md has the conversation with the runner."""

import asyncio
import logging
import sys

import layers
from inbox import Inbox
from scenarios import SCENARIOS, Runner


async def run_scenarios(address, lookupd, prefix):
    runner = Runner(lookupd)
    for scenario in SCENARIOS:
        print("STEP", scenario.__name__, flush=True)
        await scenario(runner, address, f"{prefix}_{scenario.__name__}")
    print("DONE", flush=True)


async def read_bodies(address, topic, channel, count):
    inbox = Inbox(address, topic, channel)
    bodies = []
    for _ in range(count):
        message = await inbox.next()
        bodies.append(message.body)
        message.finish()
    await inbox.close()
    sys.stdout.buffer.write(b"".join(body + b"\n" for body in bodies))
    sys.stdout.flush()


def main(arguments):
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    layers.prepare_discovery()
    match arguments:
        case ["scenarios", address, lookupd, prefix]:
            asyncio.run(run_scenarios(address, lookupd, prefix))
        case ["read", address, topic, channel, count]:
            asyncio.run(read_bodies(address, topic, channel, int(count)))
        case _:
            sys.exit("usage: scenarios <address> <nsqlookupd> <prefix> | read <address> <topic> <channel> <count>")


if __name__ == "__main__":
    main(sys.argv[1:])
