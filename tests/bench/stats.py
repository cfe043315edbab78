#!/usr/bin/env python3
"""Times /stats and /metrics of nsqd programs that have many topics, channels and clients, and what
asking for them does to publishing (with --nsq-bench)."""

import argparse
import http.client
import json
import os
import resource
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

CHANNELS = ("a", "b", "c")
POLLS_PER_SECOND = 10


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_it_answers(port):
    deadline = time.monotonic() + 30
    while True:
        try:
            http.client.HTTPConnection("127.0.0.1", port).request("GET", "/ping")
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                sys.exit("the server does not answer")
            time.sleep(0.05)


def subscribe(port, topic, channel, number):
    client = socket.create_connection(("127.0.0.1", port))
    who = json.dumps({"client_id": f"c{number}", "hostname": "host.example", "user_agent": "probe/1.0"}).encode()
    client.sendall(b"  V2IDENTIFY\n" + struct.pack(">I", len(who)) + who)
    client.sendall(f"SUB {topic} {channel}\nRDY 1\n".encode())
    return client


def fill(http_port, tcp_port, topics, clients):
    connection = http.client.HTTPConnection("127.0.0.1", http_port)
    held = []
    for i in range(topics):
        topic = f"topic{i:04}"
        for channel in CHANNELS:
            for path in (f"/topic/create?topic={topic}", f"/channel/create?topic={topic}&channel={channel}"):
                connection.request("POST", path, body=b"")
                connection.getresponse().read()
            held += [subscribe(tcp_port, topic, channel, n) for n in range(clients)]
    return held


def measure(http_port, pid, path, requests):
    connection = http.client.HTTPConnection("127.0.0.1", http_port)
    times = []
    before = cpu_seconds(pid)
    for _ in range(requests):
        began = time.monotonic()
        connection.request("GET", path)
        answer = connection.getresponse()
        size = len(answer.read())
        if answer.status != 200:
            return
        times.append(time.monotonic() - began)
    cpu = (cpu_seconds(pid) - before) / requests
    print(f"{path:24} median {statistics.median(times) * 1e3:6.1f} ms  CPU {cpu * 1e3:6.1f} ms  {size} bytes")


def poll(http_port, ended, times):
    """Asks for /stats at a fixed rate; an answer that takes longer than its turn delays the next."""
    connection = http.client.HTTPConnection("127.0.0.1", http_port)
    due = time.monotonic()
    while not ended.wait(max(0, due - time.monotonic())):
        due = max(due + 1 / POLLS_PER_SECOND, time.monotonic())
        began = time.monotonic()
        connection.request("GET", "/stats?format=json")
        connection.getresponse().read()
        times.append(time.monotonic() - began)


def publish(tcp_port, arguments):
    """nsq_bench's figures of publishes at a rate that the server has no trouble with."""
    line = subprocess.run([arguments.nsq_bench, "pub", "-json", "-topic=published", "-connections=4",
                           f"-nsqd-tcp-address=127.0.0.1:{tcp_port}", f"-rate={arguments.rate}",
                           f"-runfor={arguments.seconds}s"], check=True, capture_output=True, text=True).stdout
    return json.loads(line)


def measure_publishing(http_port, tcp_port, arguments):
    for polled in (False, True) * arguments.rounds:
        ended, times = threading.Event(), []
        poller = threading.Thread(target=poll, args=(http_port, ended, times))
        if polled:
            poller.start()
        figures = publish(tcp_port, arguments)
        ended.set()
        if polled:
            poller.join()
        polls = f"{len(times) / arguments.seconds:4.1f} polls/s, median {statistics.median(times) * 1e3:.1f} ms" if polled else "not polled"
        print(f"{'publish':24} p50 {figures['answer_p50_us'] / 1e3:6.2f} ms  p99 {figures['answer_p99_us'] / 1e3:6.2f} ms  "
              f"p99.9 {figures['answer_p999_us'] / 1e3:6.2f} ms  {polls}")


def run(program, arguments):
    tcp_port, http_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as data:
        server = subprocess.Popen([program, f"--data-path={data}", f"--tcp-address=127.0.0.1:{tcp_port}",
                                   f"--http-address=127.0.0.1:{http_port}", "--log-level=fatal"])
        try:
            wait_until_it_answers(http_port)
            print(program)
            held = fill(http_port, tcp_port, arguments.topics, arguments.clients)
            for path in ("/stats?format=json", "/metrics"):
                measure(http_port, server.pid, path, arguments.requests)
            if arguments.nsq_bench:
                measure_publishing(http_port, tcp_port, arguments)
            for client in held:
                client.close()
        finally:
            server.terminate()
            server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", nargs="+", help="path of an nsqd")
    parser.add_argument("--topics", type=int, default=1000, help="each with 3 channels")
    parser.add_argument("--clients", type=int, default=3, help="of each channel")
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--nsq-bench", help="path of nsq_bench: also publish, alone and while /stats is asked for ten times a second")
    parser.add_argument("--rate", type=int, default=10000, help="messages a second to publish")
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement of publishing")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of publishing, of each kind")
    arguments = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    for program in arguments.program:
        run(program, arguments)


if __name__ == "__main__":
    main()
