/* Two real peers in a call whose every datagram passes a relay of the test, and the comparison of what the peers say
 * with what the relay saw. The comparisons are CUnit assertions.
 *
 *   alice <-> udp_relay <-> bob        signaling: room, with candidates rewritten to the relay's
 */
#pragma once

#include "tests/peer/subject.h"
#include "tests/peer/udp_relay.h"

typedef struct {
    VcbTestRoom *room;
    VcbUdpRelay *relay;
    VcbSubject *peers[2];
    int video, rtx, audio; /* payload types, as negotiated */
    int descriptions, candidates_in_descriptions;
    gint64 connected_us[2];
    /* of the sub-case */
    gboolean losing;
    guint primary_video; /* of peer 0, since losing began */
    guint audio_packets[2];
} RelayedCall;

extern const char *const RELAYED_CALL_NAMES[2];

/* What the relay saw of one stream. */
typedef struct {
    guint packets; /* of this stream, came to the relay */
    guint delivered, dropped;
    guint frames, markers; /* distinct RTP time stamps; marker bits, of which each frame has one */
    guint early, late;     /* packets stamped before the time asked for, less and plus the skew */
    guint unread;          /* delivered before the receiver said that it is connected */
    gsize header_bytes, payload_bytes;
} Wire;

/* Start both peers with `more` in their configuration, and wait until everything flows. */
void relayed_call_begin(RelayedCall *call, VcbRelayDecision decide, const char *more);
void relayed_call_end(RelayedCall *call);

/* Stop the video of both, and wait until none can be under way any more. */
void relayed_call_stop_video(RelayedCall *call);

/* One stream up to a time: sums over its first `n_summed` packets that count (sent: all; delivered: those
 * that went on). */
Wire relayed_call_wire(const RelayedCall *call, int from, int payload_type, gint64 until_us,
                       gboolean delivered, guint skipped, guint n_summed);

/* Streams that still flow may differ by what is between the two counters; those that stopped may not. */
void relayed_call_compare_out(const RelayedCall *call, int from, const char *kind, const cJSON *stats,
                              gboolean stopped);

/* One side has its SRTP keys a little before the other one: what it sends in between can be read, and
 * counted, by nobody. So the first few may be missing, but only of those that came before the receiver was
 * connected. Returns how many. */
guint relayed_call_compare_in(const RelayedCall *call, int to, const char *kind, const cJSON *stats,
                              gboolean stopped);

void relayed_call_compare_retransmissions(const RelayedCall *call, int from, const cJSON *sender,
                                          const cJSON *receiver);

/* Every frame that came over the wire was taken apart, decoded and counted, and each is counted once. */
void relayed_call_compare_frames(const RelayedCall *call, int to, const cJSON *stats);

/* A busy machine wakes the relay and the peer at different moments, which is jitter of its own. So not each
 * of the reports must agree with the wire to the millisecond, but a good part of them; a wrong formula never
 * would. Returns the wire's jitter at the end, in seconds. */
double relayed_call_compare_jitter(const RelayedCall *call, int to);

/* Nothing but STUN, DTLS and encrypted RTP and RTCP; of the first payload byte, which VP8 in the clear would
 * hold to a few values (RFC 7741 section 4.2), every value comes about equally often. */
void relayed_call_nothing_is_in_the_clear(const RelayedCall *call);
