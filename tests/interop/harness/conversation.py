"""Running a client program and answering its requests; tests/interop/README.md has the protocol."""

import os
import queue
import subprocess
import threading
import time

SCENARIO_SECONDS = 90
READ_SECONDS = 60


class Failed(Exception):
    """The client program found something wrong, or did not end in time."""


class _Program:
    """A child process whose lines arrive in a queue; None in it is the end of its output."""

    def __init__(self, command, env, stderr_path):
        self.stderr_path = stderr_path
        with open(stderr_path, "wb") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **env}, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log)
        self.lines = queue.Queue()
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip(b"\n"))
        self.lines.put(None)

    def next_line(self, deadline):
        try:
            return self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise Failed("not done in time") from None

    def answer(self, text):
        try:
            self.process.stdin.write(f"{text}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it ended meanwhile; its exit status tells

    def finish(self, deadline):
        status = self.process.wait(max(1.0, deadline - time.monotonic()))
        if status != 0:
            raise Failed(f"ended with status {status}")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # an answer that it did not wait for

    def error_tail(self):
        with open(self.stderr_path, encoding="utf-8", errors="replace") as f:
            return "".join("    " + line for line in f.readlines()[-25:])


def _attempt(program, body):
    try:
        return body()
    except (Failed, subprocess.TimeoutExpired) as error:
        program.close()
        raise Failed(f"{error}; the end of its stderr:\n{program.error_tail()}".rstrip()) from None
    finally:
        program.close()


def run_scenarios(command, env, server, prefix, stderr_path, say):
    """Runs every scenario of one language. @param say  called with the name of each step as it begins."""
    deadline = time.monotonic() + SCENARIO_SECONDS
    program = _Program([*command, "scenarios", server.tcp, server.lookupd.where(), prefix], env, stderr_path)
    step = "its start"

    def serve():
        nonlocal step
        while True:
            line = program.next_line(deadline)
            if line is None:
                program.finish(deadline)
                raise Failed(f"ended without DONE in {step}")
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            if word == "STEP":
                step = rest
                say(step)
            elif word == "CHECK":
                topic, channel, messages, requeues, timeouts = rest.split(" ")
                wrong = server.settled(topic, channel, int(messages), int(requeues), int(timeouts))
                program.answer(f"NO {wrong}" if wrong else "OK")
            elif word == "RESTART":
                server.restart()
                program.answer("OK")
            elif word == "DONE":
                return program.finish(deadline)
            else:
                raise Failed(f"unknown request in {step}: {line!r}")

    def named():
        try:
            serve()
        except Failed as error:
            raise Failed(f"{step}: {error}") from None
    _attempt(program, named)


def read_bodies(command, env, server, topic, channel, count, stderr_path):
    """Lets a client read `count` messages. @return their bodies in the order of arrival."""
    deadline = time.monotonic() + READ_SECONDS
    program = _Program([*command, "read", server.tcp, topic, channel, str(count)], env, stderr_path)

    def collect():
        bodies = []
        while (line := program.next_line(deadline)) is not None:
            bodies.append(line)
        program.finish(deadline)
        return bodies
    return _attempt(program, collect)
