/* RTP and RTCP packets made by hand, for tests: big-endian, one field after the other (RFC 3550
 * section 5.1, 6.4). */
#pragma once

#include <glib.h>
#include <string.h>

typedef struct {
    guint8 bytes[1500];
    gsize size;
} VcbPacket;

static inline void vcb_packet_put(VcbPacket *packet, int n_bytes, guint32 value)
{
    g_assert(packet->size + (gsize)n_bytes <= sizeof packet->bytes);
    for (int i = n_bytes - 1; i >= 0; i--)
        packet->bytes[packet->size++] = (guint8)(value >> (8 * i));
}

/* A plain packet: no contributing sources, no extension, no padding. */
static inline VcbPacket vcb_packet_rtp(int payload_type, guint16 sequence, guint32 rtp_time, guint32 ssrc,
                                       gsize payload_bytes)
{
    VcbPacket packet = {.size = 0};

    vcb_packet_put(&packet, 1, 0x80);
    vcb_packet_put(&packet, 1, (guint32)payload_type);
    vcb_packet_put(&packet, 2, sequence);
    vcb_packet_put(&packet, 4, rtp_time);
    vcb_packet_put(&packet, 4, ssrc);
    memset(packet.bytes + packet.size, 0x55, payload_bytes);
    packet.size += payload_bytes;
    return packet;
}

/* Append an RTCP header; `words` is its length field: 32-bit words, less one. */
static inline void vcb_packet_rtcp(VcbPacket *packet, int count, int type, int words)
{
    vcb_packet_put(packet, 1, 0x80u | (guint32)count);
    vcb_packet_put(packet, 1, (guint32)type);
    vcb_packet_put(packet, 2, (guint32)words);
}

/* Append a sender report's header and sender info, for `n_blocks` report blocks to follow. */
static inline void vcb_packet_sender_report(VcbPacket *packet, guint32 sender, guint64 ntp, int n_blocks)
{
    vcb_packet_rtcp(packet, n_blocks, 200, 6 + 6 * n_blocks);
    vcb_packet_put(packet, 4, sender);
    vcb_packet_put(packet, 4, (guint32)(ntp >> 32));
    vcb_packet_put(packet, 4, (guint32)ntp);
    vcb_packet_put(packet, 4, 0);
    vcb_packet_put(packet, 4, 0);
    vcb_packet_put(packet, 4, 0);
}

/* Append a report block. `lost` is a signed 24-bit number; `delay` counts 1/65536 s since `last_report`. */
static inline void vcb_packet_report_block(VcbPacket *packet, guint32 ssrc, guint8 fraction, gint32 lost,
                                           guint32 jitter, guint32 last_report, guint32 delay)
{
    vcb_packet_put(packet, 4, ssrc);
    vcb_packet_put(packet, 1, fraction);
    vcb_packet_put(packet, 3, (guint32)lost & 0xffffff);
    vcb_packet_put(packet, 4, 0);
    vcb_packet_put(packet, 4, jitter);
    vcb_packet_put(packet, 4, last_report);
    vcb_packet_put(packet, 4, delay);
}

/* Append feedback (RFC 4585 section 6.1) with that many words of information, all zero but the first word. */
static inline void vcb_packet_feedback(VcbPacket *packet, int type, int format, guint32 media,
                                       int entry_words, guint32 first_word)
{
    vcb_packet_rtcp(packet, format, type, 2 + entry_words);
    vcb_packet_put(packet, 4, 0xfeedfeed);
    vcb_packet_put(packet, 4, media);
    for (int i = 0; i < entry_words; i++)
        vcb_packet_put(packet, 4, i ? 0 : first_word);
}
