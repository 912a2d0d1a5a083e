"""Any program that speaks the peer protocol can be a peer, and one that speaks it badly does no harm."""
import sys
import textwrap
import time

import lab

PEER = """
import json, os, sys, time
control = os.fdopen(int(os.environ["VCBENCH_CONTROL_FD"]), "r+b", buffering=0)
def say(**message):
    message.setdefault("t_us", time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
    control.write((json.dumps(message) + "\\n").encode())
def commands():
    for line in control:
        yield json.loads(line)
"""


class ExecPeer(lab.Lab):
    def run_with(self, body, timeouts="{start: 3s, connect: 3s, stop: 1s}"):
        peer = self.folder / "peer.py"
        peer.write_text(PEER + textwrap.dedent(body))
        text = lab.SMALL + f"timeouts: {timeouts}\npeers:\n  alice: {{}}\n  bob: {{engine: {{exec: [{sys.executable}, {peer}]}}}}\n"
        status, out, err = self.run_vcbench(self.scenario(text))
        return status, self.run_json()["calls"][0], err

    def test_a_peer_that_cannot_do_what_is_asked_is_skipped_with_its_reason(self):
        status, call, err = self.run_with("""
            for command in commands():
                if command["type"] == "configure":
                    say(type="ready", engine="mine", version="1", unsupported=[{"setting": "video", "reason": "no camera today"}])
                elif command["type"] == "hang-up":
                    say(type="bye")
                elif command["type"] == "quit":
                    break
        """)
        self.assertEqual((status, call["verdict"]), (3, "skipped"), err)
        self.assertIn("no camera today", call["reason"])

    def test_a_peer_that_never_says_ready_meets_its_deadline(self):
        status, call, err = self.run_with("""
            for command in commands():
                if command["type"] == "quit":
                    break
        """)
        self.assertEqual((status, call["verdict"]), (1, "fail"), err)
        self.assertIn("bob did not say `ready` within 3.0 s", call["reason"])

    def test_a_peer_that_ignores_everything_is_killed(self):
        status, call, err = self.run_with("""
            import signal
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(60)
        """, "{start: 1s, connect: 1s, stop: 500ms}")
        self.assertEqual((status, call["verdict"]), (1, "fail"), err)

    def test_garbage_is_noted_and_survived(self):
        status, call, err = self.run_with("""
            control.write(b"hello\\n\\xff\\xfe\\n[1]\\n{\\"type\\": 7}\\n{}\\n")
            for command in commands():
                if command["type"] == "configure":
                    say(type="ready", engine="mine", version="1", unsupported=[])
                    say(type="nonsense", report={"a": [1, 2, {}]})
                    say(type="stats", report="not an array")
                    say(type="state", name=None, value=3)
                elif command["type"] == "hang-up":
                    say(type="bye")
                elif command["type"] == "quit":
                    break
        """)
        self.assertEqual((status, call["verdict"]), (1, "fail"), err)
        self.assertIn("not connected within 3.0 s", call["reason"])
        self.assertTrue(any("not a JSON object with a type" in e["message"] for e in self.events() if e["type"] == "note"))

    def test_a_peer_that_exits_is_named_with_its_status(self):
        status, call, err = self.run_with("sys.exit(7)")
        self.assertEqual((status, call["verdict"]), (1, "fail"), err)
        self.assertIn("bob", call["reason"])
        self.assertIn("exit status 7", call["reason"])

    def test_a_descendant_that_keeps_the_channel_open_holds_nothing_up(self):
        began = time.monotonic()
        status, call, err = self.run_with("""
            import subprocess
            left = subprocess.Popen(["sleep", "20"], start_new_session=True, pass_fds=[control.fileno()],
                                    env={"PATH": os.environ["PATH"]})
            for command in commands():
                if command["type"] == "configure":
                    say(type="ready", engine="mine", version="1", unsupported=[{"setting": "video", "reason": "none"}])
                elif command["type"] == "hang-up":
                    say(type="bye")
                elif command["type"] == "quit":
                    break
        """)
        self.assertEqual((status, call["verdict"]), (3, "skipped"), err)
        self.assertLess(time.monotonic() - began, 10)

    def test_a_flood_does_not_stop_the_others(self):
        status, call, err = self.run_with("""
            for command in commands():
                if command["type"] == "configure":
                    for i in range(5000):
                        say(type="state", name="step", value="flood", filler="x" * 200)
                    say(type="ready", engine="mine", version="1", unsupported=[])
                elif command["type"] == "hang-up":
                    say(type="bye")
                elif command["type"] == "quit":
                    break
        """)
        self.assertEqual((status, call["verdict"]), (1, "fail"), err)
        self.assertGreaterEqual(sum(e.get("value") == "flood" for e in self.events()), 5000)


if __name__ == "__main__":
    lab.main()
