/* The scenario language as data: one row a key. From these rows come the parser and its messages
 * (bind.c), --show (show.c), scenarios/schema.json (json_schema.c) and the key reference of
 * docs/scenario.md (reference.c). */
#pragma once

#include "harness/scenario/scenario.h"
#include "harness/scenario/units.h"

typedef enum {
    /* Scalars, and what they are stored as. */
    VCB_TYPE_STRING,    /* char * */
    VCB_TYPE_CHOICE,    /* char *: one of `choices` */
    VCB_TYPE_ACTION,    /* char *: a timeline action, in one of the ways people write it; normalised */
    VCB_TYPE_PEER_NAME, /* char *: one of the two peers, or the default word */
    VCB_TYPE_BOOL,      /* gboolean */
    VCB_TYPE_INT,       /* int */
    VCB_TYPE_SEED,      /* guint64 */
    VCB_TYPE_WHOLE,     /* gint64 in the base unit of `unit` */
    VCB_TYPE_NUMBER,    /* double in the base unit of `unit` */
    VCB_TYPE_SIZE,      /* int width, int height */
    VCB_TYPE_FRACTION,  /* double from 0 to 1, written in percent */
    VCB_TYPE_QUEUE,     /* char *unit, gint64 limit: "100ms", "64KiB", or packets "50" */
    /* Nodes with children. */
    VCB_TYPE_GROUP,    /* a mapping; the children's offsets count from this row's */
    VCB_TYPE_OPTIONAL, /* a mapping, or `none`; begins with `gboolean enabled` */
    VCB_TYPE_LIST,     /* a list of mappings: pointer at `offset`, guint at `count_offset` */
    VCB_TYPE_STRINGS,  /* a list of strings: char ** */
    VCB_TYPE_ENGINE,   /* the word webrtcbin, or {exec: [...]} */
    VCB_TYPE_PEER,     /* settings for both peers */
    VCB_TYPE_PEERS,    /* two names, each with settings of its own */
    VCB_TYPE_MATRIX,   /* path -> list of values */
    VCB_TYPE_EXPECT,   /* metric -> comparison */
    VCB_TYPE_SHORT,  /* a mapping, or one value, short for its key `short_key`; a later one takes the place of
                          all of an earlier one; the children's offsets count from this row's */
    VCB_TYPE_SHORTS, /* a list of such, or just one: pointer at `offset`, guint at `count_offset` */
    VCB_TYPE_INTS,   /* a list of integers: int * at `offset`, guint at `count_offset` */
    VCB_TYPE_LINK, /* changes to a line, of any number of its keys: laid over each other by network_bind.c */
    VCB_TYPE_NETWORK, /* like SHORT; network_bind.c makes VcbNetworkSettings of it */
    VCB_TYPE_HOSTS,   /* peers' names, each with a SHORT */
} VcbSettingType;

typedef struct VcbSetting VcbSetting;

struct VcbSetting {
    const char *key; /* NULL ends a table */
    VcbSettingType type;
    VcbUnit unit;
    gsize offset;
    const char *fallback; /* the default, as a person would write it; NULL: none */
    double low, high;     /* both allowed, in the base unit; high 0: no range */
    const char *reason;   /* why the range is what it is */
    const char *const *choices;
    const char *zero;    /* the word that stands for 0 */
    const char *pattern; /* of a string: regular expression of ECMA 262 and PCRE alike */
    const char *form;    /* what the pattern asks for, in words */
    const VcbSetting *children;
    const char *short_key;
    gsize item_size, count_offset;
    /* The row means something only where the sibling `selector` has one of the values `applies`, and must be
     * there where it has the value `required_where` ("*": always). */
    const char *selector;
    const char *const *applies;
    const char *required_where;
    gboolean run_wide;     /* one value for the whole run: no matrix over it */
    gboolean secret;       /* --show keeps ${VARIABLES} as they are written */
    const char *elsewhere; /* the same keys are described there ("network.link"), and not again */
    const char *description;
};

/* The language's top level; ends with key NULL. Rows of type PEER and PEERS share one table of children. */
extern const VcbSetting VCB_SETTINGS[];

/* The row of a key in a table, or NULL. */
const VcbSetting *vcb_setting_find(const VcbSetting *table, const char *key);

/* The table's keys, NULL-terminated, for suggestions. Free the array with g_free, not its strings. */
const char **vcb_setting_keys(const VcbSetting *table);

/* Where a key stands in the language, for one written in the wrong place: the groups that have it
 * ("peer.video"),
 * "" for the top level. NULL-terminated; free with g_strfreev. */
char **vcb_setting_locate(const char *key);

/* A scalar's value, whatever its type. */
typedef struct {
    char *text;    /* STRING, CHOICE, ACTION, PEER_NAME; unit of QUEUE; owned */
    gint64 whole;  /* BOOL, INT, SEED, WHOLE; width of SIZE; limit of QUEUE */
    gint64 height; /* of SIZE */
    double number; /* NUMBER; FRACTION, in percent */
} VcbValue;

gboolean vcb_setting_is_scalar(const VcbSetting *setting);

/* The row of the key that a SHORT, SHORTS, NETWORK or HOSTS is short for. */
const VcbSetting *vcb_setting_short(const VcbSetting *setting);

/* Read a scalar of this row and check its range. The error's message is "what is wrong; what was meant".
 * Clear the value with vcb_value_clear. */
gboolean vcb_value_parse(const VcbSetting *setting, const char *text, VcbValue *ret_value, GError **error);
void vcb_value_clear(VcbValue *value);

/* As a person would write it; parsing gives the value back. New string. */
char *vcb_value_format(const VcbSetting *setting, const VcbValue *value);

/* The row's range as text, "1 to 120" or "10kbps to 100Mbps"; NULL where it has none. New string. */
char *vcb_setting_range(const VcbSetting *setting);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbValue, vcb_value_clear)
