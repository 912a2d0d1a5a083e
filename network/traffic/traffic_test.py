"""Whole vcbench-traffic processes on loopback: what each kind sends arrives, and every end is an orderly one.

VCBENCH_TRAFFIC names the program. Waits end on messages; nothing sleeps in place of a condition.
"""
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time
import unittest

PROGRAM = os.environ["VCBENCH_TRAFFIC"]
SANITIZED = os.environ.get("VCBENCH_SANITIZED") == "1"
PATIENCE = 30  # seconds until a message that must come counts as missing


class Process:
    """One vcbench-traffic, and the other end of its channel."""

    def __init__(self, test, **configure):
        ours, theirs = socket.socketpair()
        environment = dict(os.environ, VCBENCH_CONTROL_FD=str(theirs.fileno()))
        self.child = subprocess.Popen([PROGRAM], env=environment, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        theirs.close()
        self.test, self.channel, self.rest, self.messages = test, ours, b"", []
        test.addCleanup(self.end)
        if configure:
            self.say("configure", interval_ms=100, **configure)

    def say(self, command, **fields):
        self.channel.sendall(json.dumps({"type": command, **fields}).encode() + b"\n")

    def read(self, deadline):
        """The next message; None at the end of the channel."""
        while b"\n" not in self.rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.channel], [], [], left)[0]:
                self.test.fail(f"no message came in time; before: {self.messages[-3:]}")
            chunk = self.channel.recv(65536)
            if not chunk:
                return None
            self.rest += chunk
        line, self.rest = self.rest.split(b"\n", 1)
        self.messages.append(json.loads(line))
        return self.messages[-1]

    def wait(self, condition):
        deadline = time.monotonic() + PATIENCE
        while True:
            message = self.read(deadline)
            if message is None:
                self.test.fail(f"the channel ended; before: {self.messages[-3:]}")
            if condition(message):
                return message

    def wait_type(self, kind):
        return self.wait(lambda message: message["type"] == kind)

    def wait_traffic(self, condition):
        return self.wait(lambda message: message["type"] == "traffic" and condition(message))

    def stop(self):
        """Returns the final report."""
        self.say("stop")
        final = self.wait(lambda message: message.get("final"))
        self.wait_type("bye")
        self.test.assertIsNone(self.read(time.monotonic() + PATIENCE), "something was said after `bye`")
        self.test.assertEqual(self.child.wait(PATIENCE), 0)
        return final

    def end(self):
        self.channel.close()
        output, _ = self.child.communicate(timeout=PATIENCE)
        self.test.assertNotIn(b"Sanitizer", output, output.decode(errors="replace"))
        self.test.assertNotIn(b"runtime error", output, output.decode(errors="replace"))


class TrafficTest(unittest.TestCase):
    def pair(self, direction="up", far="127.0.0.1", start=True, **fields):
        """The near process and the far one, started."""
        near_role, far_role = ("source", "sink") if direction == "up" else ("sink", "source")
        far_end = Process(self, role=far_role, listen=True, address=far, **fields)
        port = far_end.wait_type("ready")["port"]
        near_end = Process(self, role=near_role, listen=False, address=far, port=port, **fields)
        near_end.wait_type("ready")
        if start:
            far_end.say("start")
            near_end.say("start")
        return near_end, far_end

    def check_long(self, direction, **fields):
        near, far = self.pair(direction, kind="tcp-long", flows=3, **fields)
        source, sink = (near, far) if direction == "up" else (far, near)
        report = source.wait_traffic(lambda message: message["bytes"] > 5_000_000)
        self.assertEqual(report["flows"], 3)
        self.assertGreater(report["rate_bps"], 0)
        self.assertGreater(report["rtt_us"], 0)
        self.assertGreaterEqual(report["retransmits"], 0)
        sink.wait_traffic(lambda message: message["bytes"] >= report["bytes"])
        sent = near.stop() if near is source else None
        got = near.stop() if near is sink else far.stop()
        sent = sent or far.stop()
        # Acknowledged by the kernel is more than the process has read, by no more than the receive buffers.
        self.assertLessEqual(abs(sent["bytes"] - got["bytes"]), 3 * 8_000_000)

    def test_tcp_long_sends_without_end_up(self):
        self.check_long("up")

    def test_tcp_long_sends_without_end_down(self):
        self.check_long("down")

    def test_tcp_long_goes_over_ipv6(self):
        if not pathlib.Path("/proc/net/if_inet6").exists():
            self.skipTest("this kernel has no IPv6")
        self.check_long("up", far="::1")

    def check_short(self, direction):
        near, far = self.pair(direction, kind="tcp-short", flows=4, min_bytes=30000, max_bytes=50000, idle_us=20000,
                              seed=7)
        near.wait_traffic(lambda message: message["completed"] >= 20 and "completion_us" in message)
        near.stop()
        far.wait_traffic(lambda message: message["flows"] == 0)
        final = near.messages[-2]
        other = far.stop()
        self.assertEqual(final["failed"], 0)
        self.assertEqual(final["completion_us"]["n"], final["completed"])
        self.assertLessEqual(final["completion_us"]["p50"], final["completion_us"]["p95"])
        self.assertLessEqual(final["completion_us"]["p95"], final["completion_us"]["max"])
        self.assertGreaterEqual(other["bytes"], 30000 * final["completed"])
        self.assertLessEqual(final["bytes"], 50000 * (final["completed"] + 4))
        self.assertGreaterEqual(final["bytes"], 30000 * final["completed"])

    def test_tcp_short_completes_transfers_up(self):
        self.check_short("up")

    def test_tcp_short_completes_transfers_down(self):
        self.check_short("down")

    def test_the_seed_decides_a_transfers_size(self):
        config = dict(kind="tcp-short", flows=1, min_bytes=1000, max_bytes=1_000_000, idle_us=3_600_000_000)
        sizes = []
        # Pauses of an hour: either one transfer at once or none. Seeds whose flow begins with a transfer are taken.
        for seed in (1, 2, 3, 4, 5, 6):
            results = set()
            for _ in range(2):
                near, far = self.pair(seed=seed, **config)
                near.wait_traffic(lambda message: message["flows"] == 0)
                results.add(near.stop()["bytes"])
                far.stop()
            self.assertEqual(len(results), 1, f"seed {seed}: {results}")
            sizes.append(results.pop())
        self.assertIn(0, sizes, "no flow begins with a pause")
        self.assertGreater(len(set(sizes)), 2, "all sizes are the same")

    def check_udp(self, direction):
        near, far = self.pair(direction, kind="udp", flows=2, rate_bps=2_000_000)
        source, sink = (near, far) if direction == "up" else (far, near)
        begin = source.wait_traffic(lambda message: message["sent"] > 0)
        end = source.wait_traffic(lambda message: message["t_us"] - begin["t_us"] >= 1_000_000)
        packets = end["sent"] - begin["sent"] + end["skipped"] - begin["skipped"]
        expected = 2 * 2_000_000 * (end["t_us"] - begin["t_us"]) / 1e6 / 8 / 1228
        # A report's stamp and its counters are a moment apart: two datagrams a flow, and what a late tick still owes.
        self.assertAlmostEqual(packets, expected, delta=max(4, expected * (0.1 if SANITIZED else 0.02)))
        sink.wait_traffic(lambda message: message["received"] + message["lost"] >= end["sent"])
        self.assertEqual(end["flows"], 2)
        sent = source.stop()
        got = sink.stop()
        self.assertEqual(got["lost"], 0)
        self.assertEqual(got["duplicated"], 0)
        self.assertEqual(got["reordered"], 0)
        self.assertEqual(got["bytes"], 1200 * got["received"])
        self.assertEqual(sent["bytes"], 1200 * sent["sent"])
        self.assertLessEqual(got["received"], sent["sent"])

    def test_udp_keeps_its_rate_up(self):
        self.check_udp("up")

    def test_udp_keeps_its_rate_down(self):
        self.check_udp("down")

    def test_udp_sink_counts_what_is_missing(self):
        sink = Process(self, role="sink", kind="udp", address="127.0.0.1", flows=1)
        port = sink.wait_type("ready")["port"]
        sink.say("start")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for sequence in (0, 1, 5, 3, 3, 9):
                header = b"VCBT" + (0).to_bytes(4, "big") + sequence.to_bytes(8, "big") + bytes(8)
                sender.sendto(header.ljust(1200, b"\0"), ("127.0.0.1", port))
            sender.sendto(b"not ours", ("127.0.0.1", port))
        sink.wait_traffic(lambda message: message["received"] == 5)
        final = sink.stop()
        self.assertEqual((final["lost"], final["duplicated"], final["reordered"]), (5, 1, 1))

    def test_a_source_outlives_its_sink_and_finds_the_next_one(self):
        near, far = self.pair(kind="tcp-long", flows=2)
        port = far.messages[0]["port"]
        near.wait_traffic(lambda message: message["flows"] == 2 and message["bytes"] > 0)
        os.kill(far.child.pid, signal.SIGKILL)
        error = near.wait_type("error")
        self.assertFalse(error["fatal"])
        near.wait_traffic(lambda message: message["flows"] == 0)
        before = near.messages[-1]["bytes"]
        again = Process(self, role="sink", kind="tcp-long", address="127.0.0.1", port=port)
        self.assertEqual(again.wait_type("ready")["port"], port)
        again.say("start")
        near.wait_traffic(lambda message: message["flows"] == 2 and message["bytes"] > before)
        near.stop()
        again.stop()

    def test_udp_says_that_nobody_listens(self):
        near, far = self.pair(kind="udp", rate_bps=1_000_000)
        near.wait_traffic(lambda message: message["sent"] > 0)
        os.kill(far.child.pid, signal.SIGKILL)
        self.assertFalse(near.wait_type("error")["fatal"])
        near.stop()

    def test_the_end_of_the_channel_is_the_end(self):
        near, far = self.pair(kind="tcp-long", flows=2)
        near.wait_traffic(lambda message: message["bytes"] > 0)
        for process in near, far:
            process.channel.shutdown(socket.SHUT_RDWR)
            self.assertEqual(process.child.wait(PATIENCE), 0)

    def test_stop_before_start_ends_too(self):
        near, far = self.pair(kind="udp", start=False)
        for process in near, far:
            process.say("stop")
            process.wait_type("bye")
            self.assertEqual(process.child.wait(PATIENCE), 0)

    def refused(self, status, **configure):
        process = Process(self, **configure)
        error = process.wait_type("error")
        self.assertTrue(error["fatal"])
        self.assertEqual(process.child.wait(PATIENCE), status)
        return error["message"]

    def test_a_congestion_control_that_does_not_exist_is_refused_by_both_sides(self):
        for port, listen in (0, True), (9, False):
            message = self.refused(3, role="source", kind="tcp-long", address="127.0.0.1", port=port, listen=listen,
                                   congestion="nonesuch")
            self.assertIn("net.ipv4.tcp_allowed_congestion_control", message)
            self.assertIn("nonesuch", message)

    def test_bad_configurations_are_refused_by_name(self):
        good = dict(role="source", kind="tcp-long", address="127.0.0.1", port=9)
        for change, named in (({"role": "both"}, "role"), ({"kind": "sctp"}, "kind"), ({"address": "localhost"}, "address"),
                              ({"port": 0}, "port"), ({"flows": 0}, "flows"), ({"flows": 101}, "flows"),
                              ({"rate_bps": "fast"}, "rate_bps"), ({"min_bytes": 10, "max_bytes": 5}, "max_bytes")):
            self.assertIn(named, self.refused(2, **{**good, **change}))

    def test_a_port_in_use_is_refused(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            message = self.refused(3, role="sink", kind="tcp-long", address="127.0.0.1", port=taken.getsockname()[1])
        self.assertIn("bind", message)

    def test_commands_out_of_order_do_no_harm(self):
        process = Process(self)
        for line in b"nonsense\n", b'{"type": "start"}\n', b'{"type": "dance"}\n':
            process.channel.sendall(line)
            self.assertFalse(process.wait_type("error")["fatal"])
        process.say("stop")
        process.wait_type("bye")
        self.assertEqual(process.child.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
