"""kill -9 of any process at any moment, and interruptions: noticed, attributed, nothing left running, results kept."""
import os
import signal
import time

import lab

FOUR_CALLS = lab.SMALL.replace("duration: 1s", "duration: 2s") + "pairs: 2\njobs: 2\nrepeat: 2\n"


class Faults(lab.Lab):
    def finish(self, process, seconds=60):
        out, err = process.communicate(timeout=seconds)
        return (process.returncode if process.returncode >= 0 else 128 - process.returncode), out, err

    def kill_peer_at(self, phase):
        process = self.start(self.scenario(FOUR_CALLS))
        event = self.wait_for_phase(process, phase)
        started = self.wait_for_event(process, lambda e: e["type"] == "process-start" and e.get("call") == event["call"]
                                      and e["process"] == "bob")
        os.kill(started["pid"], signal.SIGKILL)
        killed_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        status, out, err = self.finish(process)
        self.assertEqual(status, 1, err)
        calls = {call["id"]: call for call in self.run_json()["calls"]}
        self.assertEqual(len(calls), 4)
        victim = calls.pop(event["call"])
        self.assertEqual(victim["verdict"], "fail")
        self.assertIn("bob", victim["reason"])
        self.assertIn("SIGKILL", victim["reason"])
        for call in calls.values():
            self.assertEqual(call["verdict"], "pass", call["reason"])
        noticed = next(e for e in self.events() if e["type"] == "process-exit" and e.get("call") == event["call"]
                       and e["process"] == "bob")
        self.assertLess(noticed["t_us"] - killed_us, 100_000, "a death is noticed within 100 ms")

    def test_a_peer_killed_while_it_starts(self):
        self.kill_peer_at("starting")

    def test_a_peer_killed_while_it_connects(self):
        self.kill_peer_at("joining")

    def test_a_peer_killed_while_it_is_measured(self):
        self.kill_peer_at("connected")

    def kill_signald_at(self, phase):
        process = self.start(self.scenario(FOUR_CALLS))
        self.wait_for_phase(process, phase)
        os.kill(self.pid_of("signald", "small"), signal.SIGKILL)
        status, out, err = self.finish(process)
        return status, err, self.run_json()["calls"]

    def test_the_signaling_server_killed_before_calls_connect(self):
        status, err, calls = self.kill_signald_at("starting")
        self.assertEqual(status, 1, err)
        self.assertIn("signaling server", calls[0]["reason"])
        self.assertEqual([call["verdict"] for call in calls[2:]], ["pass", "pass"], "a new server serves the calls after")

    def test_the_signaling_server_killed_while_calls_are_measured(self):
        status, err, calls = self.kill_signald_at("connected")
        connected = [call for call in calls if call["verdict"] == "pass"]
        self.assertGreaterEqual(len(connected), 3, "media goes on without it, and a new one serves the calls after")

    def kill_vcbench_at(self, phase):
        process = self.start(self.scenario(FOUR_CALLS))
        self.wait_for_phase(process, phase)
        self.assertGreaterEqual(len(lab.marked(self.mark)), 2)
        process.kill()
        self.finish(process)
        lab.wait_until(lambda: not lab.marked(self.mark), 2, "every child has gone")
        status, out, err = self.run_vcbench("report", str(self.latest()))
        self.assertEqual(status, 3, err)
        run = self.run_json()
        self.assertEqual(run["verdict"], "invalid")
        self.assertTrue((self.latest() / "report.html").exists())
        return run

    def test_vcbench_killed_while_peers_start(self):
        self.kill_vcbench_at("starting")

    def test_vcbench_killed_while_calls_connect(self):
        self.kill_vcbench_at("joining")

    def test_vcbench_killed_while_calls_are_measured(self):
        self.kill_vcbench_at("connected")

    def test_vcbench_killed_while_calls_stop(self):
        run = self.kill_vcbench_at("stopping")
        self.assertTrue(any("connect_time_ms" in call["metrics"] for call in run["calls"]), "what was measured is kept")

    def interrupt(self, number, phase):
        process = self.start(self.scenario(FOUR_CALLS.replace("duration: 2s", "duration: 60s")), start_new_session=True)
        self.wait_for_phase(process, phase)
        asked = time.monotonic()
        # Ctrl-C on a terminal reaches the whole foreground group.
        os.killpg(process.pid, number)
        status, out, err = self.finish(process, 20)
        self.assertEqual(status, 128 + number, err)
        self.assertLess(time.monotonic() - asked, 10)
        self.assertIn("interrupted", err)
        run = self.run_json()
        self.assertEqual(run["verdict"], "invalid")
        self.assertIn("interrupted", run["reason"])

    def test_ctrl_c_while_calls_are_measured(self):
        self.interrupt(signal.SIGINT, "connected")

    def test_sigterm_while_peers_start(self):
        self.interrupt(signal.SIGTERM, "starting")

    def test_a_second_ctrl_c_ends_it_at_once(self):
        """Also while the graphs are drawn: nothing of the run may come after it."""
        text = FOUR_CALLS.replace("duration: 2s", "duration: 60s") + "timeouts: {stop: 30s}\n"
        programs = self.folder / "bin"
        programs.mkdir()
        slow = programs / "gnuplot"
        slow.write_text("#!/bin/sh\nexec sleep 3\n")
        slow.chmod(0o755)
        process = self.start(self.scenario(text), env={"PATH": f"{programs}:{os.environ['PATH']}"})
        self.wait_for_phase(process, "connected")
        for name in ("alice", "bob"):
            os.kill(self.pid_of(name, "small"), signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        self.wait_for_phase(process, "stopping")
        process.send_signal(signal.SIGINT)
        status, out, err = self.finish(process, 20)
        self.assertEqual(status, 130, err)
        self.assertIn("interrupted by Ctrl-C", self.run_json()["reason"])

    def test_a_terminal_that_goes_away_is_an_interruption(self):
        self.interrupt(signal.SIGHUP, "connected")

    def test_a_stopped_peer_is_ended_by_its_deadline(self):
        text = lab.SMALL + "timeouts: {start: 2s, connect: 2s, stop: 1s}\n"
        process = self.start(self.scenario(text))
        self.wait_for_phase(process, "connected")
        os.kill(self.pid_of("alice", "small"), signal.SIGSTOP)
        status, out, err = self.finish(process, 30)
        self.assertTrue(any("killed" in e["message"] for e in self.events() if e["type"] == "note"))

    def test_stdout_that_is_closed_does_not_stop_the_run(self):
        process = self.start(self.scenario())
        process.stdout.close()
        process.stdout = None
        process.communicate(timeout=60)
        self.assertEqual(self.run_json()["verdict"], "pass")


if __name__ == "__main__":
    lab.main()
