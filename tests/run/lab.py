"""What every whole-system test of vcbench needs: start it, look at what it started, read what it wrote.

Each vcbench that a test starts carries a mark in its environment, which its children inherit: what still carries the mark
afterwards is an orphan.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("VCBENCH_BUILD", ROOT / "build"))
VCBENCH = BUILD / "harness/cli/vcbench"

# Sanitizers slow everything down by a factor that says nothing: such a build looks for faults, and measures nothing.
SANITIZED = os.environ.get("VCBENCH_SANITIZED") == "1"

# One short call with as little work in it as a call can have.
SMALL = """
name: small
duration: 1s
warmup: 0s
stats_interval: 250ms
peer:
  video: {source: test, size: 160x120, fps: 10, bitrate: 100kbps}
"""


def wait_until(condition, seconds, what):
    """Poll a fact about other processes, which no event of ours announces, until a deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {what}")


def marked(mark):
    """Processes that carry the mark: {pid: name}. Zombies have no environment left, so they do not count."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if f"VCB_TEST_MARK={mark}\0".encode() in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:
            pass
    return found


class Lab(unittest.TestCase):
    """A test case with a folder of its own, which checks at the end that no process was left behind."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vcb-test-"))
        self.mark = f"{os.getpid()}-{self.id()}"
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        left = marked(self.mark)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        found = [f"{path.name}: {line}" for path in self.folder.glob("results/*/*/logs/*.log")
                 for line in path.read_text(errors="replace").splitlines()
                 if "Sanitizer:" in line or "runtime error:" in line]
        subprocess.run(["rm", "-rf", str(self.folder)], check=False)
        self.assertEqual(left, {}, "processes were left behind")
        self.assertEqual(found, [], "a sanitizer found something")

    def scenario(self, text=SMALL, name="small.yaml"):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def start(self, *arguments, env=None, **options):
        environment = dict(os.environ, VCB_TEST_MARK=self.mark, **(env or {}))
        environment.pop("GITHUB_STEP_SUMMARY", None)
        return subprocess.Popen([str(VCBENCH), *arguments], cwd=self.folder, env=environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run_vcbench(self, *arguments, timeout=120, env=None, **options):
        """Run to the end. Returns (exit status, stdout, stderr); status 128+N for a signal, as a shell says it."""
        process = self.start(*arguments, env=env, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"vcbench hangs: {arguments}\n{out}\n{err}")
        status = process.returncode if process.returncode >= 0 else 128 - process.returncode
        self.assertNotIn("AddressSanitizer", err)
        self.assertNotIn("runtime error:", err)
        return status, out, err

    def latest(self, name="small"):
        return self.folder / "results" / name / "latest"

    def run_json(self, name="small"):
        return json.loads((self.latest(name) / "run.json").read_text())

    def events(self, name="small"):
        """The log's whole lines; a last line that was cut is left out."""
        events = []
        for line in (self.latest(name) / "events.jsonl").read_text().splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                pass
        return events

    def wait_for_event(self, process, matches, seconds=30, name="small"):
        def look():
            self.assertIsNone(process.poll(), "vcbench ended too early")
            path = self.latest(name) / "events.jsonl"
            return path.exists() and next((e for e in self.events(name) if matches(e)), None)

        return wait_until(look, seconds, "the event in the run log")

    def wait_for_phase(self, process, phase, **options):
        return self.wait_for_event(process, lambda e: e["type"] == "call-phase" and e["phase"] == phase, **options)

    def pid_of(self, name, program):
        """The process id that the log gives for a process."""
        return next(e["pid"] for e in self.events(program) if e["type"] == "process-start" and e["process"] == name)


def main():
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
