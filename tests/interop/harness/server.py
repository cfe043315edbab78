"""The daemons under test: started on free loopback ports, stopped, started again on the same ones."""

import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

START_SECONDS = 20
STOP_SECONDS = 20
SETTLE_SECONDS = 20


class ServerError(Exception):
    """The server did not do what it must; the text says what, with the end of its log."""


def _free_port():
    """A port nobody listens on, below the range from which the kernel picks ports for outgoing
    connections: none of those can take it while the server is down for its restart."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        lowest_ephemeral = int(f.read().split()[0])
    for _ in range(1000):
        port = random.randrange(10000, max(lowest_ephemeral, 10100))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise ServerError("no free port")


class Access:
    """How the runner reaches a daemon's HTTP API: over TLS if there is an ssl.SSLContext, with a secret if there is one.

    `flag` sets the address of that API.
    """

    def __init__(self, secret=None, tls=None, flag="--http-address"):
        self.flag = flag
        self.scheme = "https" if tls else "http"
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        handlers = [urllib.request.ProxyHandler({})]  # loopback: never by a proxy
        if tls:
            handlers.append(urllib.request.HTTPSHandler(context=tls))
        self._opener = urllib.request.build_opener(*handlers)

    def ask(self, url, **how):
        with self._opener.open(urllib.request.Request(url, headers=self._headers, **how), timeout=10) as answer:
            return answer.read()


class _Daemon:
    """A process with a TCP and an HTTP port. Not thread-safe: one conversation drives it."""

    def __init__(self, name, binary, log_path, flags, access):
        self._name = name
        self._binary = binary
        self._log_path = log_path
        self._flags = flags
        self._access = access
        self._process = None
        self.tcp = self.http = None

    def start(self):
        """Starts on ports of its own choice; another process may win the race for one, so try again."""
        for attempt in range(5):
            self.tcp = f"127.0.0.1:{_free_port()}"
            self.http = f"127.0.0.1:{_free_port()}"
            try:
                return self._launch()
            except ServerError as error:
                if "in use" not in str(error) or attempt == 4:
                    raise

    def restart(self):
        """Stops cleanly and starts again with the same addresses and flags."""
        self.stop()
        self._launch()

    def stop(self):
        """Asks it to end and expects exit status 0."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is not None:
            raise ServerError(f"{self._name} ended by itself, status {process.returncode}{self._log_tail()}")
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServerError(f"{self._name} did not stop within {STOP_SECONDS} s of SIGTERM{self._log_tail()}")
        if status != 0:
            raise ServerError(f"{self._name} ended with status {status} on SIGTERM{self._log_tail()}")

    def kill(self):
        """Ends it whatever it takes; for the way out of a failure."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _launch(self):
        command = [self._binary, f"--tcp-address={self.tcp}", f"{self._access.flag}={self.http}",
                   "--broadcast-address=127.0.0.1", *self._flags]
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None:
                status, self._process = self._process.returncode, None
                raise ServerError(f"{self._name} did not start, status {status}{self._log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"{self._name} does not answer {START_SECONDS} s after its start{self._log_tail()}")
            time.sleep(0.02)

    def _answers(self):
        try:
            host, port = self.tcp.split(":")
            socket.create_connection((host, int(port)), timeout=1).close()
            return self._get("/ping") == "OK"
        except OSError:
            return False

    def _get(self, path, **query):
        return self._access.ask(self._url(path, query)).decode()

    def _url(self, path, query):
        return f"{self._access.scheme}://{self.http}{path}?{urllib.parse.urlencode(query)}"

    def _log_tail(self):
        if not os.path.exists(self._log_path):
            return ""
        with open(self._log_path, encoding="utf-8", errors="replace") as f:
            lines = f.readlines()[-15:]
        return "; the end of its log:\n    " + "    ".join(lines).rstrip()


class Lookupd(_Daemon):
    """One nsqlookupd process."""

    def __init__(self, binary, log_path, flags=(), access=Access()):
        super().__init__("nsqlookupd", binary, log_path, flags, access)

    def where(self):
        """What clients are told: host:port, or a URL if it speaks TLS."""
        return self.http if self._access.scheme == "http" else f"https://{self.http}"


class Server(_Daemon):
    """One nsqd process and its data path, registered with a nsqlookupd that runs. `access` is an administrator's."""

    def __init__(self, binary, data_path, log_path, lookupd, more_flags=(), access=Access()):
        super().__init__("nsqd", binary, log_path,
                         [f"--data-path={data_path}", f"--lookupd-tcp-address={lookupd.tcp}", *more_flags], access)
        self.lookupd = lookupd

    def post(self, path, **query):
        return self._access.ask(self._url(path, query), data=b"", method="POST")

    def channel_stats(self, topic, channel):
        """The channel's member of /stats, or None while it does not exist."""
        text = self._get("/stats", format="json", topic=topic, channel=channel)
        for found_topic in json.loads(text)["topics"] or []:
            for found in found_topic["channels"] or []:
                if found["channel_name"] == channel:
                    return found
        return None

    def settled(self, topic, channel, messages, requeues, timeouts):
        """Waits until nothing waits, is in flight or deferred; then None, or what is wrong."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            stats = self.channel_stats(topic, channel)
            open_counts = {k: stats[k] for k in ("depth", "in_flight_count", "deferred_count")} if stats else None
            if stats and not any(open_counts.values()):
                break
            if time.monotonic() > deadline:
                return f"{topic}/{channel} is not empty after {SETTLE_SECONDS} s: {open_counts}"
            time.sleep(0.05)
        expected = {"message_count": messages, "requeue_count": requeues, "timeout_count": timeouts}
        found = {key: stats[key] for key in expected}
        return None if found == expected else f"{topic}/{channel} counts {found}, expected {expected}"
