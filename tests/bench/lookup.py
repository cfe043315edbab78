#!/usr/bin/env python3
"""Measures two nsqlookupd programs side by side with lookup_load; see README.md."""

import argparse
import json
import os
import statistics
import subprocess
import sys

from compare import RUN_SECONDS, Server, raise_file_limit

QUESTIONS = {"/lookup": "/lookup?topic=topic_1", "/topics": "/topics", "/nodes": "/nodes"}


class Lookupd(Server):
    """A nsqlookupd on ports of its own, for the length of a `with`. Quiet: both log a line a registration."""

    def __init__(self, program):
        super().__init__(program, [])
        self.command = [program, f"-tcp-address={self.tcp}", f"-http-address={self.http}", "-log-level=warn"]

    def peak_mb(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


class Registrants:
    """lookup_load's nsqds, registered for the length of a `with`; `figures` is what it printed."""

    def __init__(self, load, server, peers, topics, *flags):
        self.command = [load, "register", f"-tcp-address={server.tcp}", f"-peers={peers}", f"-topics={topics}", *flags]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            self.__exit__()
            raise RuntimeError(f"{' '.join(self.command)} failed")
        self.figures = json.loads(line)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def ask(options, server, target):
    """@return lookup_load's figures of one run of questions"""
    command = [options.load, "get", f"-http-address={server.http}", f"-target={target}",
               f"-connections={options.connections}", f"-runfor={options.seconds}s"]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, timeout=RUN_SECONDS, check=True).stdout)


def measure_questions(options, programs):
    """@return {(question, name): [figures, one a round]}: all in turns, so that a busy machine is so for all"""
    results = {}
    servers = {name: Lookupd(program) for name, program in programs.items()}
    entered = []
    try:
        for name, server in servers.items():
            entered.append(server.__enter__())
            entered.append(Registrants(options.load, server, options.nsqds, options.topics).__enter__())
        for turn in range(options.rounds):
            for question, target in QUESTIONS.items():
                for name, server in servers.items():
                    print(f"{question}: {name}, round {turn + 1}", file=sys.stderr, flush=True)
                    results.setdefault((question, name), []).append(ask(options, server, target))
    finally:
        for thing in reversed(entered):
            thing.__exit__()
    return results


def measure_peers(options, program, *flags):
    """@return what registering many peers took, with the server's memory"""
    print(f"{options.peers} peers {' '.join(flags)}: {program}", file=sys.stderr, flush=True)
    with Lookupd(program) as server:
        with Registrants(options.load, server, options.peers, options.peer_topics, *flags) as registrants:
            return {**registrants.figures, "peak_mb": server.peak_mb()}


def shown(value):
    return f"{value / 1000:.1f} k" if value >= 10000 else f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def questions_table(options, names, results):
    def median(question, name, key):
        return statistics.median(run[key] for run in results[question, name])

    title = f"{options.nsqds} nsqds × {options.topics} topics"
    head = [title, "figure", *reversed(names), *(["ratio", "to reach", "reached"] if len(names) == 2 else [])]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    figures = [("requests/s", "per_s", 1, 2.0), ("p50, ms", "latency_p50_us", 1e-3, None), ("p99, ms", "latency_p99_us", 1e-3, 0.5)]
    for question in QUESTIONS:
        for label, key, factor, goal in figures:
            values = [median(question, name, key) * factor for name in reversed(names)]
            row = [f"`{question}`" if key == "per_s" else "", label, *map(shown, values)]
            if len(names) == 2:
                ratio = values[1] / values[0]
                good = goal is None or (ratio >= goal if key == "per_s" else ratio <= goal)
                row += [f"{ratio:.2f}", "" if goal is None else f"{'≥' if key == 'per_s' else '≤'} {goal:g} ×",
                        "" if goal is None else "yes" if good else "no"]
            lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def peers_table(options, rows):
    head = [f"{options.peers} nsqds × {options.peer_topics} topics", "memory, peak", "commands/s",
            "IDENTIFY p99 / max", "REGISTER p99 / max"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for title, figures in rows:
        times = [f"{figures[f'{key}_p99_us'] / 1e3:.2f} / {figures[f'{key}_max_us'] / 1e3:.1f} ms" for key in ("identify", "register")]
        lines.append(f"| {title} | {figures['peak_mb']:.0f} MB | {shown(figures['per_s'])} | {times[0]} | {times[1]} |")
    return "\n".join(lines)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", required=True, help="our nsqlookupd")
    parser.add_argument("--theirs", help="the nsqlookupd to compare with; none: ours alone")
    parser.add_argument("--load", help="lookup_load; default: beside our nsqlookupd")
    parser.add_argument("--rounds", type=int, default=3, help="of the questions; medians are shown")
    parser.add_argument("--seconds", type=int, default=3, help="of one round of one question")
    parser.add_argument("--connections", type=int, default=16, help="that ask at once")
    parser.add_argument("--nsqds", type=int, default=100)
    parser.add_argument("--topics", type=int, default=1000, help="of each nsqd, the same for all")
    parser.add_argument("--peers", type=int, default=10000, help="nsqds of the second table; 0: leave it out")
    parser.add_argument("--peer-topics", type=int, default=100, help="topics of each of those")
    options = parser.parse_args()
    options.ours = os.path.abspath(options.ours)
    options.load = options.load or os.path.join(os.path.dirname(options.ours), "lookup_load")
    return options


def main():
    options = parse_options()
    raise_file_limit()
    programs = {"ours": options.ours, **({"upstream": os.path.abspath(options.theirs)} if options.theirs else {})}
    print(questions_table(options, list(programs), measure_questions(options, programs)), flush=True)
    rows = []
    for name, program in programs.items() if options.peers else ():
        for title, flags in (("the same topics", []), ("each its own topics", ["-distinct"])):
            rows.append((f"{name}, {title}", measure_peers(options, program, *flags)))
    if rows:
        print()
        print(peers_table(options, rows))


if __name__ == "__main__":
    sys.exit(main())
