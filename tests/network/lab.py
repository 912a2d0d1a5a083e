"""What every whole-system test of the emulator needs: start vcbench-net as vcbench does, speak to it, open sockets and run programs
inside its hosts.

A test is called with a way, `<back end>-<namespaces>`: tun-root, veth-root, tun-user, veth-user. `user` is an ordinary user
(number 65534) without any capability; for tun it gets a /dev/net/tun that everybody may open, as machines that want this have it.
"""
import ctypes
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

NET = pathlib.Path(os.environ.get("VCB_NET", "build/network/emulator/vcbench-net")).resolve()
SANITIZED = os.environ.get("VCBENCH_SANITIZED") == "1"
ORDINARY = 65534
SKIP = 77

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_REC, MS_PRIVATE = 16384, 1 << 18
libc = ctypes.CDLL(None, use_errno=True)


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


class Way:
    """How the emulator is to work in this test."""

    def __init__(self, text):
        self.text = text
        self.backend, self.namespaces = text.split("-")
        self.program = NET
        self.flags = [f"--backend={self.backend}", f"--namespaces={self.namespaces}"]

    def enter(self):
        """Become who this way is for; for good."""
        if self.namespaces == "root":
            if os.geteuid() != 0:
                skip(f"{self.text} needs root: run it with sudo")
            return
        if os.geteuid() == 0:
            self._become_ordinary()

    def _become_ordinary(self):
        # The build tree may be closed to other users.
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vcb-net-"))
        folder.chmod(0o755)
        self.program = pathlib.Path(shutil.copy(NET, folder))
        self.program.chmod(0o755)
        if self.backend == "tun":
            self._own_tun_node()
        os.setgroups([])
        os.setresgid(ORDINARY, ORDINARY, ORDINARY)
        os.setresuid(ORDINARY, ORDINARY, ORDINARY)

    def _own_tun_node(self):
        try:
            check(libc.unshare(CLONE_NEWNS), "unshare")
            check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount")
            check(libc.mount(b"none", b"/dev/net", b"tmpfs", 0, b"mode=755"), "mount /dev/net")
            os.umask(0)
            os.mknod("/dev/net/tun", stat.S_IFCHR | 0o666, os.makedev(10, 200))
            os.umask(0o022)
        except OSError as error:
            skip(f"{self.text}: no /dev/net/tun for an ordinary user can be made here: {error}")


class Host:
    """A network namespace, by its descriptor."""

    def __init__(self, emulator, name, fd):
        self.emulator, self.name, self.fd = emulator, name, fd

    def enter(self):
        """In a child of this process: from now on it is on the host."""
        if self.emulator.user_namespace is not None:
            check(libc.setns(self.emulator.user_namespace, CLONE_NEWUSER), "setns user")
        check(libc.setns(self.fd, CLONE_NEWNET), "setns net")

    def popen(self, *argv, **options):
        return subprocess.Popen([str(a) for a in argv], preexec_fn=self.enter, text=True, stdin=subprocess.DEVNULL, **options)

    def run(self, *argv, timeout=30):
        return subprocess.run([str(a) for a in argv], preexec_fn=self.enter, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM):
        """A socket of this host's, in this process."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                self.enter()
                made = socket.socket(family, kind)
                socket.send_fds(theirs, [b"x"], [made.fileno()])
                os._exit(0)
            except BaseException as error:  # pylint: disable=broad-except
                print("socket on", self.name, error, file=sys.stderr)
                os._exit(1)
        theirs.close()
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        ours.close()
        os.waitpid(pid, 0)
        made = socket.socket(fileno=fds[0])
        made.settimeout(10)
        return made

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
        self.fd = None


class Emulator:
    """vcbench-net as a child, with the control channel."""

    def __init__(self, way, *flags, program=None):
        self.messages, self._buffer, self._fds = [], b"", []
        self.hosts, self.user_namespace = {}, None
        self.log = tempfile.TemporaryFile(mode="w+")
        ours, theirs = socket.socketpair()
        self.channel = ours
        self.process = subprocess.Popen(
            [str(program or way.program), *way.flags, *flags], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, env=dict(os.environ, VCBENCH_CONTROL_FD=str(theirs.fileno())))
        theirs.close()
        first = self.wait(lambda m: m["type"] in ("ready", "failed"))
        if first["type"] == "failed":
            self.process.wait(10)
            skip(f"{way.text}: {first['message']}")
        self.ready = first
        assert first["backend"] == way.backend and first["namespaces"] == way.namespaces, first
        if first.get("fds"):
            self.user_namespace = first["_fds"][0]

    def say(self, kind, **fields):
        self.channel.sendall(json.dumps(dict(type=kind, **fields)).encode() + b"\n")

    def _read(self, seconds):
        if not select.select([self.channel], [], [], max(seconds, 0))[0]:
            return False
        data, fds, _, _ = socket.recv_fds(self.channel, 1 << 20, 253)
        self._fds += fds
        if not data:
            raise EOFError("the control channel has ended: " + self.said())
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            message = json.loads(line)
            message["_fds"] = [self._fds.pop(0) for _ in range(message.get("fds", 0))]
            self.messages.append(message)
        return True

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def wait(self, matches, seconds=10, since=0):
        """The first message (from number `since` on) that matches: a function, or the type's name."""
        wanted = matches if callable(matches) else lambda m: m["type"] == matches
        deadline = time.monotonic() + seconds
        seen = since
        while True:
            while seen < len(self.messages):
                seen += 1
                if wanted(self.messages[seen - 1]):
                    return self.messages[seen - 1]
            if not self._read(deadline - time.monotonic()):
                kinds = [m["type"] + ":" + m.get("message", "") for m in self.messages[-8:]]
                raise AssertionError(f"not within {seconds} s; last messages {kinds}; log: {self.said()}")

    def mark(self):
        """The number that `since` takes for what comes from now on."""
        while self._read(0):
            pass
        return len(self.messages)

    def create(self, network, routers, hosts, seconds=20, **fields):
        since = self.mark()
        self.say("create", network=network, seed=fields.pop("seed", 1), routers=routers, hosts=hosts, **fields)
        created = self.wait(lambda m: m["type"] in ("created", "error", "failed") and m.get("network") == network, seconds, since)
        if created["type"] != "created":
            raise AssertionError(created["message"])
        assert created["hosts"] == [h["name"] for h in hosts] and len(created["_fds"]) == len(hosts), created
        for name, fd in zip(created["hosts"], created["_fds"]):
            self.hosts[name] = Host(self, name, fd)
        return created

    def error(self, kind, **fields):
        """The text with which a command is refused."""
        since = self.mark()
        self.say(kind, **fields)
        return self.wait("error", since=since)["message"]

    def start(self, network, delay_s=0.0):
        origin_us = int((time.monotonic() + delay_s) * 1e6)
        self.say("start", network=network, origin_us=origin_us)
        return origin_us

    def remove(self, network, seconds=10):
        """Returns the final link messages by (link, direction), the final router messages, and `removed`."""
        since = self.mark()
        for host in self.hosts.values():
            host.close()
        self.hosts = {}
        self.say("remove", network=network)
        removed = self.wait(lambda m: m["type"] == "removed" and m["network"] == network, seconds, since)
        mine = [m for m in self.messages[since:] if m.get("network") == network and m.get("final")]
        links = {(m["link"], m["direction"]): m for m in mine if m["type"] == "link"}
        return links, {m["router"]: m for m in mine if m["type"] == "router"}, removed

    def end(self):
        """Close the channel; the exit status."""
        for host in self.hosts.values():
            host.close()
        self.hosts = {}
        self.channel.close()
        return self.process.wait(10)

    def clean_up(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.channel.close()
        for host in self.hosts.values():
            host.close()
        if self.user_namespace is not None:
            os.close(self.user_namespace)
        text = self.said()
        self.log.close()
        assert "Sanitizer" not in text and "runtime error" not in text, text


def line(name, parent="internet", up=None, down=None, **fields):
    return dict(name=name, parent=parent, up=up or {}, down=down or {}, **fields)


def host(name, router, *addresses, interface="eth0", **fields):
    return {"name": name, "interfaces": [dict(name=interface, router=router, addresses=list(addresses), **fields)]}


def send_and_read(sender, receiver, address, datagrams, window=100):
    """Send datagrams that begin with their number (4 bytes), and read what arrives at the same time: never more than `window` ahead of
    the latest one that arrived, so that no socket's buffer overflows. Returns what arrived, in order."""
    arrived, latest = [], -1
    receiver.setblocking(False)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    datagrams = list(datagrams)

    def read_for(seconds):
        nonlocal latest
        if not select.select([receiver], [], [], seconds)[0]:
            return False
        while True:
            try:
                arrived.append(receiver.recv(2048))
            except BlockingIOError:
                return True
            latest = max(latest, int.from_bytes(arrived[-1][:4], "big"))

    for i, datagram in enumerate(datagrams):
        while i - latest > window and read_for(0.5):
            pass
        sender.sendto(datagram, address)
    while read_for(0.5):
        pass
    return arrived


def balance(link):
    """sent + duplicated - delivered - dropped - queued: 0 where every packet is accounted for."""
    return link["sent"] + link["duplicated"] - link["delivered"] - sum(link["dropped"].values()) - link["queued"]


class Lab(unittest.TestCase):
    way = None

    def emulator(self, *flags):
        emulator = Emulator(self.way, *flags)
        self.addCleanup(emulator.clean_up)
        return emulator

    def pair(self, emulator, up=None, down=None, network="n", seed=1, mtu=1500, **fields):
        """Two hosts, a (behind the line "a" with these directions) and b (behind a plain one)."""
        emulator.create(network, [line("a", up=up, down=down), line("b")],
                        [host("a", "a", "10.0.1.2/24", mtu=mtu), host("b", "b", "10.0.2.2/24", mtu=mtu)], seed=seed, **fields)
        return emulator.hosts["a"], emulator.hosts["b"]


def wait_until(condition, seconds, what):
    """Poll a fact about the kernel, which no event of ours announces, until a deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"not within {seconds} s: {what}")


def main():
    """Arguments: the way, then unittest's."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} tun-root|veth-root|tun-user|veth-user [unittest's arguments]")
    Lab.way = Way(sys.argv[1])
    Lab.way.enter()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    unittest.main(module="__main__", argv=[sys.argv[0], "-v", *sys.argv[2:]])
