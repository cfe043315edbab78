#!/usr/bin/env python3
"""Measures two nsqd programs side by side with nsq_bench; see README.md."""

import argparse
import json
import os
import resource
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from works import WORKS

READY_SECONDS = 30
STOP_SECONDS = 30
RUN_SECONDS = 900


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_file_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def make_certificate(folder):
    """A certificate for 127.0.0.1, signed by itself: (certificate, key), as paths."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


class Server:
    """An nsqd with a data path and ports of its own, for the length of a `with`."""

    def __init__(self, program, flags, tls=False):
        self.data = tempfile.mkdtemp(prefix="nsq-compare-")
        self.certificate = None
        if tls:
            self.certificate, key = make_certificate(self.data)
            flags = [*flags, f"-tls-cert={self.certificate}", f"-tls-key={key}",
                     f"-https-address=127.0.0.1:{free_port()}"]
        self.tcp = f"127.0.0.1:{free_port()}"
        self.http = f"127.0.0.1:{free_port()}"
        self.command = [program, f"-data-path={self.data}", f"-tcp-address={self.tcp}",
                        f"-http-address={self.http}", *flags]

    def __enter__(self):
        self.log = open(os.path.join(self.data, "log"), "w+b")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL)
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://{self.http}/ping", timeout=1):
                    return
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
        self.log.seek(0)
        tail = self.log.read()[-2000:].decode(errors="replace")
        raise RuntimeError(f"{shlex.join(self.command)} does not answer:\n{tail}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)


def bench_command(options, work, server):
    command = [options.bench, *work.args, f"-nsqd-tcp-address={server.tcp}",
               f"-nsqd-http-address={server.http}", f"-pid={server.process.pid}", "-json"]
    if work.messages:
        command.append(f"-messages={max(200, int(work.messages * options.scale))}")
    if server.certificate:
        command += ["-client-opt=tls_v1", f"-client-opt=tls_root_ca_file,{server.certificate}"]
    if work.connections:
        command.append(f"-connections={max(10, int(work.connections * options.scale))}")
    return command


def run_once(options, work, program, flags, ours):
    """Returns nsq_bench's figures, with "failed" set if it says that something went wrong."""
    own = work.our_flags if ours else []
    with Server(program, [*work.server_flags, *own, *flags], work.tls) as server:
        command = bench_command(options, work, server)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=RUN_SECONDS)
        lines = done.stdout.strip().splitlines()
        result = json.loads(lines[-1]) if lines else {}
        result["command"] = shlex.join(command)
        if done.returncode != 0:
            result["failed"] = (done.stderr.strip().splitlines() or ["failed"])[0]
        elif result.get("repeated"):
            result["failed"] = f"{result['repeated']} repeated"
        return result


def measure(options, works, servers):
    """All works on all servers, in turns. Returns {(work name, server name): [result, ...]}."""
    results = {}
    for turn in range(options.rounds):
        for work in works:
            for name, (program, flags) in servers.items():
                print(f"{work.name}: {name}, round {turn + 1}", file=sys.stderr, flush=True)
                try:
                    ours = name == next(iter(servers))
                    result = run_once(options, work, program, flags, ours)
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    result = {"failed": str(error)}
                if "failed" in result:
                    print(f"  {result['failed']}", file=sys.stderr, flush=True)
                results.setdefault((work.name, name), []).append(result)
                if options.json:
                    line = {"work": work.name, "server": name, "round": turn + 1, **result}
                    with open(options.json, "a", encoding="utf-8") as file:
                        file.write(json.dumps(line) + "\n")
    return results


def median(results, figure):
    values = [r[figure.key] * figure.factor for r in results
              if figure.key in r and "failed" not in r]
    return statistics.median(values) if values else None


def shown(value, unit):
    if value is None:
        return "failed"
    if unit == "/s" and value >= 1e6:
        text = f"{value / 1e6:.2f} M"
    elif unit == "/s" and value >= 1e3:
        text = f"{value / 1e3:.0f} k"
    else:
        text = f"{value:.0f} " if abs(value) >= 100 else f"{value:.3g} "
    return (text + unit).strip()


def goal(figure, ours, theirs):
    """What the figure is to reach, and whether it does: (text, "yes", "no" or "")."""
    if figure.ratio is not None:
        text = f"{'≥' if figure.more_is_better else '≤'} {figure.ratio:g} ×"
        if not ours or not theirs:
            return text, ""
        reached = ours / theirs
        good = reached >= figure.ratio if figure.more_is_better else reached <= figure.ratio
        return text, "yes" if good else "no"
    if figure.limit is not None:
        text = f"≤ {figure.limit:g} {figure.unit}".strip()
        return text, "" if ours is None else "yes" if ours <= figure.limit else "no"
    return "", ""


def table(works, names, results):
    ours = names[0]
    theirs = names[1] if len(names) > 1 else None
    head = ["work", "figure", *([theirs] if theirs else []), ours,
            *(["ratio"] if theirs else []), "to reach", "reached"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for work in works:
        for index, figure in enumerate(work.figures):
            our_value = median(results[work.name, ours], figure)
            their_value = median(results[work.name, theirs], figure) if theirs else None
            wanted, reached = goal(figure, our_value, their_value)
            cells = [work.title if index == 0 else "", figure.label]
            if theirs:
                cells.append(shown(their_value, figure.unit))
            cells.append(shown(our_value, figure.unit))
            if theirs:
                ratio = our_value / their_value if our_value is not None and their_value else None
                cells.append("" if ratio is None else f"{ratio:.2f}")
            lines.append("| " + " | ".join([*cells, wanted, reached]) + " |")
    return "\n".join(lines)


def commands(works, names, results):
    """How to repeat each work by hand."""
    lines = []
    for work in works:
        command = results[work.name, names[0]][-1].get("command")
        if command:
            words = [w for w in shlex.split(command)[1:]
                     if not w.startswith(("-nsqd-", "-pid=", "-json", "-client-opt=tls_root"))]
            lines.append(f"- {work.title}: `nsq_bench {shlex.join(words)}`, "
                         f"server flags `{shlex.join(work.server_flags)}`, "
                         f"ours also `{shlex.join(work.our_flags)}`")
    return "\n".join(lines)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    env = os.environ.get
    parser.add_argument("--ours", default=env("NSQ_OURS"), help="our nsqd (or $NSQ_OURS)")
    parser.add_argument("--theirs", default=env("NSQ_THEIRS"),
                        help="the nsqd to compare with (or $NSQ_THEIRS); none: ours alone")
    parser.add_argument("--bench", default=env("NSQ_BENCH"),
                        help="nsq_bench (or $NSQ_BENCH); default: beside our nsqd")
    parser.add_argument("--ours-flags", default="", help="further flags of our nsqd")
    parser.add_argument("--theirs-flags", default="", help="further flags of the other one")
    parser.add_argument("--names", default="ours,upstream", help="names in the table")
    parser.add_argument("--only", default="", help="works to run, by name, comma-separated: "
                        + ", ".join(work.name for work in WORKS))
    parser.add_argument("--scale", type=float, default=1.0,
                        help="share of the messages and connections to run with")
    parser.add_argument("--rounds", type=int, default=1, help="repetitions; medians are shown")
    parser.add_argument("--json", help="file to add one JSON object a run to")
    options = parser.parse_args()
    if not options.ours:
        parser.error("--ours is required")
    if not options.bench:
        options.bench = os.path.join(os.path.dirname(os.path.abspath(options.ours)), "nsq_bench")
    unknown = set(filter(None, options.only.split(","))) - {work.name for work in WORKS}
    if unknown:
        parser.error(f"no such work: {', '.join(sorted(unknown))}")
    if len(options.names.split(",")) != 2:
        parser.error("--names takes two names")
    return options


def main():
    options = parse_options()
    raise_file_limit()
    only = set(filter(None, options.only.split(",")))
    works = [work for work in WORKS if not only or work.name in only]
    our_name, their_name = options.names.split(",")
    servers = {our_name: (os.path.abspath(options.ours), shlex.split(options.ours_flags))}
    if options.theirs:
        servers[their_name] = (os.path.abspath(options.theirs),
                               shlex.split(options.theirs_flags))
    results = measure(options, works, servers)
    names = list(servers)
    print(table(works, names, results))
    print()
    print(commands(works, names, results))
    failed = [r for runs in results.values() for r in runs if "failed" in r]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
