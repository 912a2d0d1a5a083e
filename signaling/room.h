/* A room: who is in it, who is ready, and when a call starts. Pure: no sockets, no messages.
 *
 *   (empty) -- join --> members -- ready, by all that are expected --> started -- one leaves --> members
 *
 * A member stays ready while others come and go, so that a call starts anew as soon as the one that left is
 * back and ready. */
#pragma once

#include <glib.h>

typedef struct VcbRoom VcbRoom;

typedef struct {
    VcbRoom *room; /* no-ref */
    char *name;
    gboolean ready;
    gpointer client; /* the caller's */
} VcbMember;

/* A room for `size` peers (at least 1), of which all must be ready for a call. */
VcbRoom *vcb_room_new(const char *name, guint size);
void vcb_room_free(VcbRoom *room);

/* Expect these peers: a place is kept for each, a call starts once all of them are ready, and the first one
 * initiates. size 0: as many as are expected. Whoever is in the room already stays. */
void vcb_room_expect(VcbRoom *room, const char *const *names, guint size);

/* Let somebody in under the name that is wanted; where that is NULL or taken, under one that is made up.
 * NULL: the room is full, or its free places are kept for others. The room owns the member. */
VcbMember *vcb_room_join(VcbRoom *room, const char *wanted_name, gpointer client);

/* Remove and free the member. */
void vcb_room_leave(VcbRoom *room, VcbMember *member);

/* This member is ready. TRUE: with that, a call starts now. Said again, it changes nothing. */
gboolean vcb_room_ready(VcbRoom *room, VcbMember *member);

/* The one that initiates: the first expected peer, else the one that came first. NULL in an empty room. */
VcbMember *vcb_room_initiator(const VcbRoom *room);

VcbMember *vcb_room_find(const VcbRoom *room, const char *name);
guint vcb_room_count(const VcbRoom *room);
guint vcb_room_size(const VcbRoom *room);
const char *vcb_room_name(const VcbRoom *room);

/* The members in the order in which they came; valid until somebody joins or leaves. */
VcbMember *vcb_room_member(const VcbRoom *room, guint index);

/* NULL-terminated names, in the order in which they came; or in the order of a call: the initiator first. The
 * array is the caller's (g_free), the names are the members'. */
const char **vcb_room_names(const VcbRoom *room);
const char **vcb_room_names_for_call(const VcbRoom *room);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbRoom, vcb_room_free)
