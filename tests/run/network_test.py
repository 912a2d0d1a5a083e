"""Calls in emulated networks: what stands where, whoever runs it; and whatever is killed, the run says so and nothing is left."""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import time

import lab

NET = lab.BUILD / "network/emulator/vcbench-net"
ORDINARY = 65534
SKIP = 77

# How late the emulator may be is not the claim of these tests, which share the machine with others.
PATIENT = "max_lateness: 1s"
WIFI = lab.SMALL + f"network: {{profile: wifi, {PATIENT}}}\n"
LAN = lab.SMALL + f"network: {{profile: lan, {PATIENT}}}\n"


def namespaces_in_use():
    """Network namespaces that a process is in, or holds by a descriptor: those that live."""
    found = set()
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        links = [entry / "ns/net"]
        try:
            links += (entry / "fd").iterdir()
        except OSError:
            pass
        for link in links:
            try:
                target = os.readlink(link)
            except OSError:
                continue
            if target.startswith("net:["):
                found.add(target)
    return found


class Network(lab.Lab):
    def lines(self, kind, name="small", **fields):
        return [e for e in self.events(name) if e["type"] == kind and all(e.get(k) == v for k, v in fields.items())]

    def test_a_call_behind_wifi(self):
        status, out, err = self.run_vcbench(self.scenario(WIFI))
        self.assertEqual(status, 0, out + err)
        events = self.events()
        kinds = [(e["type"], e.get("call"), e.get("network")) for e in events if e["source"] == "network"]
        self.assertEqual(kinds[0][0], "ready")
        self.assertIn(("created", None, "servers"), kinds)
        self.assertIn(("created", "0001", "0001"), kinds)
        start = self.lines("call-start")[0]
        self.assertEqual(start["network"], "0001")
        final = [e for e in self.lines("link", network="0001") if e.get("final")]
        self.assertEqual({(e["link"], e["direction"]) for e in final},
                         {(link, direction) for link in ("alice", "bob") for direction in ("up", "down")})
        for e in final:
            self.assertEqual(e["call"], "0001")
            self.assertGreater(e["sent"], 0)
            self.assertEqual(e["sent"] + e["duplicated"], e["delivered"] + sum(e["dropped"].values()) + e["queued"])
        end = events.index(self.lines("call-end")[0])
        self.assertLess(max(events.index(e) for e in final), end, "a call's last counters come before its last line")
        self.assertEqual([e["network"] for e in self.lines("removed")], ["0001", "servers"])
        self.assertTrue(self.lines("audit")[-1]["final"])
        self.assertTrue(next(e for e in self.lines("process-exit") if e["process"] == "network")["expected"])
        described = self.lines("run-start")[0]["networks"]
        self.assertEqual((len(described), described[0]["enabled"], described[0]["max_lateness_us"]), (1, True, 1_000_000))

    def test_the_timeline_of_the_network_counts_from_connected(self):
        text = lab.SMALL + (f"network: {{profile: lan, {PATIENT}, timeline: [{{at: 300ms, host: alice, delay: 40ms}},"
                            " {at: 600ms, host: bob, do: down}, {at: 700ms, host: bob, do: up}]}\n")
        status, out, err = self.run_vcbench(self.scenario(text))
        connected = next(e for e in self.lines("call-phase") if e["phase"] == "connected")["t_us"]
        changes = [(e.get("router", e.get("host")), e["planned_us"] - connected) for e in self.lines("change")]
        self.assertEqual([name for name, _ in changes], ["alice", "bob", "bob"], out + err)
        for (_, offset_us), expected_ms in zip(changes, (300, 600, 700)):
            self.assertAlmostEqual(offset_us / 1000, expected_ms, delta=5)

    def test_every_way_to_the_relay(self):
        text = (LAN + "turn_server: coturn\nice: {transport_policy: relay}\n"
                            "matrix: {turn.transport: [udp, tcp, all], turn.credentials: [static, time-limited]}\n")
        status, out, err = self.run_vcbench(self.scenario(text))
        self.assertEqual(status, 0, out + err)
        calls = self.run_json()["calls"]
        self.assertEqual(len(calls), 6)
        for call in calls:
            self.assertEqual(call["candidate_types"]["alice"]["local"], "relay")
        servers = {e["process"] for e in self.lines("process-start") if "call" not in e}
        self.assertEqual(servers, {"network", "signald", "turnserver", "turnserver-2"}, "one coturn for each kind of credentials")

    def test_the_turn_server_speaks_tls(self):
        """webrtcbin does not, so another client asks from alice's host, and trusts nothing but the run's own certificate."""
        if os.geteuid() != 0:
            self.skipTest("only root may enter a host from outside")
        process, hosts = self.start_and_look_inside(WIFI.replace("duration: 1s", "duration: 60s") + "turn_server: coturn\n")
        client = ("import socket, ssl, sys\n"
                  "context = ssl.create_default_context(cafile=sys.argv[1])\n"
                  "for address, port in (('198.18.0.20', 5349), ('198.18.0.20', 443)):\n"
                  "    plain = socket.create_connection((address, port), 10)\n"
                  "    with context.wrap_socket(plain, server_hostname=address) as tls:\n"
                  "        tls.sendall(bytes.fromhex('00010000 2112a442') + b'vcbench-test')\n"  # RFC 8489: a Binding request
                  "        print(tls.recv(2)[:2].hex())\n")
        certificate = self.latest() / "logs/turnserver/certificate.pem"
        answer = subprocess.run(["nsenter", f"--net=/proc/{self.pid_of('alice', 'small')}/ns/net", sys.executable, "-c", client, certificate],
                                text=True, capture_output=True, timeout=30, check=False)
        process.send_signal(signal.SIGINT)
        self.finish(process, hosts)
        self.assertEqual(answer.stdout.split(), ["0101", "0101"], answer.stderr)

    def test_only_tcp_to_443_goes_out(self):
        text = lab.SMALL + (f"network: {{profile: lan, firewall: tcp-443-only, {PATIENT}}}\nturn_server: coturn\nmatrix: {{turn.transport: [tcp, udp]}}\n"
                            "timeouts: {connect: 6s}\nexpect: {connected: 50%}\n")
        self.run_vcbench(self.scenario(text))
        tcp, udp = self.run_json()["calls"]
        self.assertEqual((tcp["verdict"], tcp["candidate_types"]["alice"]["local"]), ("pass", "relay"), tcp["reason"])
        self.assertIn("not connected within", udp["reason"])

    def test_ipv6_alone(self):
        text = lab.SMALL + (f"network: {{profile: lan, ip: ipv6, {PATIENT}}}\nturn_server: coturn\n"
                            "matrix: {ice.transport_policy: [all, relay]}\n")
        status, out, err = self.run_vcbench(self.scenario(text))
        self.assertEqual(status, 0, out + err)
        candidates = [e["candidate"].split() for e in self.events() if e.get("value") == "candidate-sent" and e["candidate"]]
        self.assertEqual({c[7] for c in candidates}, {"host", "relay"}, "the relay is reached by IPv6")
        addresses = [c[4] for c in candidates if c[7] == "host"] # what is relayed to has an address of coturn's choice
        self.assertTrue(all(":" in address for address in addresses), addresses)

    def test_stun_tells_the_address_behind_a_nat(self):
        text = lab.SMALL + f"network: {{profile: lan, nat: port-restricted, {PATIENT}}}\nturn_server: stun\n"
        status, out, err = self.run_vcbench(self.scenario(text))
        self.assertEqual(status, 0, out + err)
        candidates = [e["candidate"] for e in self.events() if e.get("value") == "candidate-sent" and "srflx" in e.get("candidate", "")]
        self.assertTrue(candidates)
        self.assertTrue(all(c.split()[4].startswith("198.1") for c in candidates), candidates)

    def test_loopback_and_emulated_networks_in_one_run(self):
        text = lab.SMALL + "matrix: {network: [loopback, lan]}\nturn_server: coturn\nice: {transport_policy: relay}\n"
        status, out, err = self.run_vcbench(self.scenario(text))
        self.assertIn(status, (0, 3), out + err)  # 3: late, on a machine that does other things, too
        self.assertEqual([e["outcome"] for e in self.lines("call-end")], ["completed", "completed"])
        self.assertEqual([e["enabled"] for e in self.lines("run-start")[0]["networks"]], [False, True])
        servers = sorted(e["process"] for e in self.lines("process-start") if "call" not in e)
        self.assertEqual(servers, ["network", "signald", "signald-net", "turnserver", "turnserver-2"])

    def test_signaling_may_skip_the_path(self):
        """An offer's way to the other peer: over two slow lines, or at once."""
        text = lab.SMALL + f"network: {{profile: lan, link: {{delay: 100ms}}, {PATIENT}}}\nsignaling: {{path: direct}}\n"

        def delay_ms():
            first = {e["value"]: e["t_us"] for e in reversed(self.events()) if e.get("value") in ("offer-sent", "offer-received")}
            return (first["offer-received"] - first["offer-sent"]) / 1000

        self.run_vcbench(self.scenario(text))
        direct_ms = delay_ms()
        self.run_vcbench("--set", "signaling.path=emulated", self.scenario(text))
        self.assertGreaterEqual(delay_ms(), 200)
        self.assertLess(direct_ms, 100)

    def test_calls_that_share_a_network_begin_together(self):
        text = lab.SMALL.replace("duration: 1s", "duration: 3s") + """
pairs: 2
network:
  profile: lan
  max_lateness: 1s
  shared: true
  bottleneck: {behind: alice, link: {rate: 2Mbps}}
  cross_traffic:
    - {kind: udp, rate: 200kbps, start: 500ms, stop: 1500ms}
    - {kind: tcp-long, direction: down}
timeline: [{at: 1s, do: mute, peer: alice, pair: 2}]
"""
        status, out, err = self.run_vcbench(self.scenario(text))
        self.assertEqual(status, 0, out + err)
        starts = [e["network"] for e in self.lines("call-start")]
        self.assertEqual(starts, ["wave-0001", "wave-0001"])
        joined = [e["t_us"] for e in self.lines("call-phase") if e["phase"] == "joined"]
        connected = [e["t_us"] for e in self.lines("call-phase") if e["phase"] == "connected"]
        self.assertEqual((len(joined), len(connected)), (2, 2))
        self.assertLess(connected[1] - connected[0], 10_000)
        self.assertGreaterEqual(connected[0], max(joined))
        self.assertEqual([e["call"] for e in self.events() if e.get("value") == "muted"], ["0002"])
        last = {(e["source"], e["side"]): e for e in self.lines("traffic") if e.get("final")}
        self.assertEqual(set(last), {(f"traffic-{i}", side) for i in (1, 2) for side in ("near", "far")})
        self.assertGreater(last["traffic-1", "far"]["received"], 10)
        self.assertGreater(last["traffic-2", "near"]["bytes"], 100_000)
        self.assertEqual({e["network"] for e in last.values()}, {"wave-0001"})
        self.assertEqual([e["network"] for e in self.lines("removed")], ["wave-0001", "servers"])

    def test_capture_and_keys_are_kept(self):
        text = WIFI + "record: {capture: true, dtls_keys: true}\n"
        status, out, err = self.run_vcbench(self.scenario(text))
        self.assertEqual(status, 0, out + err)
        capture = (self.latest() / "capture.pcapng").read_bytes()
        self.assertEqual(capture[:4], b"\x0a\x0d\x0d\x0a", "a section header block of pcapng")
        self.assertGreater(len(capture), 10_000)
        keys = (self.latest() / "dtls-keys.txt").read_text().splitlines()
        self.assertTrue(any(line.startswith("CLIENT_RANDOM ") for line in keys), keys)

    # ---- ends ----

    def test_each_pair_has_its_own_line(self):
        text = lab.SMALL.replace("duration: 1s", "duration: 3s") + f"""
pairs: 2
network:
  {PATIENT}
  shared: true
  hosts: {{alice: {{link: {{delay: 20ms}}}}}}
  pairs: [{{pair: 2, hosts: {{alice: {{up: {{delay: 60ms}}}}}}}}]
expect: {{alice.up.link_delay_ms.min: 20..40, alice.up.link_delay_ms.max: 60..80, alice.down.link_delay_ms.max: 20..40}}
"""
        status, out, err = self.run_vcbench(self.scenario(text))
        self.assertEqual(status, 0, out + err)
        least = {(e["link"], e["direction"]): e["delay_us"]["p50"] // 1000 for e in self.lines("link", network="wave-0001")
                 if e["link"].startswith("alice") and e["delay_us"]["n"]}
        self.assertEqual(least, {("alice-1", "up"): 20, ("alice-1", "down"): 20, ("alice-2", "up"): 60, ("alice-2", "down"): 20})

    def check_that_a_vanished_trace_ends_the_run(self, more):
        trace = self.folder / "gone.trace"
        trace.write_text("1\n2\n")
        text = lab.SMALL + f"repeat: 2\njobs: 1\nnetwork: {{{PATIENT}, up: {{trace: gone.trace}}{more}}}\n"
        process = self.start(self.scenario(text))
        self.wait_for_phase(process, "connected")
        trace.unlink()
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 3, out + err)
        self.assertRegex(err, "the network cannot be made any more: .*gone.trace: No such file")
        ends = self.lines("call-end")
        self.assertEqual([e["outcome"] for e in ends], ["completed", "skipped"])
        for reason in (ends[1]["reason"], self.run_json()["reason"]):
            self.assertIn("gone.trace", reason)

    def test_too_few_descriptors_are_told(self):
        """Where vcbench may open fewer files than a shared network has hosts."""
        text = lab.SMALL + "pairs: 20\nnetwork: {shared: true, profile: lan, cross_traffic: [{kind: udp, behind: alice}]}\n"
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        status, out, err = self.run_vcbench(self.scenario(text),
                                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard)))
        self.assertEqual(status, 3, out + err)
        self.assertRegex(out + err, "of the emulated network's 42 hosts cannot be reached: too many open files")

    def test_a_trace_that_vanishes_ends_the_run(self):
        self.check_that_a_vanished_trace_ends_the_run("")

    def test_a_trace_that_vanishes_ends_the_run_of_a_shared_network(self):
        self.check_that_a_vanished_trace_ends_the_run(", shared: true")

    def start_and_look_inside(self, text=None):
        """A call under measurement: (vcbench, the namespaces of its hosts)."""
        before = namespaces_in_use()
        process = self.start(self.scenario(text or WIFI.replace("duration: 1s", "duration: 60s")))
        self.wait_for_phase(process, "connected")
        hosts = {os.readlink(f"/proc/{self.pid_of(name, 'small')}/ns/net") for name in ("alice", "bob", "signald")}
        self.assertEqual(len(hosts), 3, "each has a host of its own")
        self.assertFalse(hosts & before)
        return process, hosts

    def finish(self, process, hosts):
        out, err = process.communicate(timeout=60)
        lab.wait_until(lambda: not lab.marked(self.mark), 3, "every process has gone")
        lab.wait_until(lambda: not hosts & namespaces_in_use(), 3, "every namespace has gone")
        return process.returncode, out, err

    def test_the_emulator_killed_while_a_call_is_measured(self):
        process, hosts = self.start_and_look_inside()
        os.kill(self.pid_of("network", "small"), signal.SIGKILL)
        killed = time.monotonic()
        status, out, err = self.finish(process, hosts)
        self.assertEqual(status, 3, err)
        self.assertLess(time.monotonic() - killed, 15)
        run = self.run_json()
        self.assertEqual(run["verdict"], "invalid")
        for reason in (run["reason"], self.lines("call-end")[0]["reason"]):
            self.assertIn("the network's emulator ended: killed by signal 9 (SIGKILL)", reason)

    def test_vcbench_killed_while_a_call_is_measured(self):
        process, hosts = self.start_and_look_inside()
        process.kill()
        self.finish(process, hosts)

    def test_ctrl_c_while_a_call_is_measured(self):
        process, hosts = self.start_and_look_inside()
        process.send_signal(signal.SIGINT)
        status, out, err = self.finish(process, hosts)
        self.assertEqual(status if status >= 0 else 128 - status, 130, err)
        self.assertTrue(self.lines("audit")[-1].get("final"), "what was measured is kept to its end")

    def test_the_signaling_server_killed_before_calls_connect(self):
        process = self.start(self.scenario(WIFI + "repeat: 2\njobs: 1\n"))
        self.wait_for_phase(process, "starting")
        os.kill(self.pid_of("signald", "small"), signal.SIGKILL)
        out, err = process.communicate(timeout=60)
        self.assertEqual([call["verdict"] for call in self.run_json()["calls"]], ["fail", "pass"], err)

    def test_a_machine_that_permits_no_namespaces(self):
        command = f"echo 0 > /proc/sys/user/max_net_namespaces && exec {lab.VCBENCH} {self.scenario(WIFI)}"
        process = subprocess.run(["unshare", "-Ur", "sh", "-c", command], cwd=self.folder, text=True, capture_output=True,
                                 env=dict(os.environ, VCB_TEST_MARK=self.mark), timeout=60, check=False)
        if "unshare:" in process.stderr:
            self.skipTest(f"no user namespaces here ({process.stderr.strip()}); see vcbench doctor")
        self.assertEqual(process.returncode, 3, process.stderr)
        self.assertIn("permits no emulated hosts", process.stderr)
        self.assertEqual(self.lines("call-start"), [], "before any call")
        self.assertEqual(self.run_json()["verdict"], "invalid")

    def test_an_ordinary_user(self):
        """Without any capability, from a copy of the programs that this user may read."""
        if os.geteuid() != 0:
            self.skipTest("the other tests run as an ordinary user here")
        if lab.SANITIZED:
            self.skipTest("a sanitizer's run-time suppressions lie in a tree that only root may read")
        libexec = self.folder / "libexec"
        libexec.mkdir()
        for program in ("signaling/vcbench-signald", "peers/gst/vcbench-peer", "network/emulator/vcbench-net"):
            shutil.copy(lab.BUILD / program, libexec)
        vcbench = shutil.copy(lab.VCBENCH, self.folder)
        scenario = self.scenario(WIFI + "turn_server: coturn\nice: {transport_policy: relay}\n")
        os.chmod(self.folder, 0o755)
        os.chown(self.folder, ORDINARY, ORDINARY)
        process = subprocess.run([vcbench, scenario], cwd=self.folder, text=True, capture_output=True, timeout=60, check=False,
                                 user=ORDINARY, group=ORDINARY, extra_groups=[],
                                 env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "VCBENCH_LIBEXEC": str(libexec),
                                      "VCB_TEST_MARK": self.mark})
        if "permits no emulated hosts" in process.stderr:
            self.skipTest(f"not for an ordinary user here: {process.stderr.strip()}")
        self.assertEqual(process.returncode, 0, process.stdout + process.stderr)
        self.assertEqual(self.lines("ready", source="network")[0]["namespaces"], "user")

    def test_both_back_ends_by_the_environment(self):
        for backend in ("tun", "veth"):
            for namespaces in ("root", "user"):
                status, out, err = self.run_vcbench(self.scenario(WIFI),
                                                    env={"VCBENCH_NET_BACKEND": backend, "VCBENCH_NET_NAMESPACES": namespaces})
                if status == 3 and "permits no emulated hosts" in err:
                    print(f"(not here: {backend}, {namespaces})")
                    continue
                self.assertEqual(status, 0, out + err)
                ready = self.lines("ready", source="network")[0]
                self.assertEqual((ready["backend"], ready["namespaces"]), (backend, namespaces))


def main():
    probe = json.loads(subprocess.run([NET, "--probe"], stdout=subprocess.PIPE, check=True).stdout)
    if not probe["backend"]:
        print("SKIP: no network can be emulated here; `vcbench doctor` says what opens it")
        sys.exit(SKIP)
    lab.main()


if __name__ == "__main__":
    main()
