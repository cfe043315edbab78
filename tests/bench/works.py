"""The works that compare.py runs: what nsq_bench does, which figures count, what they should reach."""

from dataclasses import dataclass, field

# Both servers keep everything in memory, as upstream does by default.
IN_MEMORY = ["-mem-queue-size=10000000"]
OURS_IN_MEMORY = ["-durability=memory", "-mem-queue-bytes=8000000000", "-max-memory=16000000000"]
# Ours writes everything to its log, theirs does not.
LOGGED = ["-durability=disk"]
SYNCED = ["-durability=sync"]
# Neither keeps anything in memory that it need not.
THROUGH_DISK = ["-mem-queue-size=0"]
OURS_THROUGH_DISK = ["-mem-queue-bytes=0"]


@dataclass(frozen=True)
class Figure:
    """One number of nsq_bench's JSON line.

    ratio: ours divided by theirs, at least that if more is better, else at most that.
    limit: ours, in the unit shown, at most that.
    """

    key: str
    label: str
    unit: str = ""
    factor: float = 1.0
    more_is_better: bool = False
    ratio: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Work:
    name: str
    title: str
    args: list[str]
    figures: list[Figure]
    server_flags: list[str] = field(default_factory=list)
    our_flags: list[str] = field(default_factory=list)  # further ones, of ours alone
    tls: bool = False  # the servers have a certificate, and the connections are over TLS
    messages: int = 0  # scaled by --scale, and passed as -messages unless 0
    connections: int = 0  # likewise


def rate(key, ratio):
    return Figure(key, "rate", "/s", more_is_better=True, ratio=ratio)


def cpu(ratio):
    return Figure("server_cpu_per_million", "CPU per million", "s", ratio=ratio)


def own_cost():
    return Figure("bench_ns_per_message", "generator's CPU a message", "ns")


def latency(limit_p50, limit_p99):
    return [
        Figure("latency_p50_us", "end to end p50", "ms", 1e-3, limit=limit_p50),
        Figure("latency_p99_us", "end to end p99", "ms", 1e-3, limit=limit_p99),
        Figure("latency_p999_us", "end to end p99.9", "ms", 1e-3),
        Figure("latency_max_us", "end to end max", "ms", 1e-3),
    ]


def layered(name, title, options, goal, tls=False, publish_options=()):
    """Publishing, consuming and both at once with these options of the connections, bodies of words.

    Compressing costs the generator more than the server spends on the other end, so the rate of
    publishing alone is the generator's: of that, the server's CPU is compared.
    """
    cost = goal and round(1 / goal, 2)
    flags = [f"-client-opt={option}" for option in options]
    publish_flags = [*flags, *(f"-client-opt={option}" for option in publish_options)]
    common = dict(server_flags=IN_MEMORY, our_flags=OURS_IN_MEMORY, messages=1_000_000, tls=tls)
    return [
        Work(f"{name}pub", f"{title}: MPUB 200 × 200 B, 4 connections, pipelined 16",
             ["pub", "-fresh", "-words", "-batch=200", "-depth=16", "-connections=4", "-threads=2", *publish_flags],
             [rate("published_per_s", None), cpu(cost), own_cost()], **common),
        Work(f"{name}sub", f"{title}: consuming a prefilled channel, RDY 2500",
             ["sub", "-fresh", "-words", "-prefill", "-rdy=2500", "-settle=3s", *flags],
             [rate("consumed_per_s", goal), cpu(cost), own_cost()], **common),
        Work(f"{name}pubsub", f"{title}: MPUB 200, published and consumed at once",
             ["pubsub", "-fresh", "-words", "-batch=200", "-depth=4", *publish_flags],
             [rate("through_per_s", goal), cpu(cost), own_cost()], **common),
    ]


WORKS = [
    Work(
        "mpub",
        "MPUB 200 × 200 B, pipelined 4",
        ["pub", "-fresh", "-batch=200", "-depth=4"],
        [rate("published_per_s", 3), cpu(0.3), own_cost()],
        IN_MEMORY,
        OURS_IN_MEMORY,
        messages=4_000_000,
    ),
    Work(
        "consume",
        "consuming a prefilled channel, RDY 2500",
        ["sub", "-fresh", "-prefill", "-rdy=2500", "-settle=3s"],
        [rate("consumed_per_s", 4), cpu(0.25), own_cost()],
        IN_MEMORY,
        OURS_IN_MEMORY,
        messages=3_000_000,
    ),
    Work(
        "pubsub",
        "single PUBs pipelined 64 deep, published and consumed at once",
        ["pubsub", "-fresh", "-depth=64"],
        [rate("through_per_s", 4), cpu(0.25), own_cost()],
        IN_MEMORY,
        OURS_IN_MEMORY,
        messages=1_000_000,
    ),
    Work(
        "mpubsub",
        "MPUB 200, published and consumed at once",
        ["pubsub", "-fresh", "-batch=200", "-depth=4"],
        [rate("through_per_s", 3), cpu(0.3), own_cost()],
        IN_MEMORY,
        OURS_IN_MEMORY,
        messages=3_000_000,
    ),
    Work(
        "logpub",
        "the same into the log, against theirs in memory",
        ["pub", "-fresh", "-batch=200", "-depth=4"],
        [rate("published_per_s", 1), cpu(1), own_cost()],
        IN_MEMORY,
        LOGGED,
        messages=4_000_000,
    ),
    Work(
        "logpubsub",
        "MPUB 200 into the log and consumed at once, against theirs in memory",
        ["pubsub", "-fresh", "-batch=200", "-depth=4"],
        [rate("through_per_s", 2), cpu(1), own_cost()],
        IN_MEMORY,
        LOGGED,
        messages=3_000_000,
    ),
    Work(
        "syncpub",
        "MPUB 200 with fdatasync",
        ["pub", "-fresh", "-batch=200", "-depth=4"],
        [rate("published_per_s", None), cpu(None)],
        ["-sync-every=1"],
        SYNCED,
        messages=400_000,
    ),
    Work(
        "diskpub",
        "everything through the disk: published",
        ["pub", "-fresh", "-batch=200", "-depth=4", "-channels=1"],
        [rate("published_per_s", 5), cpu(None)],
        THROUGH_DISK,
        OURS_THROUGH_DISK,
        messages=1_000_000,
    ),
    Work(
        "diskdrain",
        "everything through the disk: drained",
        ["sub", "-fresh", "-prefill", "-rdy=2500", "-settle=3s"],
        [rate("consumed_per_s", 5), cpu(None)],
        THROUGH_DISK,
        OURS_THROUGH_DISK,
        messages=1_000_000,
    ),
    Work(
        "fanout",
        "one topic with 10 channels, MPUB 200, all consumed",
        ["pubsub", "-fresh", "-batch=200", "-depth=4", "-channels=10"],
        [rate("through_per_s", 5), cpu(0.2), own_cost()],
        IN_MEMORY,
        OURS_IN_MEMORY,
        messages=500_000,
    ),
    Work(
        "latency1k",
        "1,000 single PUBs a second, default buffering",
        ["pubsub", "-fresh", "-rate=1000", "-runfor=10s"],
        latency(0.3, 2),
    ),
    Work(
        "latency10k",
        "10,000 single PUBs a second, default buffering",
        ["pubsub", "-fresh", "-rate=10000", "-runfor=10s"],
        latency(0.2, 2),
    ),
    Work(
        "conns",
        "idle subscribed connections",
        ["conns", "-settle=3s", "-hold=5s"],
        [
            Figure("server_bytes_per_connection", "memory each", "KB", 1e-3, limit=8),
            Figure("server_idle_cpu_percent", "CPU, of one core", "%"),
        ],
        connections=5_000,
    ),
    Work(
        "queued",
        "a queued 200-byte message",
        ["pub", "-fresh", "-batch=200", "-depth=4", "-channels=1"],
        [Figure("server_bytes_per_message", "memory", "bytes", limit=260)],
        IN_MEMORY,
        OURS_IN_MEMORY,
        messages=3_000_000,
    ),
    Work(
        "topics",
        "1,000 topics × 2 channels, idle",
        ["topics", "-topics=1000", "-channels=2", "-settle=3s", "-hold=10s"],
        [
            Figure("server_bytes_per_channel", "memory a channel", "KB", 1e-3, limit=10),
            Figure("server_idle_cpu_percent", "CPU, of one core", "%", limit=0.1),
        ],
    ),
    Work(
        "defer",
        "DPUBs",
        ["defer", "-fresh", "-delay-min=30s", "-delay-max=40s"],
        [
            Figure("server_bytes_per_message", "memory each", "bytes", limit=330),
            Figure("lateness_p99_us", "late p99", "ms", 1e-3, limit=10),
            Figure("early", "early", limit=0),
        ],
        IN_MEMORY,
        OURS_IN_MEMORY,
        messages=1_000_000,
    ),
    Work(
        "http",
        "HTTP /pub, 16 connections",
        ["http", "-fresh", "-connections=16", "-runfor=10s"],
        [rate("published_per_s", 2), cpu(None)],
        IN_MEMORY,
        OURS_IN_MEMORY,
    ),
    *layered("tls", "TLS", [], 2, tls=True),
    *layered("snappy", "snappy", ["snappy"], 2),
    # What the generator compresses costs it more than the server, so it does so quickly.
    *layered("deflate", "deflate", ["deflate"], 1.2, publish_options=["deflate_level,1"]),
    *layered("tlssnappy", "TLS and snappy", ["snappy"], None, tls=True),
]
