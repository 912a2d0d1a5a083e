"""What a receiving peer reports of its streams is what truly happened on its line: to the packet, and to the byte.

        alice.up            bob.down             the capture has each packet's fate at both links;
  alice ---------[ internet ]--------X--> bob    bob's stats say packetsReceived, packetsLost, bytesReceived
        no loss             loss

A peer knows of a stream what lies between the first packet that it could read and the highest (RFC 3550 A.3): not what came
before its SRTP keys, nor what was lost after the latest arrival. Of each stream that leaves one unknown, the first packet
`base`; from it every stats sample tells by itself how far it counted:

    base ........................ highest = base + packetsReceived + packetsLost - 1
    |<- the capture's own count ->|          delivered == packetsReceived, dropped == packetsLost, their bytes == bytesReceived

and the highest has to be the one that had arrived when the sample was taken, give or take the packet that was just on its way.
"""
import bisect
import collections
import dataclasses
import json
import math
import statistics
import subprocess
import sys

import lab
import rtp_capture

LOSSES = (0, 1, 5, 10, 20)  # %
SEEDS = 3 if lab.SANITIZED else 20
WARMUP_US = 500_000

# Snow makes several packets of each frame, so that a lost one is missed, and sent again, before it is too late. Losses begin when both
# peers are connected: a DTLS handshake that loses a fifth of its packets takes long, and is not what is measured here.
SCENARIO = f"""
name: truth
seed: 8
duration: 2s
warmup: {WARMUP_US // 1000}ms
stats_interval: 500ms
pairs: {SEEDS}
jobs: {2 if lab.SANITIZED else 8}
peer:
  video: {{source: test, pattern: snow, size: 160x90, fps: 15, bitrate: 250kbps}}
  audio: {{source: tone}}
  data_channel: false
network: {{profile: lan, max_lateness: 10s}}
record: {{capture: true}}
timeouts: {{start: 120s, connect: 120s, stop: 60s}}
matrix:
  network.timeline: [{", ".join(f"[{{at: 0s, direction: down, loss: {loss}%}}]" for loss in LOSSES)}]
"""

# How long a packet may be on its way from the peer's interface to the peer's count, on a machine that does other things, too.
UNDER_WAY_US = 10_000_000 if lab.SANITIZED else 2_000_000


@dataclasses.dataclass
class Sample:
    t_us: int
    received: int
    lost: int
    bytes: int
    retransmitted: int


class Stream:
    """One RTP stream: how it fared on the receiver's line, and what the receiver said of it."""

    def __init__(self, call, receiver, kind, ssrc, line):
        self.call, self.receiver, self.kind, self.ssrc, self.line = call, receiver, kind, ssrc, line
        self.name = f"call {call}, {kind} to {receiver} (SSRC {ssrc})"
        self.samples = []
        self.first_packet_us = None
        self.base = None  # index into `line` of the first packet that the peer counted
        arrived = [packet.delivered_us is not None for packet in line]
        # Sums before each index: of packets and of bytes that arrived.
        self.arrived, self.bytes = [0], [0]
        for packet, ok in zip(line, arrived):
            self.arrived.append(self.arrived[-1] + ok)
            self.bytes.append(self.bytes[-1] + packet.payload * ok)
        self.deliveries = [packet.delivered_us for packet in line if packet.delivered_us is not None]
        self.largest = max(packet.payload for packet in line)
        self.delivered_bytes = [0]
        for packet in line:
            if packet.delivered_us is not None:
                self.delivered_bytes.append(self.delivered_bytes[-1] + packet.payload)

    def end(self, sample, base=None):
        """Index behind the last packet that a sample counts."""
        return (self.base if base is None else base) + sample.received + sample.lost

    def arrived_between(self, begin, end):
        return self.arrived[end] - self.arrived[begin]

    def bytes_between(self, begin, end):
        return self.bytes[end] - self.bytes[begin]

    def difference(self, sample, base):
        """By how many packets a sample is off, were `base` the first one that the peer counted."""
        end = self.end(sample, base)
        if end > len(self.line):
            return math.inf
        return abs(self.arrived_between(base, end) - sample.received)

    def find_base(self):
        """The first packet that was counted had arrived when the peer told of it. Of those the one that fits best, in packets, then in
        bytes, which the samples leave no choice about: hardly two packets have the same length."""
        latest = self.arrived_by(self.first_packet_us)
        candidates = [i for i, packet in enumerate(self.line) if packet.delivered_us is not None][:latest]

        def misfit(base):
            packets = max(self.difference(sample, base) for sample in self.samples)
            if packets == math.inf:
                return packets, 0
            return packets, max(abs(self.bytes_between(base, self.end(sample, base)) - sample.bytes) for sample in self.samples)

        self.base = min(reversed(candidates), key=misfit, default=None)

    def arrived_by(self, t_us):
        """How many packets had left the line by then."""
        return bisect.bisect_right(self.deliveries, t_us)

    def not_yet_counted(self, sample):
        """How far a sample is behind what had arrived by its time stamp, in packets; negative: ahead of it."""
        return self.arrived_by(sample.t_us) - self.arrived[self.end(sample)]


class NetworkTruth(lab.Lab):
    def test_what_receiving_peers_report_is_what_happened_on_their_lines(self):
        status, out, err = self.run_vcbench("--no-progress", self.scenario(SCENARIO, "truth.yaml"), timeout=800)
        self.assertEqual(status, 0, out + err)
        run = self.run_json("truth")
        events = self.events("truth")
        self.assertEqual(len(run["calls"]), SEEDS * len(LOSSES))
        self.assertEqual({call["outcome"] for call in run["calls"]}, {"completed"})
        variants = [variant["name"] for variant in run["variants"]]
        self.losses = {call["id"]: LOSSES[variants.index(call["variant"])] for call in run["calls"]}
        for loss in LOSSES:
            self.assertEqual(len({call["seed"] for call in run["calls"] if self.losses[call["id"]] == loss}), SEEDS, "each its own seed")

        self.the_links_accounts_add_up(events)
        capture = rtp_capture.read(self.latest("truth") / "capture.pcapng")
        self.each_line_lost_what_it_was_told_to(events, capture)
        streams = self.streams(events, capture)
        self.assertEqual(len(streams), 4 * len(run["calls"]), "video and audio, both ways")
        self.the_links_count_what_the_capture_shows(run, capture)
        self.peers_count_what_arrived(streams)
        self.nothing_before_the_keys_is_missed(events, streams)
        self.retransmissions_are_counted_by_themselves(run, capture, streams)
        self.peers_sent_what_came_to_their_lines(events, capture)
        self.metrics_are_of_these_counts(run, events, streams)

    # ---- the links ----

    def the_links_accounts_add_up(self, events):
        lines = [e for e in events if e["type"] == "link"]
        for e in lines:
            self.assertEqual(e["sent"] + e["duplicated"], e["delivered"] + sum(e["dropped"].values()) + e["queued"], e)
        print(f"{len(lines)} link lines: sent + duplicated = delivered + dropped + queued in each")

    def each_line_lost_what_it_was_told_to(self, events, capture):
        """Inside the 99.9 % bound of a binomial distribution, over all calls of a variant, from when the losses began; before, and
        on the senders' lines, nothing is lost."""
        began_ns = {(e["network"], e["router"], "down"): e["planned_us"] * 1000 for e in events if e["type"] == "change"}
        losses = {e["network"]: self.losses[e["call"]] for e in events if e["type"] == "call-start"}
        sent, lost = collections.Counter(), collections.Counter()
        for (network, link, direction, _), packets in capture.items():
            since_ns = began_ns.get((network, link, direction), math.inf)
            for packet in packets:
                if packet.came_ns < since_ns:
                    self.assertIn(packet.reason, ("", "removed"), packet)
                    continue
                self.assertIn(packet.reason, ("", "loss", "removed"))
                sent[losses[network]] += 1
                lost[losses[network]] += packet.reason == "loss"
        print(f"{'loss':>6} {'packets':>8} {'lost':>6} {'truly':>9} {'99.9 % bound':>15}   (RTP on the receivers' lines, retransmissions too)")
        for loss in LOSSES:
            n, k, p = sent[loss], lost[loss], loss / 100
            bound = statistics.NormalDist().inv_cdf(0.9995) * math.sqrt(n * p * (1 - p)) + 0.5 * (p > 0)
            print(f"{loss:>5}% {n:>8} {k:>6} {100 * k / n:>8.3f}% {100 * (n * p - bound) / n:>6.2f} - {100 * (n * p + bound) / n:<6.2f}")
            self.assertLessEqual(abs(k - n * p), bound)

    def the_links_count_what_the_capture_shows(self, run, capture):
        """The counts by SSRC in run.json are made from `link` lines: another way than the capture's."""
        compared = 0
        for call in run["calls"]:
            network = call["network"]
            for stream in network["streams"]:
                up = capture[network["name"], stream["sender"], "up", stream["ssrc"]]
                down = capture[network["name"], stream["receiver"], "down", stream["ssrc"]]
                arrived = [packet for packet in down if packet.delivered_us is not None]
                self.assertEqual(stream["link_sent"], len(up), stream)
                self.assertEqual(stream["link_delivered"], len(arrived), stream)
                self.assertEqual(stream["link_dropped"], sum(p.delivered_us is None for link in (up, down) for p in link), stream)
                self.assertEqual(stream["link_bytes"], sum(packet.payload + rtp_capture.SRTP_TAG for packet in arrived), stream)
                compared += 1
        print(f"{compared} streams (retransmissions by themselves): the links' counts and the capture's are the same")

    # ---- the peers ----

    def streams(self, events, capture):
        """Every stream that a peer received, with its samples, by (call, receiver, SSRC)."""
        streams = {}
        networks = {e["call"]: e["network"] for e in events if e["type"] == "call-start"}
        firsts = {(e["call"], e["source"], e["kind"]): e["t_us"] for e in events
                  if e["type"] == "frame" and e["event"] == "first-packet" and e["direction"] == "in"}
        for e in (e for e in events if e["type"] == "stats"):
            for rtp in (rtp for rtp in e["report"] if rtp["type"] == "inbound-rtp"):
                key = e["call"], e["source"], rtp["ssrc"]
                if key not in streams:
                    line = capture[networks[e["call"]], e["source"], "down", rtp["ssrc"]]
                    self.assertEqual([packet.sequence - line[0].sequence for packet in line], list(range(len(line))),
                                     "each packet once, in order: nothing on this path does otherwise")
                    streams[key] = Stream(e["call"], e["source"], rtp["kind"], rtp["ssrc"], line)
                    streams[key].first_packet_us = firsts[e["call"], e["source"], rtp["kind"]]
                streams[key].samples.append(Sample(e["t_us"], rtp["packetsReceived"], rtp["packetsLost"], rtp["bytesReceived"],
                                                   rtp["retransmittedPacketsReceived"]))
        return list(streams.values())

    def peers_count_what_arrived(self, streams):
        worst = {"packets": 0, "bytes": 0.0, "ahead": 0, "behind": 0, "behind_us": 0}
        compared = received = lost = raced = 0
        for stream in streams:
            stream.find_base()
            self.assertIsNotNone(stream.base, stream.name)
            for sample in stream.samples:
                packets = stream.difference(sample, stream.base)
                self.assertLessEqual(packets, 1, f"{stream.name}: {sample}")
                end = stream.end(sample)
                truly = stream.bytes_between(stream.base, end)
                share = abs(sample.bytes - truly) / truly
                self.assertLessEqual(share, 0.005, f"{stream.name}: {sample}, {truly} bytes on the wire")
                race = stream.not_yet_counted(sample)
                raced += race != 0
                if abs(race) > 1:  # more than the packet that was on its way: then they came at the very same time
                    counted = stream.arrived[end]
                    other = stream.deliveries[counted if race > 0 else counted - 1]
                    self.assertLess(abs(sample.t_us - other), UNDER_WAY_US, f"{stream.name}: {race} packets not counted yet, {sample}")
                    worst["behind_us"] = max(worst["behind_us"], abs(sample.t_us - other))
                worst["packets"] = max(worst["packets"], packets)
                worst["bytes"] = max(worst["bytes"], share)
                worst["ahead"], worst["behind"] = max(worst["ahead"], -race), max(worst["behind"], race)
                compared += 1
            received += stream.samples[-1].received
            lost += stream.samples[-1].lost
        print(f"{len(streams)} streams, {compared} stats samples, {received} packets received, {lost} lost (at the last samples)")
        print(f"  largest difference: {worst['packets']} packets, {100 * worst['bytes']:.4f} % of the bytes (bounds: 1, 0.5 %)")
        print(f"  {raced} samples were taken while packets were on their way; most behind: {worst['behind']}, most ahead: {worst['ahead']}; "
              f"of more than one the oldest by {worst['behind_us'] / 1000:.2f} ms")

    def nothing_before_the_keys_is_missed(self, events, streams):
        """What a stream had delivered before its first counted packet came when its receiver could not read it yet."""
        ready = {(e["call"], e["source"]): e["t_us"] for e in events
                 if e["type"] == "state" and e["name"] == "dtlsState" and e["value"] == "connected"}
        unread, latest = 0, -math.inf
        for stream in streams:
            for packet in stream.line[:stream.base]:
                if packet.delivered_us is None:
                    continue
                unread += 1
                latest = max(latest, packet.delivered_us - ready[stream.call, stream.receiver])
                self.assertLess(packet.delivered_us - ready[stream.call, stream.receiver], UNDER_WAY_US, stream.name)
        print(f"  {unread} packets came before their receiver's first" + (f", the latest {latest / 1000:.2f} ms after its keys" if unread else ""))

    def retransmissions_are_counted_by_themselves(self, run, capture, streams):
        """They have an SSRC of their own (RFC 4588 section 4): what they repair stays lost in `packetsLost`, as compared above."""
        repeated = {(call["id"], stream["receiver"]): capture[call["network"]["name"], stream["receiver"], "down", stream["ssrc"]]
                    for call in run["calls"] for stream in call["network"]["streams"] if not stream["kind"]}
        compared = 0
        for stream in streams:
            packets = repeated.get((stream.call, stream.receiver), []) if stream.kind == "video" else []
            arrived = [packet.delivered_us for packet in packets if packet.delivered_us is not None]
            for sample in stream.samples:
                # One way for all packets: what came before the latest that was counted was counted, too; what came after the next, not yet.
                counted = stream.arrived[stream.end(sample)]
                least = bisect.bisect_left(arrived, stream.deliveries[counted - 1])
                most = bisect.bisect_right(arrived, stream.deliveries[counted]) if counted < len(stream.deliveries) else len(arrived)
                self.assertTrue(least - 1 <= sample.retransmitted <= most + 1, f"{stream.name}: {sample}, retransmissions {least} to {most}")
            compared += stream.samples[-1].retransmitted
        self.assertGreater(compared, 0, "no retransmission: nothing was compared")
        print(f"  {compared} retransmissions received, each counted as one and as nothing else")

    def peers_sent_what_came_to_their_lines(self, events, capture):
        """packetsSent, at the last sample, is what came to the sender's line."""
        networks = {e["call"]: e["network"] for e in events if e["type"] == "call-start"}
        last = {(e["call"], e["source"]): e for e in events if e["type"] == "stats"}
        streams = packets = worst = 0
        for (call, sender), e in last.items():
            for rtp in (rtp for rtp in e["report"] if rtp["type"] == "outbound-rtp"):
                came = [packet.came_ns // 1000 for packet in capture[networks[call], sender, "up", rtp["ssrc"]]]
                early, late = (bisect.bisect_right(came, e["t_us"] + shift) for shift in (0, UNDER_WAY_US))
                self.assertTrue(early - 1 <= rtp["packetsSent"] <= late + 1, f"call {call}: {rtp}, {early} to {late} on the line")
                streams, packets = streams + 1, packets + rtp["packetsSent"]
                worst = max(worst, abs(rtp["packetsSent"] - early))
        print(f"  {streams} streams sent, {packets} packets; largest difference to what had come to the sender's line: {worst}")

    # ---- the metrics ----

    def metrics_are_of_these_counts(self, run, events, streams):
        """packet_loss_pct and bitrate_bps are of the samples from the warm-up's end on, and thus of what the line did between them."""
        connected = {(e["call"], e["source"]): e["t_us"] for e in events
                     if e["type"] == "state" and e["name"] == "connectionState" and e["value"] == "connected"}
        calls = {call["id"]: call for call in run["calls"]}
        of_call = collections.defaultdict(lambda: [0, 0])
        worst_loss = worst_rate = worst_ends = 0
        print(f"{'loss':>6} {'streams':>8} {'packets':>8} {'lost':>6} {'loss reported':>14} {'on the line':>12} {'bitrate reported':>17} {'on the line':>12}")
        table = collections.defaultdict(lambda: [0, 0, 0, 0.0, 0.0, 0.0, 0.0])
        for stream in streams:
            call = calls[stream.call]
            since_us = max(connected[stream.call, "alice"], connected[stream.call, "bob"]) + WARMUP_US
            window = [sample for sample in stream.samples if sample.t_us >= since_us]
            first, last = window[0], window[-1]
            begin, end = stream.end(first), stream.end(last)
            seconds = (last.t_us - first.t_us) / 1e6
            arrived, payload = stream.arrived_between(begin, end), stream.bytes_between(begin, end)
            dropped = end - begin - arrived
            loss_pct = call["metrics"][f"{stream.receiver}.{stream.kind}.in.packet_loss_pct"]
            bitrate_bps = call["metrics"][f"{stream.receiver}.{stream.kind}.in.bitrate_bps"]

            # From the samples alone, to rounding; and from the line alone, to one packet and 0.5 %.
            self.assertAlmostEqual(loss_pct, 100 * (last.lost - first.lost) / (last.lost - first.lost + last.received - first.received), 5)
            self.assertAlmostEqual(bitrate_bps, 8 * (last.bytes - first.bytes) / seconds, 3)
            worst_loss = max(worst_loss, abs(loss_pct / 100 * (end - begin) - dropped))
            self.assertLessEqual(abs(loss_pct / 100 * (end - begin) - dropped), 1.001, f"{stream.name}: {dropped} of {end - begin}")
            worst_rate = max(worst_rate, abs(bitrate_bps * seconds / 8 - payload) / payload)
            self.assertLessEqual(abs(bitrate_bps * seconds / 8 - payload), 0.005 * payload, f"{stream.name}: {payload} bytes")

            # From the line alone by time, not by number: what was on its way at either end may be on either side of it.
            begin, end = (stream.arrived_by(sample.t_us) for sample in (first, last))
            under_way = [abs(stream.not_yet_counted(sample)) for sample in (first, last)]
            by_time = stream.delivered_bytes[end] - stream.delivered_bytes[begin]
            slack = stream.largest * sum(under_way)
            self.assertLessEqual(abs(bitrate_bps * seconds / 8 - by_time), slack + 1, stream.name)
            worst_ends = max(worst_ends, *under_way)

            row = table[self.losses[stream.call]]
            for i, value in enumerate((1, end - begin, dropped, loss_pct, 100 * dropped / (dropped + arrived), bitrate_bps, 8 * payload / seconds)):
                row[i] += value
            counts = of_call[stream.call, stream.kind]
            counts[0], counts[1] = counts[0] + dropped, counts[1] + dropped + arrived
        for (call, kind), (dropped, packets) in of_call.items():
            reported = calls[call]["metrics"][f"{kind}.in.packet_loss_pct"]
            self.assertLessEqual(abs(reported / 100 * packets - dropped), 1.001, f"call {call}, {kind}, both peers")
        for loss in LOSSES:
            n, packets, dropped, *means = table[loss]
            loss_pct, line_pct, bitrate_bps, line_bps = (mean / n for mean in means)
            print(f"{loss:>5}% {n:>8} {packets:>8} {dropped:>6} {loss_pct:>13.4f}% {line_pct:>11.4f}% {bitrate_bps:>12.0f} bit/s {line_bps:>6.0f} bit/s")
        print(f"  metrics of {len(streams)} streams over their measured windows: packet_loss_pct differs from the line by at most {worst_loss:.4f} packets, "
              f"bitrate_bps by {100 * worst_rate:.5f} %; packets on their way at a window's end: at most {worst_ends}")


def main():
    probe = json.loads(subprocess.run([lab.BUILD / "network/emulator/vcbench-net", "--probe"], stdout=subprocess.PIPE, check=True).stdout)
    if not probe["backend"]:
        print("SKIP: no network can be emulated here; `vcbench doctor` says what opens it")
        sys.exit(77)
    if lab.SANITIZED:
        print(f"a sanitized build: {SEEDS} seeds instead of 20")
    lab.main()


if __name__ == "__main__":
    main()
