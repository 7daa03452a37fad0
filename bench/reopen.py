#!/usr/bin/env python3
"""How long a server needs to serve again with a full queue.

Fills a queue that has no way out (no relay yet), counts it in the server's own
words, then starts the server again after an orderly end and after a kill, and
takes the time from the start of the process to its greeting.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from facteur import Facteur
from loopback import free_port, own_network, wait_banner


def started(server, log):
    """Starts the server; gives the seconds until it greets."""
    begun = time.monotonic()
    server.start(log)
    wait_banner(server.port, server.process, 120)
    return time.monotonic() - begun


def fill(server, messages, size):
    """Hands messages in over 100 connections."""
    subprocess.run(["smtp-source", "-s", "100", "-m", str(messages), "-l", str(size), "-f", "sender@bench.test", "-t",
                    "rcpt@example.test", "-M", "client.bench.test", "-N", "-d", f"inet:127.0.0.1:{server.port}"],
                   check=True, stdout=subprocess.DEVNULL)


def resident_mb(process):
    """Resident memory of the server."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def measure(server, args, log):
    """The whole story with one server."""
    server.prepare()
    started(server, log)
    fill(server, args.messages, args.size)
    waiting = len(server.waiting())
    if waiting != args.messages:
        raise RuntimeError(f"{args.messages} messages were accepted, the queue lists {waiting}")
    server.stop()
    orderly = started(server, log)
    server.kill()
    killed = started(server, log)
    result = {"messages": waiting, "after_stop_s": round(orderly, 3), "after_kill_s": round(killed, 3),
              "rss_mb": resident_mb(server.process)}
    after = len(server.waiting())
    if after != waiting:
        raise RuntimeError(f"{waiting} messages waited, {after} do after the starts")
    return result


def main():
    """One measure, printed as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=1024, help="bytes of body")
    parser.add_argument("--workdir", default="/var/tmp")
    args = parser.parse_args()
    if not own_network():
        print("reopen.py: no network of our own (that needs root): using the machine's loopback", file=sys.stderr)
    work = Path(tempfile.mkdtemp(prefix="facteur-reopen.", dir=args.workdir))
    server = Facteur([args.binary], work / "data", free_port())
    try:
        with open(work / "server.out", "wb") as log:
            try:
                print(json.dumps(measure(server, args, log)))
            finally:
                server.stop()
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
