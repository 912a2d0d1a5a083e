/* What peers reported beside what truly happened: each RTP stream of a call, as its sender and its receiver count it
 * and as the links do, by SSRC.
 *
 *   sender's outbound-rtp   sender's line, up   links on the way   receiver's line, down   receiver's inbound-rtp
 *       packetsSent              sent               dropped              delivered             packetsReceived
 *
 * Both count the whole call: the peers' last stats, and the network's last lines. What was under way when a peer
 * made its last stats is the honest difference between them: packets of some milliseconds. */
#pragma once

#include "harness/measure/network_data.h"

typedef struct {
    guint32 ssrc;
    int payload_type;     /* as the links saw it; -1: they saw none */
    VcbKind kind;         /* NONE: the peers do not report this SSRC (retransmissions) */
    const char *sender;   /* no-ref */
    const char *receiver; /* no-ref */
    double packets_sent;  /* by the sender; NAN where it does not tell, as all here */
    double packets_received, packets_lost, bytes_received;      /* by the receiver */
    double link_sent, link_dropped, link_delivered, link_bytes; /* by the links */
    char *drops; /* owned: "alice up 12, bob down 3"; "" where there are none */
} VcbStreamTruth;

/* Every stream that a peer reports or a line carried: GPtrArray of VcbStreamTruth, owned. */
GPtrArray *vcb_truth_of(const VcbCallData *call, const VcbNetworkData *network);

/* Packets of a kind that `receiver` was sent and that the links dropped, between the first line at or after from_us
 * and the last one at or before until_us. FALSE where the links do not tell. */
gboolean vcb_truth_loss(const VcbCallData *call, const VcbNetworkData *network, const char *receiver,
                        VcbKind kind, gint64 from_us, gint64 until_us, double *ret_dropped, double *ret_sent);
