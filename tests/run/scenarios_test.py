"""Every scenario that is shipped does what it says. One file an argument."""
import pathlib
import sys

import lab


class Scenario(lab.Lab):
    path = None

    def test_it_does_what_it_says(self):
        if lab.SANITIZED:
            return self.do_it_once()
        status, out, err = self.run_vcbench(str(self.path), timeout=680)
        self.skip_without_namespaces(err)
        self.assertEqual(status, 0, f"{out}\n{err}")

    def skip_without_namespaces(self, err):
        if "permits no emulated hosts" in err:
            self.skipTest("no network namespaces: `vcbench doctor` tells what opens them")

    def do_it_once(self):
        """Under sanitizers: every variant once, everything that does not depend on speed as expected."""
        status, out, err = self.run_vcbench("--repeat", "1", "--jobs", "1", str(self.path), timeout=680)
        self.skip_without_namespaces(err)
        self.assertIn(status, (0, 1), f"{out}\n{err}")
        run = self.run_json(self.path.stem)
        for call in run["calls"]:
            self.assertEqual(call["verdict"], "pass", f"{call['id']}: {call['reason']}")
        for expectation in run["expectations"]:
            if not any(unit in expectation["expression"] for unit in ("_ms", "fps", "_bps")):
                self.assertEqual(expectation["verdict"], "pass", expectation)


if __name__ == "__main__":
    Scenario.path = pathlib.Path(sys.argv.pop()).resolve()
    lab.main()
