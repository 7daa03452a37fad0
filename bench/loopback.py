"""The two ends of a measure and the server between them, all on a loopback of their own."""
import contextlib
import ctypes
import fcntl
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def own_network():
    """Gives this process and its children a network that has only the
    loopback: no packet can leave the machine, no port can clash.
    False where that is not allowed (it needs root)."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        return False
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as control:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | IFF_UP, b""))
    for name, value in (("net/core/somaxconn", "4096"), ("net/ipv4/tcp_max_syn_backlog", "4096")):
        with contextlib.suppress(OSError):
            Path("/proc/sys", name).write_text(value)
    return True


def free_port():
    """A port of the loopback that nobody listens on now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fill(text, words):
    """Replaces @NAME@ by words['NAME'] in a command or a configuration file."""
    return re.sub(r"@([A-Z_]+)@", lambda match: str(words[match[1]]), text)


def wait_banner(port, process, timeout):
    """Waits until a server greets; its early end is an error."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", port), 1) as client:
                client.settimeout(5)
                if client.recv(3) == b"220":
                    with contextlib.suppress(OSError):
                        client.sendall(b"QUIT\r\n")
                        client.recv(512)
                    return
        time.sleep(0.002)
    raise RuntimeError(f"no greeting on port {port} after {timeout} s")


class Sink:
    """smtp-sink with its running counter in a file in memory."""

    def __init__(self, port, group):
        handle, self.path = tempfile.mkstemp(prefix="facteur-sink.", dir="/dev/shm")
        self.out = os.fdopen(handle, "wb")
        argv = ["smtp-sink", "-c", "-m", "4000", "-u", "nobody", "-h", "sink.bench.test", f"inet:127.0.0.1:{port}", "2048"]
        self.process = subprocess.Popen(argv, stdout=self.out, stderr=subprocess.DEVNULL, preexec_fn=group.join, cwd="/")
        wait_banner(port, self.process, 5)

    def count(self):
        """Messages received so far."""
        with open(self.path, "rb") as counter:
            counter.seek(max(0, os.fstat(counter.fileno()).st_size - 200))
            numbers = re.findall(rb"mesg=(\d+)[^\d]", counter.read())
        return int(numbers[-1]) if numbers else 0

    def stop(self):
        """Ends the sink."""
        self.process.terminate()
        self.process.wait()
        self.out.close()
        os.unlink(self.path)


class Server:
    """A peer, prepared and started in a work directory."""

    def __init__(self, peer, words, group, wrap=()):
        self.group, self.process = group, None
        directory = Path(words["DIR"])
        self.log = open(directory / "server.out", "wb")
        for name, text in peer.get("files", {}).items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fill(text, words))
        for command in peer.get("prepare", []):
            subprocess.run(["sh", "-ec", fill(command, words)], check=True, cwd=directory, stdout=self.log, stderr=self.log)
        argv = [*wrap, *shlex.split(fill(peer["start"], words))]
        begun = time.monotonic()
        self.process = subprocess.Popen(argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, preexec_fn=self.child)
        self.group.root_pid = self.process.pid
        try:
            wait_banner(int(words["PORT"]), self.process, 60)
        except RuntimeError as error:
            self.stop()
            said = (directory / "server.out").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{error}; its output: {said}") from None
        self.ready_s = time.monotonic() - begun

    def child(self):
        """Runs in the new process before the server does."""
        os.setsid()
        self.group.join()

    def stop(self):
        """Ends the server and all that it started."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        self.group.kill()
        self.log.close()
