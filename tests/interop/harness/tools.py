"""A file of lines through to_nsq, read back by nsq_tail and by every foreign client."""

import collections
import os
import subprocess
import time

from harness.conversation import Failed, read_bodies

LINES = 10_000
TOOL_SECONDS = 60


def _lines():
    """Distinct lines of many lengths, some with bytes that are not text."""
    odd = [b"tab\there", "ümläut ☃".encode(), bytes(range(11, 256)), b"  spaces  ", b'{"json": [1, 2]}']
    return [b"line %d " % i + odd[i % len(odd)] + b"x" * (i % 300) for i in range(LINES)]


def _same(who, found, expected):
    if collections.Counter(found) == collections.Counter(expected):
        return
    lost = collections.Counter(expected) - collections.Counter(found)
    extra = collections.Counter(found) - collections.Counter(expected)
    raise Failed(f"{who}: {sum(lost.values())} lines lost, {sum(extra.values())} repeated or foreign; "
                 f"for example {next(iter(lost or extra))[:60]!r}")


def _run(command, feed, log):
    try:
        done = subprocess.run(command, input=feed, stdout=subprocess.PIPE, stderr=log, timeout=TOOL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{os.path.basename(command[0])} not done within {TOOL_SECONDS} s") from None
    if done.returncode != 0:
        raise Failed(f"{os.path.basename(command[0])} ended with status {done.returncode}; see {log.name}")
    return done.stdout


def run_tools(tools_folder, server, clients, work, say):
    """@param clients  {language: (command, env)} of the clients that read the lines back as well."""
    to_nsq, nsq_tail = (os.path.join(tools_folder, name) for name in ("to_nsq", "nsq_tail"))
    for tool in (to_nsq, nsq_tail):
        if not os.access(tool, os.X_OK):
            raise Failed(f"{tool} is not there")
    topic, expected = "interop_tools", _lines()
    server.post("/topic/create", topic=topic)
    for channel in ("nsq_tail", *clients):  # each channel gets everything, so all exist before the first line
        server.post("/channel/create", topic=topic, channel=channel)

    with open(os.path.join(work, "tools.log"), "wb") as log:
        say(f"to_nsq publishes {LINES} lines")
        began = time.monotonic()
        _run([to_nsq, f"-topic={topic}", f"-nsqd-tcp-address={server.tcp}"], b"\n".join(expected) + b"\n", log)
        say(f"nsq_tail reads them back (published in {time.monotonic() - began:.1f} s)")
        output = _run([nsq_tail, f"-topic={topic}", "-channel=nsq_tail", f"-n={LINES}",
                       f"-nsqd-tcp-address={server.tcp}"], b"", log)
    _same("nsq_tail", output.removesuffix(b"\n").split(b"\n"), expected)
    _settle(server, topic, "nsq_tail")
    for language, (command, env) in clients.items():
        say(f"{language} reads them back")
        stderr_path = os.path.join(work, f"{language}-read.log")
        _same(language, read_bodies(command, env, server, topic, language, LINES, stderr_path), expected)
        _settle(server, topic, language)


def _settle(server, topic, channel):
    wrong = server.settled(topic, channel, LINES, 0, 0)
    if wrong:
        raise Failed(wrong)
