/* What vcbench knows of a peer in a call, by what the peer has said: its states and counters (docs/peer-protocol.md, `state` and
 * `stats`). Plain data; decides nothing. */
#pragma once

#include "common/json.h"

typedef struct {
    char *signaling_state, *ice_state, *connection_state; /* W3C values; owned */
    gboolean connected;                                   /* has been, once */
    gint64 start_call_us, connected_us;                   /* when it was; 0: not yet */
    double received, lost;                                /* packets, of the last stats */
} VcbPeerView;

void vcb_peer_view_init(VcbPeerView *view);
void vcb_peer_view_clear(VcbPeerView *view);

/* Take a message of type `state` or `stats` in. */
void vcb_peer_view_take_state(VcbPeerView *view, const cJSON *message);
void vcb_peer_view_take_stats(VcbPeerView *view, const cJSON *message);

/* "signalingState stable, iceConnectionState new, connectionState new". New string. */
char *vcb_peer_view_describe(const VcbPeerView *view);

/* ms from the first `start-call` of the two to connected at both; -1 where they are not. */
double vcb_peer_view_connect_ms(const VcbPeerView *a, const VcbPeerView *b);

/* Lost packets of both in %; -1 where nothing was told. */
double vcb_peer_view_loss_pct(const VcbPeerView *a, const VcbPeerView *b);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbPeerView, vcb_peer_view_clear)
