"""The command line's contract: results to stdout, the rest to stderr; formats; seeds; the run's directory."""
import json
import os
import subprocess
import xml.etree.ElementTree as xml

import lab


class Command(lab.Lab):
    def test_a_run_leaves_everything_that_the_contract_names(self):
        status, out, err = self.run_vcbench(self.scenario(lab.SMALL + "expect: {connect_time_ms.p95: '< 10000'}\n"))
        self.assertEqual(status, 0, err)
        self.assertIn("PASS", out)
        directory = self.latest()
        self.assertTrue(directory.is_symlink())
        for name in ("run.json", "events.jsonl", "samples.csv", "junit.xml", "report.html", "connect-time.svg", "connect-time.png"):
            self.assertGreater((directory / name).stat().st_size, 0, name)
        self.assertFalse((directory / ".reserve").exists())
        run = self.run_json()
        self.assertEqual(run["schema"], "vcbench.run/1")
        self.assertEqual((run["scenario"], run["seed"], run["verdict"]), ("small", 1, "pass"))
        call = run["calls"][0]
        for key in ("id", "pair", "repeat", "variant", "seed", "verdict", "reason", "metrics"):
            self.assertIn(key, call)
        phases = sum(call["metrics"][f"phase_{name}_ms"] for name in ("offer", "answer", "ice", "dtls"))
        self.assertAlmostEqual(phases, call["metrics"]["connect_time_ms"], places=2)
        for name in ("unit", "n", "median", "p95", "mean", "min", "max", "ci95"):
            self.assertIn(name, run["metrics"]["connect_time_ms"])
        self.assertEqual(run["expectations"][0]["verdict"], "pass")
        suite = xml.parse(directory / "junit.xml").getroot()
        self.assertGreaterEqual(len(suite.findall(".//testcase")), 2)

    def test_json_goes_to_stdout_alone(self):
        status, out, err = self.run_vcbench("--format", "json", self.scenario())
        self.assertEqual((status, json.loads(out)["verdict"]), (0, "pass"), err)

    def test_github_gets_annotations_and_a_summary(self):
        summary = self.folder / "summary.md"
        text = lab.SMALL + "expect: {connect_time_ms.p95: '< 1'}\n"
        process = self.start("--format", "github", self.scenario(text), env={})
        process.communicate(timeout=60)
        again = subprocess.run([str(lab.VCBENCH), "report", "--format", "github", str(self.latest())], text=True,
                               capture_output=True, env={"GITHUB_STEP_SUMMARY": str(summary), "PATH": "/usr/bin:/bin"}, check=False)
        self.assertEqual((process.returncode, again.returncode), (1, 1), again.stderr)
        self.assertIn("::error", again.stdout)
        self.assertIn("expectations failed", summary.read_text())

    def test_an_expectation_that_fails_is_exit_status_1(self):
        status, out, err = self.run_vcbench(self.scenario(lab.SMALL + "expect: {connect_time_ms.p95: '< 1'}\n"))
        self.assertEqual(status, 1, err)
        self.assertIn("FAIL", out)

    def test_the_same_seed_makes_the_same_plan_and_another_one_another(self):
        def plan(seed):
            self.run_vcbench("--seed", seed, "--repeat", "2", self.scenario())
            start = next(e for e in self.events() if e["type"] == "run-start")
            return [(call["id"], call["seed"]) for call in start["plan"]]

        first = plan("7")
        self.assertEqual(first, plan("7"))
        self.assertNotEqual([seed for _, seed in first], [seed for _, seed in plan("8")])

    def test_report_again_says_the_same(self):
        self.run_vcbench(self.scenario())
        before = self.run_json()
        (self.latest() / "run.json").unlink()
        (self.latest() / "report.html").unlink()
        status, out, err = self.run_vcbench("report", str(self.latest()))
        after = self.run_json()
        self.assertEqual(status, 0, err)
        self.assertEqual((before["calls"], before["expectations"]), (after["calls"], after["expectations"]))

    def test_filter_set_and_jobs(self):
        text = lab.SMALL + "matrix: {peer.data_channel: [true, false]}\nrepeat: 2\n"
        status, out, err = self.run_vcbench("--filter", "data_channel=false", "--set", "duration=800ms", "--jobs", "2",
                                            "--no-progress", self.scenario(text))
        self.assertEqual((status, err), (0, ""))
        calls = self.run_json()["calls"]
        self.assertEqual(len(calls), 2)
        self.assertFalse(any("datachannel_open_ms" in call["metrics"] for call in calls))

    def test_two_scenarios_one_status(self):
        bad = self.scenario(lab.SMALL.replace("name: small", "name: strict") + "expect: {connect_time_ms.p95: '< 1'}\n", "strict.yaml")
        status, out, err = self.run_vcbench(bad, self.scenario())
        self.assertEqual(status, 1, err)
        self.assertEqual(self.run_json("strict")["verdict"], "fail")
        self.assertEqual(self.run_json()["verdict"], "pass")

    def test_a_token_is_asked_for_and_given(self):
        status, out, err = self.run_vcbench(self.scenario(lab.SMALL + "signaling: {token_secret: a-long-enough-secret-0123456789}\n"))
        self.assertEqual(status, 0, out + err)

    def test_a_machine_whose_only_interface_is_loopback(self):
        """In a network namespace of its own, where nothing but lo is up: also the relay on loopback."""
        raise_lo = ("import fcntl, os, socket, struct, sys; s = socket.socket(); "
                    "fcntl.ioctl(s, 0x8914, struct.pack('16sh14x', b'lo', 1)); "  # SIOCSIFFLAGS, IFF_UP (netdevice(7))
                    "os.execv(sys.argv[1], sys.argv[1:])")
        text = lab.SMALL + "turn_server: coturn\nmatrix: {ice.transport_policy: [all, relay]}\nrecord: {sdp: true}\n"
        try:
            process = subprocess.run(["unshare", "-Urn", "python3", "-c", raise_lo, str(lab.VCBENCH), self.scenario(text)],
                                     cwd=self.folder, env=dict(os.environ, VCB_TEST_MARK=self.mark), text=True,
                                     capture_output=True, timeout=60, check=False)
        except FileNotFoundError:
            self.skipTest("no unshare(1): install util-linux")
        if "unshare:" in process.stderr:
            self.skipTest(f"no user namespaces here ({process.stderr.strip()}); see vcbench doctor")
        self.assertEqual(process.returncode, 0, process.stdout + process.stderr)
        addresses = {e["candidate"].split()[4] for e in self.events() if e.get("value") == "candidate-sent" and e["candidate"]}
        self.assertEqual(addresses, {"127.0.0.1"})
        types = [call["candidate_types"]["alice"]["local"] for call in self.run_json()["calls"]]
        self.assertEqual(types, ["host", "relay"])

    def test_descriptions_are_kept_when_asked_for(self):
        self.run_vcbench(self.scenario(lab.SMALL + "record: {sdp: true}\n"))
        names = sorted(path.name for path in (self.latest() / "sdp").iterdir())
        self.assertEqual(names, ["0001-alice-offer-sent.sdp", "0001-bob-answer-sent.sdp"])
        self.assertTrue((self.latest() / "sdp" / names[0]).read_text().startswith("v=0"))


if __name__ == "__main__":
    lab.main()
