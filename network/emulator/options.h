/* What vcbench-net is called with. */
#pragma once

#include "network/hosts/hosts.h"

typedef struct {
    VcbBackend backend;
    VcbNamespaces namespaces;
    char *capture; /* owned; NULL: none */
    gboolean wants_priority;
    gboolean probes;
} VcbNetOptions;

typedef enum { VCB_NET_OPTIONS_RUN, VCB_NET_OPTIONS_EXIT, VCB_NET_OPTIONS_BAD } VcbNetOptionsResult;

/* EXIT: --help or --version was answered. BAD: an error (VCB_ERROR_USAGE). */
VcbNetOptionsResult vcb_net_options_parse(VcbNetOptions *options, int *argc, char ***argv, GError **error);
void vcb_net_options_clear(VcbNetOptions *options);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbNetOptions, vcb_net_options_clear)
