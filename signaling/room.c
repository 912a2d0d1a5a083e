#include "signaling/room.h"

#include <string.h>

struct VcbRoom {
    char *name;
    guint size;
    char **expected;    /* owned; NULL: whoever comes */
    GPtrArray *members; /* owned VcbMembers, in the order in which they came */
    gboolean started;
};

static void member_free(gpointer data)
{
    VcbMember *member = data;

    g_free(member->name);
    g_free(member);
}

VcbRoom *vcb_room_new(const char *name, guint size)
{
    VcbRoom *room = g_new0(VcbRoom, 1);

    g_assert(size >= 1);
    room->name = g_strdup(name);
    room->size = size;
    room->members = g_ptr_array_new_with_free_func(member_free);
    return room;
}

void vcb_room_free(VcbRoom *room)
{
    if (!room)
        return;
    g_ptr_array_unref(room->members);
    g_strfreev(room->expected);
    g_free(room->name);
    g_free(room);
}

void vcb_room_expect(VcbRoom *room, const char *const *names, guint size)
{
    guint n = names ? g_strv_length((char **)(gpointer)names) : 0;

    g_strfreev(room->expected);
    room->expected = n ? g_strdupv((char **)(gpointer)names) : NULL;
    if (size || n)
        room->size = MAX(size, n);
    room->started = FALSE;
}

VcbMember *vcb_room_find(const VcbRoom *room, const char *name)
{
    for (guint i = 0; i < room->members->len; i++) {
        VcbMember *member = room->members->pdata[i];

        if (strcmp(member->name, name) == 0)
            return member;
    }
    return NULL;
}

static char *free_name(const VcbRoom *room, const char *wanted)
{
    if (wanted && !vcb_room_find(room, wanted))
        return g_strdup(wanted);
    for (guint i = wanted ? 2 : 1;; i++) {
        /* 48: the suffix must not lead past the longest name. */
        g_autofree char *name =
            wanted ? g_strdup_printf("%.48s-%u", wanted, i) : g_strdup_printf("peer-%u", i);

        if (!vcb_room_find(room, name))
            return g_steal_pointer(&name);
    }
}

/* Places that are kept for expected peers which are not here yet. */
static guint count_awaited(const VcbRoom *room)
{
    guint n = 0;

    for (char **name = room->expected; name && *name; name++)
        n += !vcb_room_find(room, *name);
    return n;
}

VcbMember *vcb_room_join(VcbRoom *room, const char *wanted_name, gpointer client)
{
    g_autofree char *name = free_name(room, wanted_name);
    gboolean is_awaited = room->expected && g_strv_contains((const char *const *)room->expected, name);
    VcbMember *member;

    if (room->members->len >= room->size)
        return NULL;
    if (!is_awaited && room->members->len + count_awaited(room) >= room->size)
        return NULL;
    member = g_new0(VcbMember, 1);
    member->room = room;
    member->name = g_steal_pointer(&name);
    member->client = client;
    g_ptr_array_add(room->members, member);
    return member;
}

void vcb_room_leave(VcbRoom *room, VcbMember *member)
{
    room->started = FALSE;
    g_ptr_array_remove(room->members, member);
}

static gboolean all_are_ready(const VcbRoom *room)
{
    guint ready = 0;

    for (char **name = room->expected; name && *name; name++) {
        const VcbMember *member = vcb_room_find(room, *name);

        if (!member || !member->ready)
            return FALSE;
    }
    if (room->expected)
        return TRUE;
    for (guint i = 0; i < room->members->len; i++)
        ready += ((VcbMember *)room->members->pdata[i])->ready ? 1 : 0;
    return ready >= room->size;
}

gboolean vcb_room_ready(VcbRoom *room, VcbMember *member)
{
    member->ready = TRUE;
    if (room->started || !all_are_ready(room))
        return FALSE;
    room->started = TRUE;
    return TRUE;
}

VcbMember *vcb_room_initiator(const VcbRoom *room)
{
    VcbMember *first = room->expected ? vcb_room_find(room, room->expected[0]) : NULL;

    return first ? first : room->members->len ? room->members->pdata[0] : NULL;
}

guint vcb_room_count(const VcbRoom *room)
{
    return room->members->len;
}

guint vcb_room_size(const VcbRoom *room)
{
    return room->size;
}

const char *vcb_room_name(const VcbRoom *room)
{
    return room->name;
}

VcbMember *vcb_room_member(const VcbRoom *room, guint index)
{
    return room->members->pdata[index];
}

const char **vcb_room_names(const VcbRoom *room)
{
    const char **names = g_new0(const char *, room->members->len + 1);

    for (guint i = 0; i < room->members->len; i++)
        names[i] = ((VcbMember *)room->members->pdata[i])->name;
    return names;
}

const char **vcb_room_names_for_call(const VcbRoom *room)
{
    const char **names = g_new0(const char *, room->members->len + 1);
    guint n = 0;

    for (char **expected = room->expected; expected && *expected; expected++) {
        const VcbMember *member = vcb_room_find(room, *expected);

        if (member)
            names[n++] = member->name;
    }
    for (guint i = 0; i < room->members->len; i++) {
        const char *name = ((VcbMember *)room->members->pdata[i])->name;

        if (!room->expected || !g_strv_contains((const char *const *)room->expected, name))
            names[n++] = name;
    }
    return names;
}
