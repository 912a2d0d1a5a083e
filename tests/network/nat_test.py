"""NATs judged by somebody else: coturn's turnutils_natdiscovery (RFC 5780) tells what a NAT does from behind it."""
import re
import select
import shutil
import signal
import subprocess
import tempfile

from lab import Lab, host, line, main, skip

BEHAVIOURS = {"endpoint-independent": "Endpoint Independent", "address-dependent": "Address Dependent",
              "address-and-port-dependent": "Address and Port Dependent"}
SERVER, OTHER = "198.18.0.20", "198.18.0.21"


def nat(external, mapping="endpoint-independent", filtering="endpoint-independent", **fields):
    return dict(dict(mapping=mapping, filtering=filtering, hairpin=True, ports="preserve", lifetime_us=120000000,
                     external=[external]), **fields)


def verdict(output, what):
    """The tool's sentence: "NAT with Address Dependent Mapping!"."""
    found = re.search(rf"NAT with (.*) {what}!", output)
    return found.group(1) if found else output


class Nat(Lab):
    def setUp(self):
        self.emulator_ = self.emulator()
        self.emulator_.create("servers", [line("servers")], [host("turn", "servers", f"{SERVER}/24", f"{OTHER}/24")])
        self.folder = tempfile.mkdtemp(prefix="vcb-turn-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        turn = self.emulator_.hosts["turn"].popen(
            "turnserver", "-n", "--no-cli", f"--listening-ip={SERVER}", f"--listening-ip={OTHER}", "--listening-port=3478",
            "--alt-listening-port=3479", "--no-tls", "--no-dtls", "--no-tcp", "--no-auth", "--log-file=stdout", "--simple-log",
            f"--userdb={self.folder}/db", f"--pidfile={self.folder}/pid", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(turn.stdout.close)
        self.addCleanup(turn.wait)
        self.addCleanup(turn.send_signal, signal.SIGKILL)
        # It says nothing when it listens; a server that answers does.
        client = self.emulator_.hosts["turn"].socket()
        request = bytes.fromhex("000100002112a442") + bytes(range(12))
        for _ in range(200):
            client.sendto(request, (SERVER, 3478))
            if select.select([client], [], [], 0.05)[0]:
                try:
                    client.recv(1000)
                    break
                except ConnectionRefusedError:
                    select.select([], [], [], 0.02)
        else:
            self.fail("turnserver does not answer")
        client.close()

    def discover(self, wanted):
        """wanted: {name: (NAT, flags)}; each behind a NAT of its own, all at the same time. Returns {name: output}."""
        for i, (name, (settings, _)) in enumerate(wanted.items()):
            self.emulator_.create(name, [line("home-" + name, nat=settings)],
                                  [host(name, "home-" + name, f"192.168.{i}.2/24")], seed=i)
        running = {name: self.emulator_.hosts[name].popen("turnutils_natdiscovery", *flags, "-L", f"192.168.{i}.2", SERVER,
                                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                   for i, (name, (_, flags)) in enumerate(wanted.items())}
        return {name: process.communicate(timeout=60)[0] for name, process in running.items()}

    def test_all_nine_pairs_of_mapping_and_filtering(self):
        pairs = [(m, f) for m in BEHAVIOURS for f in BEHAVIOURS]
        outputs = self.discover({f"pair-{i}": (nat(f"198.18.1.{i + 1}", *pair), ["-m", "-f"]) for i, pair in enumerate(pairs)})
        for i, (mapping, filtering) in enumerate(pairs):
            output = outputs[f"pair-{i}"]
            self.assertEqual((verdict(output, "Mapping"), verdict(output, "Filtering")),
                             (BEHAVIOURS[mapping], BEHAVIOURS[filtering]))

    def test_hairpinning_on_and_off(self):
        outputs = self.discover({"on": (nat("198.18.1.1", hairpin=True), ["-H"]),
                                 "off": (nat("198.18.1.2", hairpin=False), ["-H"])})
        self.assertIn("successful hairpinning", outputs["on"])
        self.assertNotIn("successful hairpinning", outputs["off"])
        self.assertIn("timeout", outputs["off"])

    def test_a_mapping_lives_as_long_as_it_is_said(self):
        """A second socket asks, some seconds later, that the answer be sent to the first one's mapping."""
        settings = nat("198.18.1.1", lifetime_us=3000000)
        outputs = self.discover({"early": (settings, ["-t", "-T", "1"]),
                                 "late": (nat("198.18.1.2", lifetime_us=3000000), ["-t", "-T", "5"])})
        self.assertIn("RFC 5780 response 2", outputs["early"])
        self.assertNotIn("timeout", outputs["early"])
        self.assertIn("RFC 5780 response 1", outputs["late"])
        self.assertNotIn("RFC 5780 response 2", outputs["late"])
        self.assertIn("timeout", outputs["late"])


if __name__ == "__main__":
    for program in ("turnserver", "turnutils_natdiscovery"):
        if not shutil.which(program):
            skip(f"{program} is missing: apt-get install coturn")
    main()
