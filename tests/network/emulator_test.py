"""The emulator from outside: every packet accounted for, the same seed the same fate, commands and refusals, its ends."""
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time

from lab import Lab, balance, host, line, main, send_and_read, wait_until

IMPAIRED = {"delay_us": 5000, "jitter": {"distribution": "uniform", "us": 2000}, "loss": {"p": 0.02, "r": 0.3, "h": 0, "k": 1},
            "duplicate": 0.01, "reorder": {"rate": 0.01, "delay_us": 10000}, "queue": {"packets": 100000}}


def send_numbered(sender, receiver, address, n):
    """Send n datagrams that carry their number. Returns the numbers in order of arrival."""
    datagrams = (i.to_bytes(4, "big") + bytes(96) for i in range(n))
    return [int.from_bytes(data[:4], "big") for data in send_and_read(sender, receiver, address, datagrams)]


class Truth(Lab):
    def run_through(self, n, up, seed):
        """n datagrams from a to b through `up`, in an emulator of its own. Returns (arrived, links)."""
        emulator = self.emulator()
        a, b = self.pair(emulator, up=up, seed=seed)
        sender, receiver = a.socket(), b.socket()
        receiver.bind(("10.0.2.2", 5000))
        sender.bind(("10.0.1.2", 0))
        arrived = send_numbered(sender, receiver, ("10.0.2.2", 5000), n)
        sender.close()
        receiver.close()
        links, routers, _ = emulator.remove("n")
        audit = emulator.wait(lambda m: m["type"] == "audit", since=emulator.mark())
        self.assertEqual(audit["tx_dropped"], 0)
        self.assertEqual(routers, {})
        self.assertEqual(links["a", "up"]["sent"], n)
        self.assertEqual(len(arrived), links["b", "down"]["delivered"], links)
        self.assertEqual(emulator.end(), 0)
        return arrived, links

    def test_every_packet_is_accounted_for_and_the_same_seed_drops_the_same(self):
        n = 20000
        first, links = self.run_through(n, IMPAIRED, seed=42)
        again, _ = self.run_through(n, IMPAIRED, seed=42)
        other, _ = self.run_through(n, IMPAIRED, seed=43)
        up, down = links["a", "up"], links["b", "down"]
        for link in links.values():
            self.assertEqual(balance(link), 0, link)
        self.assertEqual(up["sent"], n)
        self.assertEqual(up["queued"], 0)
        self.assertEqual(up["delivered"], len(first))
        self.assertEqual(down["sent"], up["delivered"])
        self.assertEqual(down["delivered"], len(first))
        self.assertEqual(set(up["dropped"]), {"loss"})
        self.assertEqual(n - len(set(first)), up["dropped"]["loss"])
        self.assertEqual(len(first) - len(set(first)), up["duplicated"])
        self.assertGreater(up["duplicated"], 100)
        self.assertGreater(up["reordered"], 100)
        self.assertGreater(up["dropped"]["loss"], 800)
        self.assertEqual(set(first), set(again), "other packets were lost in a second run of the same seed")
        self.assertEqual(sorted(first), sorted(again), "other packets were duplicated in a second run")
        self.assertNotEqual(set(first), set(other))

    def test_switching_jitter_on_changes_no_loss(self):
        without, first = self.run_through(5000, {"loss": {"p": 0, "r": 1, "h": 0, "k": 0.9}}, seed=7)
        with_jitter, _ = self.run_through(
            5000, {"loss": {"p": 0, "r": 1, "h": 0, "k": 0.9}, "delay_us": 3000,
                   "jitter": {"distribution": "normal", "us": 1000, "reorder": True}}, seed=7)
        self.assertEqual(len(without), first["a", "up"]["delivered"])
        self.assertEqual(set(without), set(with_jitter))

    def test_rtp_flows_are_told_by_ssrc(self):
        emulator = self.emulator()
        a, b = self.pair(emulator, up={"loss": {"p": 0, "r": 1, "h": 0, "k": 0.8}, "duplicate": 0.1, "corrupt": 0})
        sender, receiver = a.socket(), b.socket()
        receiver.bind(("10.0.2.2", 5000))
        got = {}
        for i in range(1000):
            for ssrc, kind, size in ((0x11223344, 96, 1000), (0x55667788, 111, 80)):
                sender.sendto(bytes([0x80, kind]) + i.to_bytes(2, "big") + bytes(4) + ssrc.to_bytes(4, "big") + bytes(size),
                              ("10.0.2.2", 5000))
            sender.sendto(bytes([0x81, 200]) + bytes(26), ("10.0.2.2", 5000))  # RTCP
            while i % 20 == 19 and select.select([receiver], [], [], 0.1)[0]:
                data = receiver.recv(2048)
                if data[1] != 200:
                    ssrc = int.from_bytes(data[8:12], "big")
                    count, size = got.get(ssrc, (0, 0))
                    got[ssrc] = (count + 1, size + len(data) - 12)
        sender.close()
        receiver.close()
        links, _, _ = emulator.remove("n")
        flows = {f["ssrc"]: f for f in links["a", "up"]["flows"]}
        self.assertEqual(set(flows), {0x11223344, 0x55667788})
        for ssrc, (count, size) in got.items():
            self.assertEqual(flows[ssrc]["sent"], 1000)
            self.assertEqual(flows[ssrc]["delivered"], count)
            self.assertGreater(flows[ssrc]["dropped"], 100)
            self.assertGreater(flows[ssrc]["duplicated"], 30)
            self.assertEqual(1000 + flows[ssrc]["duplicated"], count + flows[ssrc]["dropped"])
            self.assertEqual(flows[ssrc]["payload_bytes"], size)
        self.assertEqual(flows[0x55667788]["payload_type"], 111)

    def test_what_a_link_says_each_second(self):
        emulator = self.emulator()
        a, b = self.pair(emulator, up={"delay_us": 30000, "rate_bps": 2000000})
        sender, receiver = a.socket(), b.socket()
        receiver.bind(("10.0.2.2", 5000))
        since = emulator.mark()
        for _ in range(50):
            sender.sendto(bytes(100), ("10.0.2.2", 5000))
            receiver.recv(200)
        link = emulator.wait(lambda m: m["type"] == "link" and m["link"] == "a" and m["direction"] == "up", since=since)
        self.assertNotIn("final", link)
        self.assertEqual(balance(link), 0)
        self.assertEqual(link["rate_bps"], 2000000)
        # 128 bytes at 2 Mbit/s are 512 us.
        self.assertAlmostEqual(link["delay_us"]["p50"], 30512, delta=30512 * 0.01)
        audit = emulator.wait("audit", since=since)
        self.assertEqual(audit["tx_dropped"], 0)
        self.assertLess(abs(audit["clock_step_us"]), 1000)
        self.assertGreater(audit["busy_pct"], 0)
        sender.close()
        receiver.close()


class Audit(Lab):
    def test_a_stall_is_seen_though_every_packet_came_during_it(self):
        """What waits in an interface bears no time: the audit must not take it for punctual."""
        emulator = self.emulator()
        a, b = self.pair(emulator)
        sender, receiver = a.socket(), b.socket()
        receiver.bind(("10.0.2.2", 4000))
        emulator.start("n")
        emulator.wait("audit")
        os.kill(emulator.process.pid, signal.SIGSTOP)
        for _ in range(20):
            sender.sendto(b"late", ("10.0.2.2", 4000))
        time.sleep(0.3)  # the stall itself
        os.kill(emulator.process.pid, signal.SIGCONT)
        receiver.recv(10)
        seen = emulator.wait(lambda m: m["type"] == "audit" and m["lateness_us"]["max"] > 250000)
        self.assertGreater(seen["lateness_us"]["p99"], 100000)
        sender.close()
        receiver.close()


class Commands(Lab):
    def test_refusals_have_no_effect(self):
        emulator = self.emulator()
        self.pair(emulator)
        self.assertIn("create", emulator.error("create", network="n", seed=1, routers=[], hosts=[]))
        self.assertIn("no network", emulator.error("start", network="other", origin_us=1))
        self.assertIn("origin_us", emulator.error("start", network="n"))
        self.assertIn("before", emulator.error("start", network="n", origin_us=1))
        self.assertIn("a day ahead", emulator.error("start", network="n", origin_us=1 << 62))
        self.assertIn("set", emulator.error("change", network="n", router="a"))
        emulator.error("change", network="n", router="a", direction="up", set={"loss": {"p": 7, "r": 1, "h": 0, "k": 1}})
        emulator.error("change", network="n", router="nobody", direction="up", set={"delay_us": 1})
        self.assertIn("wlan7", emulator.error("interface", network="n", host="a", down="wlan7"))
        self.assertIn("not a command", emulator.error("dance"))
        emulator.channel.sendall(b"this is no JSON\n")
        emulator.wait(lambda m: m["type"] == "error" and "JSON" in m["message"])
        emulator.error("create", network="m", seed=1, routers=[line("x", parent="nobody")], hosts=[])
        emulator.error("create", network="m", seed=1, routers=[line("x")], hosts=[host("h", "nobody", "10.0.0.1/24")])
        emulator.create("m", [line("x")], [host("h", "x", "10.0.9.1/24")])  # the name was not taken by those
        self.assertEqual(emulator.end(), 0)

    def test_ordinary_traffic_between_hosts_of_two_networks(self):
        emulator = self.emulator()
        emulator.create("servers", [line("s")], [host("server", "s", "198.18.0.10/24", "2001:db8::a/64")])
        emulator.create("call", [line("alice", up={"delay_us": 10000}, down={"delay_us": 10000})],
                        [host("alice", "alice", "198.18.1.2/24", "2001:db8:1::2/64")])
        for family, address in ((socket.AF_INET, "198.18.0.10"), (socket.AF_INET6, "2001:db8::a")):
            server, client = emulator.hosts["server"].socket(family), emulator.hosts["alice"].socket(family)
            server.bind((address, 443))
            began = time.monotonic()
            client.sendto(b"ping", (address, 443))
            data, source = server.recvfrom(100)
            server.sendto(data, source)
            self.assertEqual(client.recv(100), b"ping")
            self.assertGreaterEqual(time.monotonic() - began, 0.020)
            server.close()
            client.close()

    def test_change_takes_effect_and_is_told(self):
        emulator = self.emulator()
        a, b = self.pair(emulator)
        client, server = a.socket(), b.socket()
        server.bind(("10.0.2.2", 5000))
        since = emulator.mark()
        emulator.say("change", network="n", router="a", direction="up", set={"delay_us": 50000})
        told = emulator.wait("change", since=since)
        self.assertEqual((told["router"], told["direction"], told["set"]), ("a", "up", {"delay_us": 50000}))
        self.assertNotIn("planned_us", told)
        began = time.monotonic()
        client.sendto(b"x", ("10.0.2.2", 5000))
        server.recv(10)
        self.assertGreaterEqual(time.monotonic() - began, 0.050)
        client.close()
        server.close()

    def test_the_timeline_comes_at_its_times(self):
        emulator = self.emulator()
        self.pair(emulator, timeline=[{"at_us": 200000, "router": "a", "direction": "both", "set": {"up": False}},
                                      {"at_us": 400000, "router": "a", "direction": "both", "set": {"up": True}}])
        origin_us = emulator.start("n")
        for at_us, up in ((200000, False), (400000, True)):
            told = emulator.wait(lambda m, at=at_us: m["type"] == "change" and m["planned_us"] == origin_us + at)
            self.assertEqual(told["set"], {"up": up})
            self.assertLess(told["t_us"] - told["planned_us"], 20000)
            self.assertGreaterEqual(told["t_us"], told["planned_us"])

    def test_nat_mappings_and_drops_of_routers_are_told(self):
        nat = {"mapping": "endpoint-independent", "filtering": "address-and-port-dependent", "hairpin": True, "ports": "preserve",
               "lifetime_us": 120000000, "external": ["198.18.1.1"]}
        emulator = self.emulator()
        emulator.create("n", [line("home", nat=nat), line("b")],
                        [host("a", "home", "192.168.1.2/24"), host("b", "b", "198.18.2.2/24")])
        client, server, stranger = emulator.hosts["a"].socket(), emulator.hosts["b"].socket(), emulator.hosts["b"].socket()
        client.bind(("192.168.1.2", 4000))
        server.bind(("198.18.2.2", 5000))
        client.sendto(b"x", ("198.18.2.2", 5000))
        _, source = server.recvfrom(10)
        self.assertEqual(source, ("198.18.1.1", 4000))
        mapping = emulator.wait("nat-mapping")
        self.assertEqual((mapping["router"], mapping["internal"], mapping["external"]),
                         ("home", "192.168.1.2:4000", "198.18.1.1:4000"))
        for _ in range(3):
            stranger.sendto(b"y", source)
        told = emulator.wait(lambda m: m["type"] == "router" and m["dropped"].get("nat-filtered") == 3)
        self.assertEqual((told["router"], told["mappings"]), ("home", 1))
        for made in (client, server, stranger):
            made.close()
        _, routers, _ = emulator.remove("n")
        self.assertEqual(routers["home"]["dropped"], {"nat-filtered": 3})

    def test_handover_moves_traffic(self):
        emulator = self.emulator()
        interfaces = [{"name": "wlan0", "router": "wlan", "addresses": ["10.0.1.2/24"], "metric": 100},
                      {"name": "wwan0", "router": "wwan", "addresses": ["10.0.3.2/24"], "metric": 200, "up": False}]
        emulator.create("n", [line("wlan"), line("wwan"), line("b")],
                        [{"name": "a", "interfaces": interfaces}, host("b", "b", "10.0.2.2/24")],
                        timeline=[{"at_us": 300000, "host": "a", "down": "wlan0", "up": "wwan0"}])
        sender, receiver = emulator.hosts["a"].socket(), emulator.hosts["b"].socket()
        receiver.bind(("10.0.2.2", 5000))
        receiver.setblocking(False)
        origin_us = emulator.start("n")
        sources = []  # (time, source) of what arrives
        while time.monotonic() * 1e6 < origin_us + 600000:
            try:
                sender.sendto(b"x", ("10.0.2.2", 5000))
            except OSError:  # between the two: no route
                pass
            if select.select([receiver], [], [], 0.002)[0]:
                sources.append((time.monotonic() * 1e6 - origin_us, receiver.recvfrom(10)[1][0]))
        change = emulator.wait(lambda m: m["type"] == "change")
        self.assertEqual((change["host"], change["down"], change["up"]), ("a", "wlan0", "wwan0"))
        self.assertEqual(change["planned_us"], origin_us + 300000)
        before = [t for t, s in sources if s == "10.0.1.2"]
        after = [t for t, s in sources if s == "10.0.3.2"]
        self.assertGreater(len(before), 20)
        self.assertGreater(len(after), 20)
        self.assertLess(before[-1], after[0])
        self.assertGreaterEqual(before[-1], 250000)
        self.assertLess(before[-1], 330000)
        self.assertGreaterEqual(after[0], 300000)
        self.assertLess(after[0], 400000)
        listing = emulator.hosts["a"].run("cat", "/proc/net/fib_trie").stdout
        self.assertNotIn("10.0.1.2", listing)
        self.assertIn("10.0.3.2", listing)
        sender.close()
        receiver.close()


def processes():
    """{pid: (parent, name)}"""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
            if rest[0] not in "ZX":
                found[int(entry.name)] = (int(rest[1]), name)
    return found


def family(pid):
    """The process and all its descendants."""
    everyone = processes()
    found, grown = {pid}, True
    while grown:
        more = {p for p, (parent, _) in everyone.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def namespaces_held(inodes):
    """Which of these namespaces a process still is in or points at. (A namespace with neither is gone.)"""
    held = set()
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            links = [os.stat(entry / "ns/net").st_ino] + [os.stat(fd).st_ino for fd in (entry / "fd").iterdir()]
        except OSError:
            continue
        held |= inodes & set(links)
    return held


class Ends(Lab):
    def busy(self, n_hosts=40):
        emulator = self.emulator()
        emulator.create("n", [line("a"), line("b")],
                        [host(f"h{i}", "ab"[i % 2], f"10.0.{i // 200 + i % 2 * 100}.{i % 200 + 1}/16") for i in range(n_hosts)])
        inodes = {os.fstat(h.fd).st_ino for h in emulator.hosts.values()}
        self.assertEqual(len(inodes), n_hosts)
        return emulator, inodes

    def expect_nothing_left(self, pids, inodes):
        wait_until(lambda: not (pids & set(processes())), 5, f"the processes {pids} are gone")
        wait_until(lambda: not namespaces_held(inodes), 5, "the namespaces are held by nobody")

    def test_the_end_of_the_channel_is_the_end(self):
        emulator, inodes = self.busy()
        pids = family(emulator.process.pid)
        self.assertGreater(len(pids), 1)
        self.assertEqual(emulator.end(), 0)
        self.expect_nothing_left(pids, inodes)

    def test_sigterm_is_answered_with_the_last_reports(self):
        emulator, inodes = self.busy()
        pids = family(emulator.process.pid)
        for h in emulator.hosts.values():
            h.close()
        since = emulator.mark()
        emulator.process.send_signal(signal.SIGTERM)
        emulator.wait(lambda m: m["type"] == "removed", since=since)
        audit = emulator.wait(lambda m: m["type"] == "audit" and m.get("final"), since=since)
        self.assertEqual(audit["tx_dropped"], 0)
        self.assertEqual(emulator.process.wait(10), 0)
        self.expect_nothing_left(pids, inodes)

    def test_killed_in_the_middle_it_leaves_nothing(self):
        emulator, inodes = self.busy()
        pids = family(emulator.process.pid)
        sender = emulator.hosts["h0"].socket()
        for _ in range(1000):
            sender.sendto(bytes(1000), ("10.0.100.2", 5000))
        sender.close()
        for h in emulator.hosts.values():
            h.close()
        emulator.process.kill()
        emulator.process.wait()
        self.expect_nothing_left(pids, inodes)

    def test_without_its_host_maker_it_says_so_and_ends(self):
        emulator, inodes = self.busy()
        pids = family(emulator.process.pid)
        for h in emulator.hosts.values():
            h.close()
        for pid in pids - {emulator.process.pid}:
            os.kill(pid, signal.SIGKILL)
        failed = emulator.wait("failed")
        self.assertIn("host maker", failed["message"])
        self.assertEqual(emulator.process.wait(10), 4)
        self.expect_nothing_left(pids, inodes)

    def test_a_capture_that_cannot_be_written_is_a_failure(self):
        ours, theirs = socket.socketpair()
        with subprocess.Popen([str(self.way.program), *self.way.flags, "--capture=/proc/nowhere/capture.pcapng"],
                              pass_fds=[theirs.fileno()], stderr=subprocess.PIPE,
                              env=dict(os.environ, VCBENCH_CONTROL_FD=str(theirs.fileno()))) as process:
            theirs.close()
            self.assertEqual(process.wait(10), 3)
        with ours, ours.makefile() as lines:
            message = json.loads(lines.readline())
        self.assertEqual(message["type"], "failed")
        self.assertIn("/proc/nowhere/capture.pcapng", message["message"])

    def test_the_probe_says_what_works(self):
        done = subprocess.run([str(self.way.program), "--probe"], stdout=subprocess.PIPE, timeout=20, check=True)
        answer = json.loads(done.stdout)
        mine = next(c for c in answer["combinations"]
                    if c["backend"] == self.way.backend and c["namespaces"] == self.way.namespaces)
        self.assertTrue(mine["works"], mine)
        self.assertEqual(len(answer["combinations"]), 4)
        if self.way.namespaces == "user":
            other = next(c for c in answer["combinations"] if c["namespaces"] == "root")
            self.assertFalse(other["works"])
            self.assertGreater(len(other["problem"]), 20)

    def test_bad_usage_is_refused(self):
        for flags in (["--backend=pigeon"], ["--capture=/nonexistent/folder/x"], []):
            done = subprocess.run([str(self.way.program), *flags], stderr=subprocess.PIPE, timeout=20, check=False)
            self.assertEqual(done.returncode, 2, flags)
            self.assertIn(b"vcbench-net", done.stderr)


if __name__ == "__main__":
    main()
