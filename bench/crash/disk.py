"""What the server keeps its data on, and the two ways to take the floor from under it."""
import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

# No commit by the clock: what survives a power cut is what the server asked to be synced.
MOUNT_OPTIONS = {"ext4": "loop,commit=300", "xfs": "loop,nouuid", "btrfs": "loop,commit=300"}
# Far above what the load takes: near the server's floor of 64 MiB it would refuse, which is no loss but is no test either.
# btrfs gives a tenth of a small disk away at a time, and says that none is free when its own tables cannot grow. Only what
# is written takes memory.
MEGABYTES = {"ext4": 512, "xfs": 512, "btrfs": 2048}
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"], "btrfs": ["mkfs.btrfs", "-q", "-f"]}
# A cut leaves a journal to be replayed, which is no damage: ext4's check does that itself, the others' at the mount.
CHECK = {"ext4": ["e2fsck", "-fp"], "xfs": ["xfs_repair", "-n"], "btrfs": ["btrfs", "check"]}
OUTER_MEGABYTES = 6144
UNMOUNT_S = 20
# The call of Linux that copies a file at one instant (ioctl_ficlone(2)).
FICLONE = 0x40049409


def command(*argv):
    """Runs a program of the system; its words are shown when it fails."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stdout.strip()}")


class Folder:
    """A directory of a real disk. The server is killed; the page cache survives, as it does in life."""

    name = "kill"

    def __init__(self, parent):
        self.path = Path(tempfile.mkdtemp(prefix="facteur-kill.", dir=parent))

    def crash(self, server, load):
        """Kills the server, then lets the clients read what it had already said."""
        server.kill()
        load.stop()

    def close(self):
        """Removes everything."""
        shutil.rmtree(self.path, ignore_errors=True)


class Image:
    """A file system of its own, in an image that lies on a file system which can copy a
    file at one instant. The copy is made while the server works, in the middle of
    whatever it and the kernel are doing: what nobody had synced is not in it, nor is
    a sync that was under way, as after a power cut. The copy is the next round's
    disk. A clean stop, or a wait until all is quiet, would let a sync come to its end
    that a power cut would have cut in two."""

    name = "power"

    def __init__(self, parent, system="ext4"):
        self.system = system
        self.work = Path(tempfile.mkdtemp(prefix="facteur-power.", dir=parent))
        self.outer, self.backing = self.work / "outer", self.work / "outer.img"
        self.path, self.image, self.copy = self.work / "disk", self.outer / "disk.img", self.outer / "cut.img"
        self.path.mkdir()
        self.outer.mkdir()
        try:
            allocate(self.backing, OUTER_MEGABYTES)
            command("mkfs.xfs", "-q", "-m", "reflink=1", str(self.backing))
            command("mount", "-o", "loop", str(self.backing), str(self.outer))
            allocate(self.image, MEGABYTES[system])
            command(*MAKE[system], str(self.image))
            self.mount()
        except (RuntimeError, OSError):
            self.close()
            raise

    def mount(self):
        """Mounts the image; the kernel replays the journal."""
        command("mount", "-o", MOUNT_OPTIONS[self.system], str(self.image), str(self.path))

    def crash(self, server, load):
        """Cuts the power: what the clients had read before the cut must be in the copy."""
        with open(self.image, "rb") as image, open(self.copy, "wb") as copy:
            load.freeze()
            fcntl.ioctl(copy, FICLONE, image.fileno())
        server.kill()
        load.stop()
        unmount(self.path)
        self.copy.replace(self.image)
        self.replay()
        self.mount()

    def replay(self):
        """Lets the file system mend what a cut leaves, and fails when there is more than that."""
        if self.system != "ext4":
            self.mount()
            unmount(self.path)
        checked = subprocess.run([*CHECK[self.system], str(self.image)], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, check=False)
        # 1 is "mended", which a replayed journal counts as; more is damage that a sync should have excluded.
        if checked.returncode > (1 if self.system == "ext4" else 0):
            raise RuntimeError(f"{self.system} is damaged, status {checked.returncode}: {checked.stdout.strip()}")

    def close(self):
        """Unmounts and removes everything."""
        for mounted in (self.path, self.outer):
            if mounted.is_mount():
                with contextlib.suppress(RuntimeError):
                    unmount(mounted)
        shutil.rmtree(self.work, ignore_errors=True)


def allocate(path, megabytes):
    """An empty file of that size."""
    with open(path, "wb") as image:
        image.truncate(megabytes << 20)


def unmount(path):
    """Unmounts; the kernel may still be busy with the end of the server's process."""
    end = time.monotonic() + UNMOUNT_S
    while True:
        try:
            command("umount", str(path))
            return
        except RuntimeError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def no_power_cuts(system="ext4"):
    """Why the power cannot be cut on this machine, or nothing when it can."""
    if os.geteuid():
        return "mounting a disk image needs root"
    try:
        Image("/dev/shm", system).close()
    except (RuntimeError, OSError) as error:
        return f"no {system} image can be mounted here ({error})"
    return None
