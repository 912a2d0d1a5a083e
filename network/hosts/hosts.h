/* Hosts: network namespaces with interfaces, made by a process of their own, the host maker (docs/network-emulator.md). This is
 * the emulator's side. The maker is forked before the emulator has any thread, and ends with it. */
#pragma once

#include "network/internet/description.h"

typedef enum { VCB_BACKEND_AUTO, VCB_BACKEND_TUN, VCB_BACKEND_VETH } VcbBackend;
typedef enum { VCB_NAMESPACES_AUTO, VCB_NAMESPACES_ROOT, VCB_NAMESPACES_USER } VcbNamespaces;

typedef struct VcbHosts VcbHosts;

/* The emulator's end of one interface. */
typedef struct {
    VcbBackend backend;
    int fd; /* non-blocking; readable when the host has sent something */
    guint8 link_address[6]; /* of veth: the host's */
} VcbHostPort;

/* Fork the maker, let it find out what works here (AUTO: TUN before veth, root before user), and wait for its answer,
 * a few ms. The error (VCB_ERROR_INVALID) says what is closed on this machine and what opens it. */
VcbHosts *vcb_hosts_start(VcbBackend backend, VcbNamespaces namespaces, GError **error);
/* Everything is let go, as the end of the process would. The networks' ports are better closed before. NULL is fine. */
void vcb_hosts_free(VcbHosts *hosts);

VcbBackend vcb_hosts_backend(const VcbHosts *hosts);       /* what is used: TUN or VETH */
VcbNamespaces vcb_hosts_namespaces(const VcbHosts *hosts); /* ROOT or USER */
int vcb_hosts_user_namespace_fd(const VcbHosts *hosts);    /* -1 with ROOT; stays the hosts' */

typedef enum {
    VCB_HOSTS_CREATED,  /* of vcb_hosts_create */
    VCB_HOSTS_CHANGED,  /* of vcb_hosts_set_interface */
    VCB_HOSTS_COUNTED,  /* of vcb_hosts_count_drops */
    VCB_HOSTS_REMOVED,  /* of vcb_hosts_remove */
} VcbHostsReplyType;

typedef struct {
    VcbHostsReplyType type;
    guint64 tag;              /* as handed to the request */
    char *problem;            /* owned; NULL: it worked */
    int *namespace_fds;       /* CREATED: owned array of owned descriptors, one a host in order */
    guint n_hosts;
    VcbHostPort *ports;       /* CREATED: owned array, descriptors owned: one an interface, hosts in order, interfaces in order */
    guint n_ports;
    guint64 tx_dropped;       /* COUNTED: sum over all interfaces of the tag's network, since they were made */
} VcbHostsReply;

/* Requests return at once; replies come in the order of the requests, by vcb_hosts_read. `tag` names the network. */
void vcb_hosts_create(VcbHosts *hosts, guint64 tag, const VcbNetworkDescription *description);
void vcb_hosts_set_interface(VcbHosts *hosts, guint64 tag, const char *host, const char *down, const char *up);
void vcb_hosts_count_drops(VcbHosts *hosts, guint64 tag);
/* Close the network's ports before: whoever closes a packet socket last waits 10 ms in the kernel, and the maker has the time. */
void vcb_hosts_remove(VcbHosts *hosts, guint64 tag);

/* Readable when a reply is there. */
int vcb_hosts_fd(const VcbHosts *hosts);
/* One reply, or FALSE: none there now, or (with an error) the maker is gone. Clear it with vcb_hosts_reply_clear, which closes
 * the descriptors that were not taken (set them to -1 to take them). */
gboolean vcb_hosts_read(VcbHosts *hosts, VcbHostsReply *ret_reply, GError **error);
void vcb_hosts_reply_clear(VcbHostsReply *reply);

/* One IP packet from / to a host. read: bytes, 0: nothing there now, -1: the interface is gone (errno). write: FALSE: it took
 * no more (errno). */
gssize vcb_host_port_read(VcbHostPort *port, guint8 *data, gsize size);
gboolean vcb_host_port_write(VcbHostPort *port, const guint8 *data, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbHosts, vcb_hosts_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbHostsReply, vcb_hosts_reply_clear)
