/* The messages of the signaling protocol (docs/signaling.md): reading and checking what a client sent, and
 * writing what the server says. Pure: no sockets, no rooms.
 *
 *   text -> UTF-8? -> JSON object? -> a type that a client may send? -> its fields -> VcbSignal
 */
#pragma once

#include "common/json.h"

typedef enum {
    VCB_SIGNAL_READY,
    VCB_SIGNAL_OFFER,
    VCB_SIGNAL_ANSWER,
    VCB_SIGNAL_ICE_CANDIDATE,
    VCB_SIGNAL_USER_COUNT,
    VCB_SIGNAL_START_CALL,
    VCB_SIGNAL_ERROR,
    VCB_N_SIGNALS,
} VcbSignalType;

/* Why a client is refused something; the names are the `code` of an `error` message. */
typedef enum {
    VCB_REFUSAL_BAD_MESSAGE,
    VCB_REFUSAL_UNKNOWN_TYPE,
    VCB_REFUSAL_TOO_LARGE,
    VCB_REFUSAL_TOO_MANY,
    VCB_REFUSAL_TOO_SLOW,
    VCB_REFUSAL_ROOM_FULL,
    VCB_REFUSAL_NO_SUCH_PEER,
    VCB_REFUSAL_UNAUTHORIZED,
    VCB_N_REFUSALS,
} VcbRefusal;

/* The longest name of a peer or a room, in bytes. */
#define VCB_LONGEST_NAME 64

typedef struct {
    VcbSignalType type;
    gboolean end_of_candidates; /* an ice-candidate whose candidate is "" */
    const char *to;             /* owned by json; NULL: everyone else */
    cJSON *json;                /* owned */
} VcbSignal;

/* Read one message of a client. Where it is not one, ret_refusal says which kind of mistake it is and
 * ret_reason (a new string) says it in words. */
gboolean vcb_signal_parse(const char *text, gsize length, VcbSignal *ret_signal, VcbRefusal *ret_refusal,
                          char **ret_reason);
void vcb_signal_clear(VcbSignal *signal);

/* Whether it is passed on to other peers. */
gboolean vcb_signal_is_relayed(VcbSignalType type);

/* "offer"; and its kind for rules, which tells "end-of-candidates" from "ice-candidate". Static strings. */
const char *vcb_signal_type_name(VcbSignalType type);
const char *vcb_signal_kind(const VcbSignal *signal);

/* The message as it is relayed, with the true sender in `from`. New string. */
char *vcb_signal_print_from(VcbSignal *signal, const char *from);

/* What the server says; `peers` is NULL-terminated. New strings. */
char *vcb_signal_print_user_count(const char *you, const char *const *peers);
char *vcb_signal_print_start_call(const char *you, const char *const *peers, gboolean initiator);
char *vcb_signal_print_error(VcbRefusal refusal, const char *message);

const char *vcb_refusal_name(VcbRefusal refusal);

/* 1 to VCB_LONGEST_NAME letters, digits, '-', '_' and '.', not beginning with a '.'. */
gboolean vcb_name_is_valid(const char *name);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbSignal, vcb_signal_clear)
