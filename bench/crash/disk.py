"""What the server keeps its data on, and the two ways to take the floor from under it."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

# No commit by the clock: what survives a power cut is what the server asked to be synced.
MOUNT_OPTIONS = "loop,commit=300"
COPIES = 20
UNMOUNT_S = 20


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
    """A file system of its own in memory. The server is stopped in mid-air and the
    image copied as it stands: pages that nobody synced are not in it, as after a
    power cut. The copy is the next round's disk."""

    name = "power"

    def __init__(self, parent, megabytes=256):
        self.work = Path(tempfile.mkdtemp(prefix="facteur-power.", dir=parent))
        self.path, self.image, self.copy = self.work / "disk", self.work / "disk.img", self.work / "cut.img"
        self.path.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(megabytes << 20)
        try:
            command("mkfs.ext4", "-q", "-F", str(self.image))
            self.mount()
        except RuntimeError:
            self.close()
            raise

    def mount(self):
        """Mounts the image; the kernel replays the journal."""
        command("mount", "-o", MOUNT_OPTIONS, str(self.image), str(self.path))

    def unmount(self):
        """Unmounts; the kernel may still be busy with the end of the server's process."""
        end = time.monotonic() + UNMOUNT_S
        while True:
            try:
                command("umount", str(self.path))
                return
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def crash(self, server, load):
        """Cuts the power: what the clients have read by now must be in the copy."""
        os.killpg(server.process.pid, signal.SIGSTOP)
        self.photograph()
        server.kill()
        load.stop()
        self.unmount()
        self.copy.replace(self.image)
        # 1 is "mended", which a replayed journal counts as; more is damage that a sync should have excluded.
        checked = subprocess.run(["e2fsck", "-fp", str(self.image)], stdout=subprocess.PIPE, text=True, check=False)
        if checked.returncode > 1:
            raise RuntimeError(f"e2fsck, status {checked.returncode}: {checked.stdout.strip()}")
        self.mount()

    def photograph(self):
        """Copies the image as it stands at one moment. A system call that was under way when the
        server stopped goes on in the kernel, and so may the journal: a copy taken meanwhile would
        have old blocks beside new ones, which no power cut leaves. So the copy counts when
        nothing was written while it was made."""
        for _ in range(COPIES):
            command("cp", "--sparse=always", str(self.image), str(self.copy))
            if subprocess.run(["cmp", "-s", str(self.image), str(self.copy)], check=False).returncode == 0:
                return
        raise RuntimeError(f"the disk of a stopped server was still being written after {COPIES} copies")

    def close(self):
        """Unmounts and removes everything."""
        if self.path.is_mount():
            with contextlib.suppress(RuntimeError):
                self.unmount()
        shutil.rmtree(self.work, ignore_errors=True)


def no_power_cuts():
    """Why the power cannot be cut on this machine, or nothing when it can."""
    if os.geteuid():
        return "mounting a disk image needs root"
    try:
        Image("/dev/shm", megabytes=16).close()
    except (RuntimeError, OSError) as error:
        return f"no disk image can be mounted here ({error})"
    return None
