/* What goes over the socket (SOCK_SEQPACKET) between the emulator and its host maker. Both are the same program, forked, so structs
 * travel as they are; what has parts of any length travels as a GVariant.
 *
 *   emulator -> maker   request: one packet, or several for a long one; an operation, a tag, a GVariant
 *   maker -> emulator   reply: one packet, or several where it carries more descriptors than one may (SCM_MAX_FD, 253)
 */
#pragma once

#include "network/hosts/hosts.h"

typedef enum {
    VCB_WIRE_CREATE,
    VCB_WIRE_SET_INTERFACE,
    VCB_WIRE_COUNT,
    VCB_WIRE_REMOVE,
    VCB_WIRE_END, /* no reply: the maker ends */
} VcbWireOperation;

#define VCB_WIRE_HOSTS_TYPE G_VARIANT_TYPE("a(sa(sa(byay)iib))") /* vcb_wire_pack_hosts */
#define VCB_WIRE_INTERFACE_TYPE G_VARIANT_TYPE("(sss)")          /* host, down, up ("": none) */

#define VCB_WIRE_PACKET 32768 /* bytes of a packet, at most: a socket's default buffer holds several */
#define VCB_WIRE_PROBLEM 3072 /* bytes of a problem's text */
#define VCB_WIRE_DESCRIPTORS 250

typedef struct {
    guint8 operation; /* VcbWireOperation */
    guint8 continues; /* another packet of the same request follows */
    guint64 tag;
} VcbWireRequest; /* followed by a piece of the GVariant's data */

typedef struct {
    guint8 type;                /* VcbHostsReplyType; of the first reply (the greeting) without meaning */
    guint8 continues;           /* another packet, with further descriptors of the same reply, follows */
    guint8 backend, namespaces; /* of the greeting */
    guint32 n_hosts, n_ports;
    guint32 first_number; /* of the network's first interface: link addresses follow from it */
    guint64 tag, tx_dropped;
    char problem[VCB_WIRE_PROBLEM]; /* "": none */
} VcbWireReply;

/* New, floating. */
GVariant *vcb_wire_pack_hosts(const VcbNetworkDescription *description);
/* A description with hosts only. NULL: not what pack made. */
VcbNetworkDescription *vcb_wire_unpack_hosts(GVariant *hosts);
void vcb_wire_free_hosts(VcbNetworkDescription *description);

/* The link address of the host's interface that has this number. */
void vcb_wire_link_address(guint number, guint8 ret_address[6]);

/* One packet with descriptors. FALSE and errno. */
gboolean vcb_wire_send(int socket, gconstpointer data, gsize size, const int *fds, guint n_fds);
/* One packet into data; its length, 0: the other side is gone, -1: errno. Descriptors (close-on-exec) are appended to `fds`, an array of int;
 * NULL: they are closed. */
gssize vcb_wire_receive(int socket, gpointer data, gsize size, GArray *fds);
