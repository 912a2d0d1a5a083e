"""A run's capture.pcapng as RTP streams: which packets came to each link, when, and what became of each of them.

The reader knows what docs/network-emulator.md promises ("The capture") and what the RFCs say, and shares nothing with the
programs whose counts it checks:

    section -> interface "<network>/<link>/<direction>" -> packet (IP -> UDP -> RTP header) + comment with its verdict
"""
import dataclasses
import re
import struct

SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6  # block types (draft-ietf-opsawg-pcapng)
COMMENT, INTERFACE_NAME = 1, 2
SRTP_TAG = 10  # AES_CM_128_HMAC_SHA1_80 (RFC 5764 section 4.1.2): it lies behind each packet's payload


@dataclasses.dataclass
class Packet:
    sequence: int  # extended: it does not wrap
    came_ns: int  # to the link, CLOCK_MONOTONIC
    payload: int  # bytes behind the RTP header and its extension, without the SRTP tag
    delivered_us: int | None  # when it left the link; None: it was dropped
    reason: str  # why


def options(block, at):
    """The options of a block from `at` on: {code: bytes}."""
    found = {}
    while at + 4 <= len(block):
        code, length = struct.unpack_from("<HH", block, at)
        if code == 0:
            break
        found[code] = block[at + 4:at + 4 + length]
        at += 4 + (length + 3) // 4 * 4
    return found


def rtp(packet):
    """(SSRC, payload type, sequence number, payload bytes) of an IP packet; None where it carries no RTP over UDP.

    RFC 7983 tells RTP from STUN and DTLS, RFC 5761 section 4 from RTCP."""
    if packet[0] >> 4 == 4:
        header, protocol = (packet[0] & 15) * 4, packet[9]
    else:
        header, protocol = 40, packet[6]
    datagram = packet[header + 8:]
    if protocol != 17 or len(datagram) < 12 or not 128 <= datagram[0] <= 191 or 192 <= datagram[1] <= 223:
        return None
    length = 12 + (datagram[0] & 15) * 4
    if datagram[0] & 16:
        length += 4 + struct.unpack_from(">H", datagram, length + 2)[0] * 4
    sequence, _, ssrc = struct.unpack_from(">HII", datagram, 2)
    return ssrc, datagram[1] & 127, sequence, len(datagram) - length - SRTP_TAG


def read(path):
    """{(network, link, direction, SSRC): [Packet]}, in the order in which they came to the link."""
    data = path.read_bytes()
    interfaces, streams, offset_ns, at = [], {}, 0, 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        block = data[at + 8:at + length - 4]
        at += length
        if kind == SECTION:
            offset_ns = 1000 * int(re.search(rb"wall_clock_offset_us=(-?\d+)", options(block, 16)[COMMENT])[1])
        elif kind == INTERFACE:
            interfaces.append(tuple(options(block, 8)[INTERFACE_NAME].decode().split("/")))
        elif kind == PACKET:
            number, high, low, captured, _ = struct.unpack_from("<IIIII", block)
            header = rtp(block[20:20 + captured])
            if not header:
                continue
            ssrc, _, sequence, payload = header
            comment = options(block, 20 + (captured + 3) // 4 * 4)[COMMENT].decode()
            verdict = dict(word.split("=") for word in comment.split())
            delivered_us = int(verdict["actual_us"]) if verdict["verdict"] == "delivered" else None
            stream = streams.setdefault((*interfaces[number], ssrc), [])
            stream.append(Packet(sequence, (high << 32) + low - offset_ns, payload, delivered_us, verdict.get("reason", "")))
    if at != len(data):
        raise ValueError(f"{path} ends within a block")
    for stream in streams.values():
        stream.sort(key=lambda packet: packet.came_ns)
        for before, packet in zip(stream, stream[1:]):  # RFC 3550 A.1
            packet.sequence = before.sequence + (packet.sequence - before.sequence + 0x8000) % 0x10000 - 0x8000
    return streams
