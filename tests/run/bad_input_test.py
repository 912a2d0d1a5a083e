"""Bad input of every kind ends with one clear message, the right exit status, no process left, nothing lost."""
import os
import shutil
import socket
import subprocess
import unittest

import lab


class BadInput(lab.Lab):
    def refused(self, status, fragment, *arguments, **options):
        """vcbench ends with this status and says the fragment, before it has run anything."""
        got, out, err = self.run_vcbench(*arguments, **options)
        self.assertEqual(got, status, err)
        self.assertIn(fragment, err)
        self.assertEqual(out, "")
        return err

    def test_no_arguments_print_the_help(self):
        self.refused(2, "Usage:")

    def test_an_unknown_command_suggests_the_nearest(self):
        self.refused(2, "did you mean `vcbench validate`?", "valdate")

    def test_an_unknown_option_says_where_help_is(self):
        self.refused(2, "--help", "run", "--frobnicate")

    def test_a_missing_file(self):
        self.refused(2, "nowhere.yaml", "nowhere.yaml")

    def test_an_empty_file(self):
        self.refused(2, "nothing stands here", self.scenario(""))

    def test_tabs(self):
        err = self.refused(2, "small.yaml:2:", self.scenario("peer:\n\tvideo: none\n"))
        self.assertIn("tab", err.lower())

    def test_a_wrong_type(self):
        self.refused(2, "small.yaml:1:8", self.scenario("pairs: [1, 2]\n"))

    def test_an_unknown_key_suggests_the_nearest(self):
        self.refused(2, "duration", self.scenario("duraton: 3s\n"))

    def test_an_impossible_value(self):
        self.refused(2, "small.yaml:1:", self.scenario("pairs: 0\n"))

    def test_a_bad_format(self):
        self.refused(2, "text, json or github", "--format", "xml", self.scenario())

    def test_a_filter_that_matches_nothing(self):
        self.refused(2, "--filter", "--filter", "pair=7", self.scenario())

    def test_all_files_are_checked_before_the_first_runs(self):
        good, bad = self.scenario(), self.scenario("pairs: many\n", "bad.yaml")
        self.refused(2, "bad.yaml:1:", good, bad)
        self.assertFalse((self.folder / "results").exists())

    def test_a_missing_camera_is_a_missing_capability(self):
        text = lab.SMALL.replace("source: test", "source: camera, device: /dev/video99")
        status, out, err = self.run_vcbench(self.scenario(text))
        self.assertEqual(status, 3, err)
        self.assertIn("/dev/video99", out + err)
        self.assertEqual(self.run_json()["verdict"], "invalid")
        self.assertEqual(self.run_json()["calls"][0]["verdict"], "skipped")

    def test_a_missing_codec_names_its_package(self):
        plugins = self.folder / "plugins"
        plugins.mkdir()
        source = subprocess.run(["pkg-config", "--variable=pluginsdir", "gstreamer-1.0"], text=True, capture_output=True,
                                check=True).stdout.strip()
        for plugin in os.listdir(source):
            if plugin.endswith(".so") and plugin != "libgstvpx.so":
                os.symlink(os.path.join(source, plugin), plugins / plugin)
        env = {"GST_PLUGIN_SYSTEM_PATH_1_0": str(plugins), "GST_REGISTRY_1_0": str(self.folder / "registry.bin")}
        status, out, err = self.run_vcbench(self.scenario(), env=env)
        self.assertEqual(status, 3, err)
        self.assertIn("gstreamer1.0-plugins-good", out + err)

    def test_a_port_in_use(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            status, out, err = self.run_vcbench(self.scenario(lab.SMALL + f"signaling: {{port: {port}}}\n"))
        self.assertEqual(status, 3, err)
        self.assertIn(str(port), err)
        self.assertIn("in use", err)

    def test_a_peer_program_that_does_not_exist(self):
        text = "name: small\npeers: {alice: {engine: {exec: [/nonexistent/peer]}}, bob: {}}\n"
        status, out, err = self.run_vcbench(self.scenario(text))
        self.assertEqual(status, 3, err)
        self.assertIn("/nonexistent/peer: No such file or directory", self.run_json()["calls"][0]["reason"])

    def test_a_results_folder_that_is_a_file(self):
        (self.folder / "taken").write_text("")
        self.refused(3, "--out", "--out", "taken", self.scenario())

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere; run the tests as an ordinary user to see this one")
    def test_a_results_folder_that_may_not_be_written(self):
        (self.folder / "locked").mkdir(mode=0o500)
        self.refused(3, "--out", "--out", "locked", self.scenario())

    def test_report_without_a_run(self):
        self.refused(2, "nowhere", "report", "nowhere")

    def full_disk(self, size, scenario):
        """Run with results on a file system of this size, in a mount namespace of its own."""
        results = self.folder / "results"
        results.mkdir()
        script = f"mount -t tmpfs -o size={size} none {results} && {lab.VCBENCH} {scenario}; status=$?; " \
                 f"cp -a {results}/. {self.folder}/kept; exit $status"
        (self.folder / "kept").mkdir()
        try:
            process = subprocess.run(["unshare", "-Urm", "sh", "-c", script], cwd=self.folder, text=True, capture_output=True,
                                     env=dict(os.environ, VCB_TEST_MARK=self.mark), timeout=60, check=False)
        except FileNotFoundError:
            self.skipTest("no unshare(1): install util-linux")
        if "unshare" in process.stderr or "mount" in process.stderr:
            self.skipTest(f"no user namespaces here ({process.stderr.strip()}); see vcbench doctor")
        shutil.rmtree(results)
        (self.folder / "kept").rename(results)
        return process

    def test_a_disk_that_is_full_at_the_start(self):
        process = self.full_disk("64k", self.scenario())
        self.assertEqual(process.returncode, 3, process.stderr)
        self.assertIn("No space left on device", process.stderr)

    def test_a_disk_that_fills_up_keeps_what_was_measured(self):
        text = lab.SMALL.replace("stats_interval: 250ms", "stats_interval: 100ms").replace("duration: 1s", "duration: 20s")
        process = self.full_disk("2300k", self.scenario(text))
        self.assertEqual(process.returncode, 3, process.stderr)
        self.assertEqual(process.stderr.count("No space left on device"), 1, process.stderr)
        run = self.run_json()
        self.assertEqual(run["verdict"], "invalid")
        self.assertIn("No space left on device", run["reason"])
        self.assertEqual(self.events()[-1]["type"], "run-end")
        self.assertGreater(len(self.events()), 100)


if __name__ == "__main__":
    lab.main()
