#!/usr/bin/env python3
"""Measures mail servers that queue a message and relay it.

    smtp-source --(connections)--> SERVER (durable queue) --> smtp-sink

Everything runs on a loopback of its own. One run makes an empty work
directory on a real disk, starts smtp-sink and the server, waits for its
greeting, lets it idle (idle memory), then starts smtp-source. Its end gives
the acceptance rate; the sink's counter reaching the number of messages gives
the end-to-end rate. It prints one JSON object, stops what it started and
removes the work directory.

    bench.py --server postfix --messages 5000 --size 10240 --sessions 50
    bench.py --server direct           no server: the ceiling of the two tools
    bench.py --server NAME --check-durable   is the message on disk before "250"?

Needs Python 3.11, Linux, smtp-source and smtp-sink (Debian's "postfix"), and
root for the cgroup and the network (without it, less exact figures). Two runs
never overlap: each holds an exclusive lock.
"""
import argparse
import ctypes
import fcntl
import json
import os
import re
import resource
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from accounting import Group, Sampler, disk_stat, machine_busy
from loopback import Server, Sink, own_network
from peers import PEERS

HERE = Path(__file__).resolve().parent
PORT, SINK_PORT = 2525, 2526
SYNC_CALLS = ("fsync", "fdatasync", "sync_file_range", "msync", "syncfs")
OTHER_CALLS = ("openat", "rename", "renameat", "renameat2", "link", "linkat", "write", "writev", "pwrite64", "pwritev",
               "sendto", "sendmsg", "io_uring_enter")


class Bed:
    """All that one run needs; taken down in order, whatever happens."""

    def __init__(self, args, sessions, wrap=()):
        self.args, self.peer, self.sink, self.server = args, PEERS[args.server], None, None
        self.group = Group(f"facteur-bench-{os.getpid()}", weight=True)
        self.server_group = Group("server", parent=self.group)
        self.work = Path(tempfile.mkdtemp(prefix=f"{args.server}.", dir=args.workdir))
        self.work.chmod(0o755)
        self.words = {"DIR": self.work, "PORT": PORT, "SINK": SINK_PORT, "HERE": HERE, "SESSIONS": sessions,
                      **self.peer.get("vars", {})}
        self.wrap = wrap

    def __enter__(self):
        try:
            self.group.join()
            self.sink = Sink(SINK_PORT, self.group)
            if "start" in self.peer:
                self.server = Server(self.peer, self.words, self.server_group, self.wrap)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.stop()
        if self.sink:
            self.sink.stop()
        self.server_group.remove()
        self.group.remove()
        if not self.args.keep:
            shutil.rmtree(self.work, ignore_errors=True)

    def counters(self):
        """All that is read before and after the load."""
        return {"at": time.monotonic(), "server": self.server_group.cpu(), "all": sum(self.group.cpu()),
                "machine": machine_busy(), "disk": disk_stat(self.work)}


def source_argv(args, port):
    """The load."""
    argv = ["smtp-source", "-s", str(args.sessions), "-m", str(args.messages), "-l", str(args.size), "-C", "20",
            "-f", "sender@bench.test", "-t", "rcpt@example.test", "-M", "client.bench.test", "-N", "-d"]
    return [*argv, f"inet:127.0.0.1:{port}"]


def watch(bed, args, source):
    """Follows the load to its end: when it was accepted, when the last message came out."""
    begun = last_at = time.monotonic()
    accepted, got, last = None, 0, -1
    result = {}
    while True:
        now = time.monotonic()
        if accepted is None and source.poll() is not None:
            accepted = now - begun
            if source.returncode:
                result["failed"] = "smtp-source: " + source.stderr.read().decode(errors="replace")[-400:]
        got = bed.sink.count()
        if got != last:
            last, last_at = got, now
        if got >= args.messages and accepted is not None:
            break
        if now - begun > args.timeout or now - last_at > args.stall:
            result["failed"] = f"{got} of {args.messages} delivered, then nothing for {now - last_at:.0f} s"
            break
        time.sleep(0.01)
    if source.poll() is None:
        source.kill()
        source.wait()
    took = last_at - begun
    result |= {"delivered": got, "e2e_per_s": round(got / took, 1) if took > 0 else None}
    if accepted:
        result["accept_per_s"] = round(args.messages / accepted, 1)
    return result


def usage(before, after, messages):
    """Two readings of the counters, as figures a message."""
    messages = max(messages, 1)
    wall = after["at"] - before["at"]
    user, system = (b - a for a, b in zip(before["server"], after["server"]))
    everything = after["all"] - before["all"]
    others = max(0.0, after["machine"] - before["machine"] - everything)
    writes, flushes = (b - a for a, b in zip(before["disk"], after["disk"]))
    return {
        "cpu_ms": round((user + system) * 1000 / messages, 4),
        "cpu_user_ms": round(user * 1000 / messages, 4),
        "cpu_system_ms": round(system * 1000 / messages, 4),
        "tools_cpu_ms": round((everything - user - system) * 1000 / messages, 4),
        # Of the whole device, so what other programs write counts too.
        "disk_writes": round(writes / messages, 3),
        "disk_flushes": round(flushes / messages, 3),
        # CPU that others took while we measured, as a part of the whole machine.
        "foreign_cpu": round(others / wall / os.cpu_count(), 3),
    }


def one_run(args):
    """One measure of one server."""
    os.sync()
    wrap = ["strace", "-f", "-c", "-S", "time", "-o", os.path.abspath(args.strace)] if args.strace else []
    result = {"server": args.server, "messages": args.messages, "size": args.size, "sessions": args.sessions}
    with Bed(args, args.sessions, wrap) as bed:
        if bed.server:
            time.sleep(args.idle)
            result["ready_s"] = round(bed.server.ready_s, 3)
            result["idle_rss_mb"] = round(bed.server_group.rss_kb() / 1024, 1)
            result["idle_pss_mb"] = round(bed.server_group.pss_kb() / 1024, 1)
        sampler = Sampler(bed.server_group)
        before = bed.counters()
        sampler.start()
        source = subprocess.Popen(source_argv(args, PORT if bed.server else SINK_PORT), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, preexec_fn=bed.group.join)
        result |= watch(bed, args, source)
        result |= usage(before, bed.counters(), result["delivered"])
        sampler.ended.set()
        sampler.join()
        if bed.server:
            time.sleep(args.settle)
            rss, pss = bed.server_group.rss_kb(), bed.server_group.pss_kb()
            result["after_rss_mb"] = round(rss / 1024, 1)
            result["after_pss_mb"] = round(pss / 1024, 1)
            result["peak_rss_mb"] = round(max(rss, sampler.rss) / 1024, 1)
            result["peak_pss_mb"] = round(max(pss, sampler.pss) / 1024, 1)
            result["processes"] = sampler.processes
    return result


def check_durable(args):
    """Sends one message under strace and lists the sync calls between the
    server's 354 and its 250. (A server that writes through io_uring hides
    from strace: check such a one another way.)"""
    trace = Path(args.trace or f"/dev/shm/facteur-trace.{os.getpid()}")
    calls = ",".join(SYNC_CALLS + OTHER_CALLS)
    with Bed(args, 1, ["strace", "-f", "-y", "-s", "80", "-o", str(trace), "-e", "trace=" + calls]) as bed:
        with smtplib.SMTP("127.0.0.1", PORT, timeout=60) as client:
            client.sendmail("sender@bench.test", ["rcpt@example.test"], "Subject: durable?\r\n\r\n" + ("x" * 70 + "\r\n") * 30)
        end = time.monotonic() + 10
        while bed.sink.count() < 1 and time.monotonic() < end:
            time.sleep(0.05)
    lines = trace.read_text(errors="replace").splitlines()
    if not args.trace:
        trace.unlink()
    result = {"server": args.server}
    asked = next((index for index, line in enumerate(lines) if '"354' in line), None)
    after = enumerate(lines[asked:], asked) if asked is not None else ()
    said = next((index for index, line in after if re.search(r'"250[ -]', line)), None)
    if said is None:
        return result | {"durable": None, "why": "no 354 or no 250 in the trace"}
    called = re.compile(r"\b(" + "|".join(SYNC_CALLS) + r")\b")
    syncs = [line for line in lines[asked:said] if called.search(line) and "unfinished" not in line]
    opened = [line for line in lines[:said] if "openat" in line and re.search(r"O_D?SYNC", line)]
    return result | {"durable": bool(syncs or opened), "syncs_before_250": syncs, "opened_for_sync": opened}


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--server", required=True, choices=sorted(PEERS))
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--size", type=int, default=10240, help="bytes of body")
    parser.add_argument("--sessions", type=int, default=50, help="client connections at once")
    parser.add_argument("--idle", type=float, default=1.0, help="seconds of idling before the load")
    parser.add_argument("--settle", type=float, default=3.0, help="seconds of idling after the load")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--stall", type=float, default=45, help="give up after this long without a delivery")
    parser.add_argument("--workdir", default="/var/tmp", help="queue directories go here: a real disk, no tmpfs")
    parser.add_argument("--lock", default="/tmp/bench.lock")
    parser.add_argument("--keep", action="store_true", help="keep the work directory")
    parser.add_argument("--strace", metavar="FILE", help="write strace -c of the server to FILE")
    parser.add_argument("--check-durable", action="store_true")
    parser.add_argument("--trace", metavar="FILE", help="keep the trace of --check-durable")
    return parser.parse_args()


def main():
    """One measure, printed as JSON."""
    args = arguments()
    # Orphans of the servers (double forks) become our children: we reap them.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    Path(args.workdir).mkdir(parents=True, exist_ok=True)
    if not own_network():
        print("bench.py: no network of our own (that needs root): using the machine's loopback", file=sys.stderr)
    with open(args.lock, "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        print(json.dumps(check_durable(args) if args.check_durable else one_run(args)), flush=True)


if __name__ == "__main__":
    main()
