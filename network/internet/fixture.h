/* For the tests of the tree: packets made by hand, an internet that notes what comes out of it, and checksums computed
 * anew by a second implementation. */
#pragma once

#include "common/test.h"
#include "network/internet/internet.h"
#include "network/internet/ip.h"

#define MS_NS G_GINT64_CONSTANT(1000000)
#define SECOND_NS G_GINT64_CONSTANT(1000000000)

/* A packet that came to a host. */
typedef struct {
    VcbInterface *interface;
    VcbPacket *packet; /* a copy, owned */
    VcbIp ip;
    gint64 now_ns;
} Delivery;

typedef struct {
    VcbInternet *internet;
    GArray *deliveries;                  /* Delivery */
    guint64 router_dropped[VCB_N_FATES]; /* sums over all routers */
    guint64 link_fates[VCB_N_FATES];
    guint n_mappings, n_links, n_changes;
    char *last_mapping; /* "alice udp 192.168.1.2:4000 198.18.0.5:4000"; owned */
    gboolean is_host_full;
} Lab;

Lab *lab_new(void);
void lab_free(Lab *lab); /* checks that the internet lets everything go */

/* Build from JSON, with ' for "; asserts that it works. */
VcbNetwork *lab_add(Lab *lab, const char *json);
/* The same where it must fail: the message. New string. */
char *lab_add_failing(Lab *lab, const char *json);

/* UDP with its checksum; addresses as text, both of one family. `size`: of the payload, whose first 4 bytes are `mark`. */
VcbPacket *lab_udp(const char *source, guint16 source_port, const char *destination, guint16 destination_port,
                   guint size, guint32 mark);
/* The same as TCP or echo (port: the identifier; ICMP type as said). */
VcbPacket *lab_tcp(const char *source, guint16 source_port, const char *destination,
                   guint16 destination_port);
VcbPacket *lab_echo(const char *source, const char *destination, guint8 type, guint16 identifier);

/* Correct the checksums after a change by hand. */
void lab_seal(VcbPacket *packet);
/* Are all checksums of a packet (the quoted one's too, where it is whole) right? Computed from the bytes alone. */
gboolean lab_is_sealed(const VcbPacket *packet);

/* Send from host's eth0 (or interface, as "alice/wlan0"), at that time. */
void lab_send(Lab *lab, VcbNetwork *network, const char *host, VcbPacket *packet, gint64 now_ns);

/* What came last to that host since the last lab_forget, NULL: nothing. */
const Delivery *lab_last(const Lab *lab, const char *host);
guint lab_count(const Lab *lab, const char *host);
void lab_forget(Lab *lab);

/* "198.18.0.5:4000" of a delivery's source or destination. Valid until the next call. */
const char *lab_source(const Delivery *delivery);
const char *lab_destination(const Delivery *delivery);
guint32 lab_mark(const VcbPacket *packet); /* of a UDP packet */
