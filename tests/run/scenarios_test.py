"""Every scenario that is shipped does what it says. One file an argument."""
import pathlib
import sys

import lab


class Scenario(lab.Lab):
    path = None

    def test_it_does_what_it_says(self):
        status, out, err = self.run_vcbench(str(self.path), timeout=240)
        self.assertEqual(status, 0, f"{out}\n{err}")


if __name__ == "__main__":
    Scenario.path = pathlib.Path(sys.argv.pop()).resolve()
    lab.main()
