"""What a set of processes uses: CPU time, memory, disk."""
import contextlib
import os
import re
import resource
import signal
import threading
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
CGROUPS = Path("/sys/fs/cgroup")


class Group:
    """CPU time and memory of a set of processes: a cgroup where the kernel
    lets us make one (v1 or v2), else the descendants of a pid."""

    def __init__(self, name, parent=None, weight=False):
        self.directory = None
        self.extra = []
        self.unified = (CGROUPS / "cgroup.controllers").exists()
        self.root_pid = None
        if parent and not parent.directory:
            return
        try:
            self.create(name, parent, weight)
        except OSError:
            self.directory = None

    def create(self, name, parent, weight):
        """Makes the cgroup; a heavy one is little disturbed by what else runs here."""
        base = CGROUPS if self.unified else CGROUPS / "cpuacct"
        if not base.exists():
            return
        directory = (parent.directory if parent else base) / name
        directory.mkdir(exist_ok=True)
        self.directory = directory
        if weight and self.unified and (directory / "cpu.weight").exists():
            (directory / "cpu.weight").write_text("10000")
        elif weight and not self.unified and (CGROUPS / "cpu").is_dir():
            shares = CGROUPS / "cpu" / name
            shares.mkdir(exist_ok=True)
            (shares / "cpu.shares").write_text("262144")
            self.extra.append(shares)

    def join(self):
        """Puts the calling process (and what it forks later) into the group."""
        for directory in [self.directory, *self.extra]:
            if directory:
                with contextlib.suppress(OSError):
                    (directory / "cgroup.procs").write_text(str(os.getpid()))

    def pids(self):
        """The members."""
        if self.directory:
            try:
                return [int(pid) for pid in (self.directory / "cgroup.procs").read_text().split()]
            except OSError:
                return []
        return descendants(self.root_pid) if self.root_pid else []

    def cpu(self):
        """(user seconds, system seconds) used so far, dead members included."""
        if self.directory and self.unified:
            lines = (self.directory / "cpu.stat").read_text().splitlines()
            used = dict(line.split() for line in lines)
            return int(used["user_usec"]) / 1e6, int(used["system_usec"]) / 1e6
        if self.directory:
            return tuple(int((self.directory / f"cpuacct.usage_{kind}").read_text()) / 1e9 for kind in ("user", "sys"))
        user = system = 0
        for pid in self.pids():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                user += int(fields[11]) + int(fields[13])
                system += int(fields[12]) + int(fields[14])
        return user / TICK, system / TICK

    def rss_kb(self):
        """Resident memory, a shared page counted once for each member."""
        page = resource.getpagesize() // 1024
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError, IndexError, ValueError):
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
        return total

    def pss_kb(self):
        """Resident memory, a shared page counted once in all."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError, ValueError, TypeError):
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])
        return total

    def kill(self):
        """Ends every member: asked first, then forced."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.pids():
                if pid != os.getpid():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
            end = time.monotonic() + 3
            while self.pids() and time.monotonic() < end:
                reap()
                time.sleep(0.05)

    def remove(self):
        """Leaves the group if we are in it, and drops it."""
        mine = os.getpid() in self.pids()
        for directory in [self.directory, *self.extra]:
            if directory:
                with contextlib.suppress(OSError):
                    if mine:
                        (directory.parent / "cgroup.procs").write_text(str(os.getpid()))
                    directory.rmdir()


class Sampler(threading.Thread):
    """Peak memory of a group. It rests 100 times as long as it works, so that
    it takes at most 1 % of one CPU."""

    def __init__(self, group):
        super().__init__(daemon=True)
        self.group, self.rss, self.pss, self.processes = group, 0, 0, 0
        self.ended = threading.Event()

    def run(self):
        turn, rest = 0, 0.5
        while not self.ended.wait(rest):
            begun = time.thread_time()
            self.rss = max(self.rss, self.group.rss_kb())
            self.processes = max(self.processes, len(self.group.pids()))
            if turn % 5 == 1:
                self.pss = max(self.pss, self.group.pss_kb())
            turn += 1
            rest = max(0.25, 100 * (time.thread_time() - begun))


def descendants(root):
    """A process and everything below it."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, open_ = [], [root]
    while open_:
        pid = open_.pop()
        found.append(pid)
        open_ += children.get(pid, [])
    return found


def reap():
    """Collects children that ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def machine_busy():
    """Seconds of CPU that the whole machine has spent, idling and waiting for the disk left out."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICK


def disk_stat(path):
    """Writes of the block device under a path: (writes, flushes)."""
    try:
        device = os.stat(path).st_dev
        stat = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text().split()
        return int(stat[4]), int(stat[15]) if len(stat) > 15 else 0
    except (OSError, IndexError):
        return 0, 0
