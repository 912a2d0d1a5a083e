/* All UDP between two peers, through two sockets of the test: what really went over the wire, counted from
 * the datagrams themselves, with losses and delays as the test decides.
 *
 *   peer 0 <--> [socket 0] -- log, decide, delay -- [socket 1] <--> peer 1
 *
 * Each peer is told the candidates of the other one with the relay's address in place of the real one. An RTP
 * header is in the clear in SRTP (RFC 3711 section 3.1), so that streams can be told apart without any key.
 */
#pragma once

#include <glib.h>

typedef struct VcbUdpRelay VcbUdpRelay;

/* RFC 7983: told by the first byte; RTCP by the second (RFC 5761 section 4). */
typedef enum {
    VCB_DATAGRAM_STUN,
    VCB_DATAGRAM_DTLS,
    VCB_DATAGRAM_RTP,
    VCB_DATAGRAM_RTCP,
    VCB_DATAGRAM_OTHER,
    VCB_N_DATAGRAM_CLASSES,
} VcbDatagramClass;

typedef struct {
    gint64 in_us;  /* came to the relay */
    gint64 out_us; /* went on; -1: dropped, or still waiting */
    int from;      /* 0 or 1 */
    gsize size;    /* of the datagram */
    VcbDatagramClass class;
    /* of RTP */
    guint32 ssrc, rtp_time;
    guint16 sequence;
    int payload_type;
    gboolean marker, padding;
    gsize header_bytes;
    gsize payload_bytes; /* without the authentication tag */
    guint8 first_payload_byte;
} VcbRelayed;

/* How long to hold it back, in us; -1: drop it. */
typedef gint64 (*VcbRelayDecision)(const VcbRelayed *datagram, gpointer user_data);

/* Length of the tag of SRTP_AES128_CM_HMAC_SHA1_80 (RFC 3711 section 5.2), and the number of that profile in
 * DTLS (RFC 5764 section 4.1.2). */
#define VCB_SRTP_TAG_BYTES 10
#define VCB_SRTP_PROFILE_SHA1_80 1

/* `decide` NULL: everything goes on at once. */
VcbUdpRelay *vcb_udp_relay_new(VcbRelayDecision decide, gpointer user_data);
void vcb_udp_relay_free(VcbUdpRelay *relay);

/* A candidate that peer `from` sends: remember its address, and return it with the relay's. New string. */
char *vcb_udp_relay_candidate(VcbUdpRelay *relay, int from, const char *candidate);

/* All that came, in order: an array of VcbRelayed, owned by the relay. */
const GArray *vcb_udp_relay_log(const VcbUdpRelay *relay);

/* The SRTP protection profile that the DTLS server chose (its ServerHello is in the clear); 0: not seen. */
int vcb_udp_relay_srtp_profile(const VcbUdpRelay *relay);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbUdpRelay, vcb_udp_relay_free)
