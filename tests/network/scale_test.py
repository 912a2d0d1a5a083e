"""300 hosts: how long they take to come and to go, also when the emulator is killed."""
import os
import time

from emulator_test import family, namespaces_held, processes
from lab import Lab, SANITIZED, host, line, main, wait_until

# What is promised of an idle machine (2 s up, 1 s gone), and how much longer a busy one may take here.
UP_S, GONE_S, PATIENCE = 2.0, 1.0, 4
NETWORKS, HOSTS = 3, 100


class Scale(Lab):
    def come(self):
        emulator = self.emulator()
        began = time.monotonic()
        for n in range(NETWORKS):
            emulator.say("create", network=f"n{n}", seed=n, routers=[line(f"r{i}") for i in range(HOSTS)],
                         hosts=[host(f"h{i}", f"r{i}", f"10.{n}.{i}.2/24", f"2001:db8:{n}:{i}::2/64") for i in range(HOSTS)])
        fds = []
        for n in range(NETWORKS):
            fds += emulator.wait(lambda m, name=f"n{n}": m["type"] == "created" and m["network"] == name, 30)["_fds"]
        took = time.monotonic() - began
        inodes = {os.fstat(fd).st_ino for fd in fds}
        for fd in fds:
            os.close(fd)
        self.assertEqual(len(inodes), NETWORKS * HOSTS)
        self.assert_soon("up", took, UP_S)
        return emulator, inodes

    def assert_soon(self, what, took, promised):
        print(f"{NETWORKS * HOSTS} hosts {what} in {took:.2f} s", end="; ", flush=True)
        if not SANITIZED:
            self.assertLess(took, promised * PATIENCE)

    def test_they_come_and_go(self):
        emulator, inodes = self.come()
        began = time.monotonic()
        for n in range(NETWORKS):
            emulator.say("remove", network=f"n{n}")
        for n in range(NETWORKS):
            emulator.wait(lambda m, name=f"n{n}": m["type"] == "removed" and m["network"] == name, 30)
        self.assert_soon("gone", time.monotonic() - began, GONE_S)
        self.assertEqual(namespaces_held(inodes), set())
        self.assertEqual(emulator.end(), 0)

    def test_killed_they_are_gone_as_soon(self):
        emulator, inodes = self.come()
        pids = family(emulator.process.pid)
        began = time.monotonic()
        emulator.process.kill()
        emulator.process.wait()
        wait_until(lambda: not pids & set(processes()), 30, "the processes are gone")
        self.assert_soon("gone after kill -9", time.monotonic() - began, GONE_S)
        self.assertEqual(namespaces_held(inodes), set())


if __name__ == "__main__":
    main()
