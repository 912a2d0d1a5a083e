"""The capture, as Wireshark reads it: interfaces, counts, what became of each packet and when."""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from lab import Lab, host, line, main, send_and_read, skip


class Capture(Lab):
    def test_wireshark_reads_what_happened(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="vcb-capture-"))
        self.addCleanup(shutil.rmtree, folder, True)
        path = folder / "capture.pcapng"
        emulator = self.emulator(f"--capture={path}")
        nat = {"mapping": "endpoint-independent", "filtering": "address-and-port-dependent", "hairpin": True, "ports": "preserve",
               "lifetime_us": 120000000, "external": ["198.18.1.1"]}
        up = {"delay_us": 2000, "loss": {"p": 0, "r": 1, "h": 0, "k": 0.9}, "duplicate": 0.05, "corrupt": 0.05}
        emulator.create("call-1", [line("alice", up=up, nat=nat), line("bob")],
                        [host("alice", "alice", "192.168.1.2/24"), host("bob", "bob", "198.18.2.2/24")])
        alice, bob, stranger = (emulator.hosts[name].socket() for name in ("alice", "bob", "bob"))
        bob.bind(("198.18.2.2", 5000))
        alice.bind(("192.168.1.2", 4000))
        n = 1000
        send_and_read(alice, bob, ("198.18.2.2", 5000), [i.to_bytes(4, "big") + bytes(96) for i in range(n)])
        for _ in range(7):
            stranger.sendto(b"who is there", ("198.18.1.1", 4000))
        emulator.wait(lambda m: m["type"] == "router" and m["dropped"].get("nat-filtered") == 7)
        for made in (alice, bob, stranger):
            made.close()
        links, _, _ = emulator.remove("call-1")
        self.assertEqual(emulator.end(), 0)

        fields = ["frame.interface_name", "frame.time_epoch", "ip.src", "ip.dst", "frame.comment"]
        output = subprocess.run(
            ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=|", "-o", "ip.check_checksum:TRUE",
             *(part for field in fields for part in ("-e", field))],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, timeout=60,
            env=dict(os.environ, HOME=str(folder))).stdout
        packets = [row.split("|") for row in output.splitlines()]
        by_interface = collections.Counter(p[0] for p in packets)
        for (link, direction), counters in links.items():
            self.assertEqual(by_interface[f"call-1/{link}/{direction}"], counters["sent"] + counters["duplicated"], (link, direction))
        self.assertEqual(by_interface["call-1/alice/dropped"], 7)
        self.assertEqual(sum(by_interface.values()),
                         7 + sum(c["sent"] + c["duplicated"] for c in links.values()))
        self.assertEqual(links["alice", "up"]["sent"], n)

        sent_up = [p for p in packets if p[0] == "call-1/alice/up"]
        comments = [p[4] for p in sent_up]
        self.assertEqual(sum("reason=loss" in c for c in comments), links["alice", "up"]["dropped"]["loss"])
        self.assertEqual(sum("copy=1" in c for c in comments), links["alice", "up"]["duplicated"])
        self.assertEqual(sum("corrupted=1" in c and "copy=1" not in c for c in comments), links["alice", "up"]["corrupted"])
        self.assertGreater(links["alice", "up"]["corrupted"], 10)
        offset_us = self.wall_clock_offset_us(path)
        for _, stamp, source, destination, comment in sent_up:
            self.assertEqual((source, destination), ("198.18.1.1", "198.18.2.2"))  # beyond the NAT
            delivered = re.match(r"verdict=delivered ideal_us=(\d+) actual_us=(\d+)", comment)
            if not delivered:
                self.assertRegex(comment, r"^verdict=dropped reason=loss")
                continue
            ideal_us, actual_us = map(int, delivered.groups())
            seconds, _, nanoseconds = stamp.partition(".")
            came_us = int(seconds) * 1000000 + int(nanoseconds.ljust(9, "0")[:9]) / 1000 - offset_us
            self.assertAlmostEqual(ideal_us - came_us, 2000, delta=2)
            self.assertGreaterEqual(actual_us, ideal_us)
        for packet in packets:
            if packet[0] == "call-1/alice/dropped":
                self.assertEqual(packet[4], "verdict=dropped reason=nat-filtered")

    def wall_clock_offset_us(self, path):
        """Of the section header's comment."""
        return int(re.search(rb"wall_clock_offset_us=(\d+)", path.read_bytes()[:1000]).group(1))


if __name__ == "__main__":
    if not shutil.which("tshark"):
        skip("tshark is missing: apt-get install tshark")
    main()
