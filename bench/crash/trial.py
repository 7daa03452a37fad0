"""A chain of crashes of one server on one disk, and what must hold after each.

After a crash the server starts again on what is left, and is asked for its own
queue. Every message that a client saw acknowledged must be in that queue or at
the sink, whole. A message may reach the sink twice only when the server's log
says that it was perhaps sent twice.
"""
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from facteur import Facteur, perhaps_twice
from load import Load
from loopback import free_port, wait_banner
from sink import Sink

START_S = 30
DRAIN_S = 300
# How late the sink answers, by turns: a queue that grows, and one that is nearly empty.
DELAYS_S = (0.2, 0.0)


class Trial:
    """One server, its disk, its clients and its sink."""

    def __init__(self, binary, disk, clients, seed):
        self.disk, self.clients, self.seed = disk, clients, seed
        self.chance = random.Random(seed)
        self.sink = Sink(free_port()).listen()
        self.server = Facteur(binary, disk.path / "data", free_port())
        # Outside the disk: a power cut must not take the log of what was perhaps sent twice.
        self.log_path = Path(f"{disk.path}.log") if disk.name == "kill" else disk.work / "server.log"
        self.log = open(self.log_path, "wb")
        self.acknowledged = {}
        # Acknowledged, and not yet seen at the sink.
        self.owed = {}
        self.problems = []
        self.slowest_start_s = 0.0

    def begin(self):
        """Makes the data directory and starts the server for the first time."""
        self.server.prepare(self.sink.port)
        self.start()

    def start(self):
        """Starts the server, and notes how long it took until it served."""
        begun = time.monotonic()
        self.server.start(self.log)
        wait_banner(self.server.port, self.server.process, START_S)
        self.slowest_start_s = max(self.slowest_start_s, time.monotonic() - begun)

    def round(self, number):
        """One crash under load. Gives a line for people, and whether all was well."""
        before = len(self.problems)
        self.sink.delay = DELAYS_S[number % len(DELAYS_S)]
        load = Load(self.server.port, self.clients, f"{self.seed}.{number}")
        time.sleep(self.chance.uniform(0.05, 1.2))
        self.disk.crash(self.server, load)
        self.acknowledged |= load.acknowledged
        self.owed |= load.acknowledged
        if load.refused:
            self.problems.append(f"refused: {load.refused[0]} ({len(load.refused)} times)")
        self.start()
        waiting, lost = self.count()
        said = f"{len(load.acknowledged)} acknowledged, {waiting} in the queue afterwards, {lost} lost"
        return said, len(self.problems) == before

    def count(self):
        """Holds the queue and the sink against what is owed: (waiting, lost)."""
        # The queue first: what leaves it meanwhile is then at the sink, where we look next.
        waiting = self.server.waiting()
        self.owed = {name: queued for name, queued in self.owed.items() if name not in self.sink.seen}
        lost = [name for name, queued in self.owed.items() if queued not in waiting]
        for name in lost:
            self.problems.append(f"lost: {name}, acknowledged as {self.owed.pop(name)}")
        return len(waiting), len(lost)

    def finish(self, drain_s=DRAIN_S):
        """Lets the queue run empty and draws the sum: every message once, or named as perhaps twice."""
        self.sink.delay = 0.0
        end = time.monotonic() + drain_s
        while (waiting := self.server.waiting()) and time.monotonic() < end:
            time.sleep(0.2)
        if waiting:
            self.problems.append(f"{len(waiting)} messages still wait after {drain_s} s")
        self.count()
        self.server.stop()
        self.log.flush()
        named = perhaps_twice(self.log_path.read_text(errors="replace"))
        twice = [name for name, times in self.sink.seen.items() if times > 1]
        for name in twice:
            if name in self.acknowledged and self.acknowledged[name] not in named:
                self.problems.append(f"sent twice without a word: {name}, queued as {self.acknowledged[name]}")
        for content in self.sink.damaged:
            self.problems.append(f"damaged: {content!r}")
        return (f"{len(self.acknowledged)} acknowledged in all, {len(twice)} sent twice and named as such, "
                f"slowest start {self.slowest_start_s:.2f} s")

    def last_words(self):
        """The end of the server's log."""
        self.log.flush()
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-15:])

    def close(self):
        """Ends what still runs."""
        self.server.stop()
        self.log.close()
        self.log_path.unlink(missing_ok=True)
