"""A run's capture can be read: with the DTLS keys that the peers wrote, tshark finds the chat's text in it; without them it does not.

tshark shows what it decrypted only as bytes (-x): it knows no SCTP over DTLS by port.
"""
import re
import shutil
import subprocess
import sys
import unittest

from lab import Lab

TEXT = "a word that only the two of them know"

SCENARIO = f"""
name: decrypt
duration: 2s
warmup: 0s
network: lan
record: {{capture: true, dtls_keys: true}}
peer:
  video: {{size: 160x120, fps: 10, bitrate: 100kbps}}
timeline:
  - {{at: 500ms, do: send-chat, peer: alice, text: "{TEXT}"}}
"""


class DecryptTest(Lab):
    def tshark(self, *arguments):
        return subprocess.run(["tshark", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                              text=True, errors="replace").stdout

    def decrypted(self, capture, keys):
        """The plain bytes of every DTLS record that tshark could decrypt, one bytes object each."""
        dump = self.tshark("-r", capture, "-o", f"tls.keylog_file:{keys}", "-Y", "dtls", "-x")
        records, current = [], None
        for line in dump.splitlines():
            if line.startswith("Decrypted DTLS"):
                current = bytearray()
                records.append(current)
            elif re.match(r"[0-9a-f]{4}  ", line) and current is not None:
                current += bytes.fromhex(line[6:54].replace(" ", ""))
            else:
                current = None
        return [bytes(record) for record in records]

    def test_the_capture_can_be_decrypted_with_the_peers_keys(self):
        status, out, err = self.run_vcbench("run", self.scenario(SCENARIO, "decrypt.yaml"))
        self.assertEqual(status, 0, out + err)
        run = self.latest("decrypt")
        keys = run / "dtls-keys.txt"
        lines = keys.read_text().splitlines()
        self.assertEqual(len(lines), 2, "a line of each peer")
        self.assertEqual(lines[0], lines[1])
        self.assertEqual(keys.stat().st_mode & 0o777, 0o600)

        # One line's two directions: in the whole capture every packet stands once for each link that it passed.
        one = str(self.folder / "alice.pcapng")
        self.tshark("-r", str(run / "capture.pcapng"), "-Y", 'frame.interface_name contains "/alice/"', "-w", one)
        randoms = self.tshark("-r", one, "-Y", "dtls.handshake.type==1", "-T", "fields", "-e", "dtls.handshake.random")
        self.assertIn(lines[0].split()[1].lower(), randoms.split())

        records = self.decrypted(one, keys)
        self.assertTrue(any(TEXT.encode() in record for record in records), f"{len(records)} records, no chat")
        self.assertTrue(any(b"chat" in record for record in records), "the data channel's label is not there")
        other = self.folder / "other-keys.txt"
        other.write_text("CLIENT_RANDOM " + "00" * 32 + " " + "00" * 48 + "\n")
        self.assertEqual(self.decrypted(one, other), [])
        self.assertNotIn(TEXT.encode(), (run / "capture.pcapng").read_bytes())


if __name__ == "__main__":
    if not shutil.which("tshark"):
        print("skipped: no program tshark; install tshark")
        sys.exit(77)
    unittest.main(verbosity=2)
