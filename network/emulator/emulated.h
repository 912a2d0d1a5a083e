/* What the emulator's own files share: its state, and that of one network. */
#pragma once

#include "network/emulator/emulator.h"

/* The emulator's end of one interface of a host. */
typedef struct {
    VcbEmulator *emulator;   /* no-ref */
    VcbInterface *interface; /* no-ref; NULL once the network is removed */
    VcbHostPort port;        /* descriptor owned */
    VcbLoopWatch *watch;     /* NULL: not listened to */
} VcbPort;

typedef enum {
    VCB_EMULATED_MAKING, /* its hosts are being made: only `remove` is accepted */
    VCB_EMULATED_RUNNING,
    VCB_EMULATED_REMOVING, /* its links are gone, its hosts are being let go */
} VcbEmulatedState;

struct VcbEmulatedNetwork {
    VcbEmulator *emulator; /* no-ref */
    guint64 tag;           /* of requests to the host maker */
    VcbEmulatedState state;
    gboolean remove_when_made;
    gint64 asked_ns;                    /* when `create`, then `remove`, came */
    VcbNetworkDescription *description; /* owned */
    VcbNetwork *network;                /* NULL once removed */
    VcbPort *ports;                     /* owned */
    guint n_ports;
    GPtrArray *links; /* owned VcbLinkObservers */
    gboolean has_started;
    guint mappings_told;
    guint64 tx_dropped;
    GHashTable *capture_routers; /* owned; router's name -> capture interface + 1; NULL: none yet */
    /* Where the reports of this second have got to. */
    guint reported_tick, next_link, next_router;
};

/* A request to the host maker that is under way. Replies come in this order. */
typedef struct {
    VcbEmulatedNetwork *network; /* no-ref: a network lives until its last request is answered */
    cJSON *change;               /* owned; of SET_INTERFACE: the message that tells of it */
} VcbHostsRequest;

struct VcbEmulator {
    VcbLoop *loop;
    VcbHosts *hosts;
    VcbLoopWatch *hosts_watch;
    VcbCapture *capture; /* NULL: none */
    VcbInternet *internet;
    VcbEmulatorCallbacks callbacks;
    void *user_data;
    GPtrArray *networks;        /* owned */
    GHashTable *by_network;     /* VcbNetwork -> VcbEmulatedNetwork */
    VcbEmulatedNetwork *adding; /* inside vcb_internet_add */
    GQueue requests;            /* VcbHostsRequest */
    guint64 last_tag;
    VcbAudit audit;
    guint64 removed_tx_dropped; /* of networks that are gone */
    gint64 next_tick_ns;
    guint n_started;     /* networks whose timeline runs */
    gint64 next_beat_ns; /* VCB_NEVER_NS: none has started */
    guint tick, audited_tick;
    gboolean is_stopping;
};

/* messages.c: {"t_us", "type"}, and of a network "network" and "call". */
cJSON *vcb_message_new(const char *type, gint64 t_ns);
cJSON *vcb_message_of_network(const char *type, gint64 t_ns, const VcbEmulatedNetwork *network);
/* Say it and free it. */
void vcb_emulator_say(VcbEmulator *emulator, cJSON *message);
void vcb_emulator_say_error(VcbEmulator *emulator, const char *network, const char *text);

/* observers.c: what the internet calls. */
extern const VcbInternetEvents vcb_emulator_internet_events;
VcbEmulatedNetwork *vcb_emulated_find(const VcbEmulator *emulator, const char *name);

/* ports.c: takes the descriptors out of the reply. */
void vcb_emulated_open_ports(VcbEmulatedNetwork *network, VcbHostPort *ports, guint n);
void vcb_emulated_close_ports(VcbEmulatedNetwork *network);
gboolean vcb_port_output(VcbInterface *interface, const VcbPacket *packet, gint64 now_ns, void *user_data);
/* Listen (again) to every port of the network that is not listened to. */
void vcb_emulated_listen(VcbEmulatedNetwork *network);

/* emulator.c: have the host maker carry it out, and tell of it then; names are those of interfaces, or NULL. planned_ns
 * VCB_NEVER_NS: a command asked for it, not the timeline. */
void vcb_emulated_ask_for_interface(VcbEmulatedNetwork *network, const char *host, const char *down,
                                    const char *up, gint64 planned_ns);
void vcb_emulated_say_changed_link(VcbEmulatedNetwork *network, const char *router, const char *direction,
                                   const cJSON *set, gint64 planned_ns);

/* reports.c: one slice of what is due this second; TRUE: there is more. */
gboolean vcb_emulator_report_slice(VcbEmulator *emulator);
void vcb_emulated_report_link(VcbEmulatedNetwork *network, VcbLinkObserver *observer, gint64 now_ns,
                              gboolean final);
void vcb_emulated_report_routers_finally(VcbEmulatedNetwork *network);
void vcb_emulator_report_audit(VcbEmulator *emulator, gboolean final);
void vcb_emulator_count_drops(VcbEmulatedNetwork *network);
