#include "network/internet/fragments.h"

#include <string.h>

#define PLACES 128
#define LIFETIME_NS G_GINT64_CONSTANT(30000000000)

typedef struct {
    guint8 source[16], destination[16];
    guint32 id;
    guint8 protocol;
    gboolean is_v6;
    gint64 until_ns;
    VcbFragmentPath path;
} Entry;

struct VcbFragments {
    Entry entries[PLACES]; /* a ring: the oldest gives way */
    guint next, n;
};

VcbFragments *vcb_fragments_new(void)
{
    return g_new0(VcbFragments, 1);
}

void vcb_fragments_free(VcbFragments *fragments)
{
    g_free(fragments);
}

static Entry *find(const VcbFragments *fragments, const VcbIp *ip)
{
    for (guint i = 0; i < fragments->n; i++) {
        const Entry *entry = &fragments->entries[i];

        if (entry->id == ip->fragment_id && entry->protocol == ip->protocol && entry->is_v6 == ip->is_v6 &&
            memcmp(entry->source, ip->source, sizeof entry->source) == 0 &&
            memcmp(entry->destination, ip->destination, sizeof entry->destination) == 0)
            return (Entry *)entry;
    }
    return NULL;
}

void vcb_fragments_add(VcbFragments *fragments, const VcbIp *ip, const VcbFragmentPath *path, gint64 now_ns)
{
    Entry *entry = find(fragments, ip);

    if (!entry) {
        entry = &fragments->entries[fragments->next];
        fragments->next = (fragments->next + 1) % PLACES;
        fragments->n = MIN(fragments->n + 1, PLACES);
    }
    *entry = (Entry){
        .id = ip->fragment_id,
        .protocol = ip->protocol,
        .is_v6 = ip->is_v6,
        .until_ns = now_ns + LIFETIME_NS,
        .path = *path,
    };
    memcpy(entry->source, ip->source, sizeof entry->source);
    memcpy(entry->destination, ip->destination, sizeof entry->destination);
}

const VcbFragmentPath *vcb_fragments_find(const VcbFragments *fragments, const VcbIp *ip, gint64 now_ns)
{
    const Entry *entry = find(fragments, ip);

    return entry && entry->until_ns > now_ns ? &entry->path : NULL;
}
