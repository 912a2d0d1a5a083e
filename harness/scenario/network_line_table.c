/* The rows of a link's direction: of `network.link` and wherever else one is written, and of the changes that
 * `network.timeline` makes to one. */
#include "harness/scenario/network_table.h"
#include "harness/scenario/rows.h"

/* The children of a row that is read into a whole line count from the line. */
#define IN_LINE(field) offsetof(VcbLineText, field)

static const VcbSetting RATE_STEPS[] = {
    {.key = "at",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = offsetof(VcbRateStepSettings, at_us),
     .low = 0,
     .high = 86400 * S,
     .required_where = "*",
     .description = "from then on; counted from connected at both peers"},
    {.key = "rate",
     .type = VCB_TYPE_NUMBER,
     .unit = VCB_UNIT_RATE,
     .offset = offsetof(VcbRateStepSettings, rate_bps),
     .low = 1 * KBPS,
     .high = 100000 * MBPS,
     .zero = "unlimited",
     .required_where = "*",
     .description = "the capacity"},
    {0},
};

static const VcbSetting JITTER[] = {
    {.key = "distribution",
     .type = VCB_TYPE_CHOICE,
     .offset = IN_LINE(line.jitter_distribution),
     .fallback = "uniform",
     .choices = WORDS("uniform", "normal", "pareto"),
     .description = "`uniform`: to both sides, at most by `amount`; `normal`: with this standard deviation; "
                    "`pareto`: only later, with this mean"},
    {.key = "amount",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = IN_LINE(line.jitter_us),
     .low = 0,
     .high = 10 * S,
     .description = "how much; required in a mapping"},
    {.key = "limit",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = IN_LINE(line.jitter_limit_us),
     .fallback = "auto",
     .low = 1,
     .high = 60 * S,
     .zero = "auto",
     .selector = "distribution",
     .applies = WORDS("normal", "pareto"),
     .description = "never more; `auto`: 3 times the amount (normal), 10 times (pareto)"},
    {.key = "shape",
     .type = VCB_TYPE_NUMBER,
     .offset = IN_LINE(line.jitter_shape),
     .fallback = "3",
     .low = 1.1,
     .high = 100,
     .reason = "below, there is no mean",
     .selector = "distribution",
     .applies = WORDS("pareto"),
     .description = "the smaller, the longer the tail"},
    {.key = "reorder",
     .type = VCB_TYPE_BOOL,
     .offset = IN_LINE(line.jitter_reorder),
     .fallback = "false",
     .description = "whether a packet may overtake another by it"},
    {0},
};

static const VcbSetting LOSS[] = {
    {.key = "rate",
     .type = VCB_TYPE_FRACTION,
     .unit = VCB_UNIT_PERCENT,
     .offset = IN_LINE(loss_rate),
     .low = 0,
     .high = 100,
     .description = "long-run share of lost packets"},
    {.key = "burst",
     .type = VCB_TYPE_NUMBER,
     .offset = IN_LINE(loss_burst),
     .low = 1,
     .high = 10000,
     .reason = "a burst is at least one packet",
     .description =
         "mean length of a run of losses, in packets (`by: time`: in slots); without it each packet is "
         "lost or not by itself"},
    {.key = "p",
     .type = VCB_TYPE_FRACTION,
     .unit = VCB_UNIT_PERCENT,
     .offset = IN_LINE(line.loss_p),
     .low = 0,
     .high = 100,
     .description = "Gilbert-Elliott, in place of `rate`: from good to bad"},
    {.key = "r",
     .type = VCB_TYPE_FRACTION,
     .unit = VCB_UNIT_PERCENT,
     .offset = IN_LINE(line.loss_r),
     .low = 0,
     .high = 100,
     .description = "from bad to good"},
    {.key = "h",
     .type = VCB_TYPE_FRACTION,
     .unit = VCB_UNIT_PERCENT,
     .offset = IN_LINE(line.loss_h),
     .low = 0,
     .high = 100,
     .description = "what gets through in bad; without it 0%"},
    {.key = "k",
     .type = VCB_TYPE_FRACTION,
     .unit = VCB_UNIT_PERCENT,
     .offset = IN_LINE(line.loss_k),
     .low = 0,
     .high = 100,
     .description = "what gets through in good; without it 100%"},
    {.key = "by",
     .type = VCB_TYPE_CHOICE,
     .offset = IN_LINE(line.loss_by),
     .fallback = "packet",
     .choices = WORDS("packet", "time"),
     .description =
         "when the state moves: with each packet, or once each `slot`, so that different engines meet the "
         "same bad moments"},
    {.key = "slot",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = IN_LINE(line.loss_slot_us),
     .fallback = "10ms",
     .low = 1 * MS,
     .high = 60 * S,
     .selector = "by",
     .applies = WORDS("time"),
     .description = "how long a state lasts at least"},
    {0},
};

static const VcbSetting REORDER[] = {
    {.key = "rate",
     .type = VCB_TYPE_FRACTION,
     .unit = VCB_UNIT_PERCENT,
     .offset = IN_LINE(line.reorder_rate),
     .low = 0,
     .high = 100,
     .description = "share of packets; required in a mapping"},
    {.key = "delay",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = IN_LINE(line.reorder_delay_us),
     .fallback = "20ms",
     .low = 1 * MS,
     .high = 10 * S,
     .description = "how long they are held back"},
    {0},
};

/* STRUCT has a VcbLineText at AT, which ends with a point or is empty. DEFAULT(text): the default, or NULL where
 * only what is written counts. Behind it comes what all rows have besides. */
#define LINK_ROWS(STRUCT, AT, DEFAULT, ...)                                                                  \
    {.key = "rate",                                                                                          \
     .type = VCB_TYPE_NUMBER,                                                                                \
     .unit = VCB_UNIT_RATE,                                                                                  \
     .offset = offsetof(STRUCT, AT line.rate_bps),                                                           \
     .fallback = DEFAULT("unlimited"),                                                                       \
     .low = 1 * KBPS,                                                                                        \
     .high = 100000 * MBPS,                                                                                  \
     .zero = "unlimited",                                                                                    \
     .description = "capacity, of IP packets",                                                               \
     __VA_ARGS__},                                                                                           \
        {.key = "rate_steps",                                                                                \
         .type = VCB_TYPE_LIST,                                                                              \
         .offset = offsetof(STRUCT, AT line.rate_steps),                                                     \
         .count_offset = offsetof(STRUCT, AT line.n_rate_steps),                                             \
         .item_size = sizeof(VcbRateStepSettings),                                                           \
         .children = RATE_STEPS,                                                                             \
         .description = "capacity that changes; until the first step it is `rate`",                          \
         __VA_ARGS__},                                                                                       \
        {.key = "trace",                                                                                     \
         .type = VCB_TYPE_STRING,                                                                            \
         .offset = offsetof(STRUCT, AT line.trace),                                                          \
         .pattern = ".",                                                                                     \
         .form = "a file's name",                                                                            \
         .description =                                                                                      \
             "capacity by a file in Mahimahi's format: a millisecond a line, at which 1500 bytes may "       \
             "leave, again and again; beside the scenario, or from the folder where vcbench is "             \
             "started",                                                                                      \
         __VA_ARGS__},                                                                                       \
        {.key = "queue",                                                                                     \
         .type = VCB_TYPE_QUEUE,                                                                             \
         .offset = offsetof(STRUCT, AT line.queue_unit),                                                     \
         .fallback = DEFAULT("1000"),                                                                        \
         .description = "what waits for capacity, at most: a time at the present rate, bytes, or packets",   \
         __VA_ARGS__},                                                                                       \
        {.key = "discipline",                                                                                \
         .type = VCB_TYPE_CHOICE,                                                                            \
         .offset = offsetof(STRUCT, AT line.discipline),                                                     \
         .fallback = DEFAULT("drop-tail"),                                                                   \
         .choices = WORDS("drop-tail", "codel"),                                                             \
         .description = "of the queue; `codel`: RFC 8289",                                                   \
         __VA_ARGS__},                                                                                       \
        {.key = "codel_target",                                                                              \
         .type = VCB_TYPE_WHOLE,                                                                             \
         .unit = VCB_UNIT_TIME,                                                                              \
         .offset = offsetof(STRUCT, AT line.codel_target_us),                                                \
         .fallback = DEFAULT("5ms"),                                                                         \
         .low = 1,                                                                                           \
         .high = 10 * S,                                                                                     \
         .description = "of `codel`: the delay that a queue may keep",                                       \
         __VA_ARGS__},                                                                                       \
        {.key = "codel_interval",                                                                            \
         .type = VCB_TYPE_WHOLE,                                                                             \
         .unit = VCB_UNIT_TIME,                                                                              \
         .offset = offsetof(STRUCT, AT line.codel_interval_us),                                              \
         .fallback = DEFAULT("100ms"),                                                                       \
         .low = 1 * MS,                                                                                      \
         .high = 60 * S,                                                                                     \
         .description = "of `codel`: for so long before it drops",                                           \
         __VA_ARGS__},                                                                                       \
        {.key = "delay",                                                                                     \
         .type = VCB_TYPE_WHOLE,                                                                             \
         .unit = VCB_UNIT_TIME,                                                                              \
         .offset = offsetof(STRUCT, AT line.delay_us),                                                       \
         .fallback = DEFAULT("0s"),                                                                          \
         .low = 0,                                                                                           \
         .high = 60 * S,                                                                                     \
         .description = "propagation, one way",                                                              \
         __VA_ARGS__},                                                                                       \
        {.key = "jitter",                                                                                    \
         .type = VCB_TYPE_SHORT,                                                                             \
         .offset = offsetof(STRUCT, AT line),                                                                \
         .fallback = DEFAULT("0s"),                                                                          \
         .children = JITTER,                                                                                 \
         .short_key = "amount",                                                                              \
         .description = "delay that differs from packet to packet",                                          \
         __VA_ARGS__},                                                                                       \
        {.key = "loss",                                                                                      \
         .type = VCB_TYPE_SHORT,                                                                             \
         .offset = offsetof(STRUCT, AT line),                                                                \
         .fallback = DEFAULT("0%"),                                                                          \
         .children = LOSS,                                                                                   \
         .short_key = "rate",                                                                                \
         .description = "losses, one by one or in bursts",                                                   \
         __VA_ARGS__},                                                                                       \
        {.key = "reorder",                                                                                   \
         .type = VCB_TYPE_SHORT,                                                                             \
         .offset = offsetof(STRUCT, AT line),                                                                \
         .fallback = DEFAULT("0%"),                                                                          \
         .children = REORDER,                                                                                \
         .short_key = "rate",                                                                                \
         .description = "packets that are held back, and overtaken",                                         \
         __VA_ARGS__},                                                                                       \
        {.key = "duplicate",                                                                                 \
         .type = VCB_TYPE_FRACTION,                                                                          \
         .unit = VCB_UNIT_PERCENT,                                                                           \
         .offset = offsetof(STRUCT, AT line.duplicate_rate),                                                 \
         .fallback = DEFAULT("0%"),                                                                          \
         .low = 0,                                                                                           \
         .high = 100,                                                                                        \
         .description = "share that arrives twice",                                                          \
         __VA_ARGS__},                                                                                       \
        {.key = "corrupt",                                                                                   \
         .type = VCB_TYPE_FRACTION,                                                                          \
         .unit = VCB_UNIT_PERCENT,                                                                           \
         .offset = offsetof(STRUCT, AT line.corrupt_rate),                                                   \
         .fallback = DEFAULT("0%"),                                                                          \
         .low = 0,                                                                                           \
         .high = 100,                                                                                        \
         .description = "share that arrives with a flipped bit",                                             \
         __VA_ARGS__},                                                                                       \
        {.key = "mtu",                                                                                       \
         .type = VCB_TYPE_INT,                                                                               \
         .offset = offsetof(STRUCT, AT line.mtu),                                                            \
         .fallback = DEFAULT("none"),                                                                        \
         .low = 576,                                                                                         \
         .high = 9000,                                                                                       \
         .reason = "every host takes 576 bytes (RFC 791)",                                                   \
         .zero = "none",                                                                                     \
         .description = "longer packets are dropped",                                                        \
         __VA_ARGS__},                                                                                       \
        {.key = "mtu_icmp",                                                                                  \
         .type = VCB_TYPE_BOOL,                                                                              \
         .offset = offsetof(STRUCT, AT line.mtu_icmp),                                                       \
         .fallback = DEFAULT("true"),                                                                        \
         .description = "whether their sender is told; `false` makes a black hole",                          \
         __VA_ARGS__},                                                                                       \
    {                                                                                                        \
        .key = "state", .type = VCB_TYPE_CHOICE, .offset = offsetof(STRUCT, AT line.state),                  \
        .fallback = DEFAULT("up"), .choices = WORDS("up", "down"),                                           \
        .description = "`down`: nothing comes through", __VA_ARGS__                                          \
    }

#define ITSELF(text) text
#define NOTHING(text) NULL

const VcbSetting VCB_NETWORK_LINK_TABLE[] = {
    LINK_ROWS(VcbLineText, , ITSELF, .elsewhere = NULL),
    {0},
};

const VcbSetting VCB_NETWORK_TIMELINE_TABLE[] = {
    {.key = "at",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = offsetof(VcbNetworkTimelineText, entry.at_us),
     .low = 0,
     .high = 86400 * S,
     .required_where = "*",
     .description = "when, counted from connected at both peers (`shared`: of all pairs)"},
    {.key = "host",
     .type = VCB_TYPE_PEER_NAME,
     .offset = offsetof(VcbNetworkTimelineText, entry.host),
     .fallback = "all",
     .description = "whose line: a peer's name, `all` or `bottleneck`"},
    {.key = "do",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbNetworkTimelineText, entry.action),
     .fallback = "change",
     .choices = WORDS("change", "down", "up", "handover"),
     .description =
         "`change`: the keys of `network.link` that stand beside it; `down`, `up`: the host loses its "
         "interface and gets it back; `handover`: it loses one and gets the other"},
    {.key = "direction",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbNetworkTimelineText, entry.direction),
     .fallback = "both",
     .choices = WORDS("both", "up", "down"),
     .selector = "do",
     .applies = WORDS("change"),
     .description = "`up`: what the peer sends"},
    {.key = "interface",
     .type = VCB_TYPE_STRING,
     .offset = offsetof(VcbNetworkTimelineText, entry.interface),
     .pattern = "^[a-z][a-z0-9]{0,14}$",
     .form = "an interface's name such as wlan0",
     .description = "which of the host's interfaces, or whose line; default: the first"},
    {.key = "to",
     .type = VCB_TYPE_STRING,
     .offset = offsetof(VcbNetworkTimelineText, entry.to),
     .pattern = "^[a-z][a-z0-9]{0,14}$",
     .form = "an interface's name such as wwan0",
     .selector = "do",
     .applies = WORDS("handover"),
     .required_where = "handover",
     .description = "of `handover`: the interface that comes"},
    LINK_ROWS(VcbNetworkTimelineText, change., NOTHING, .selector = "do", .applies = WORDS("change"),
              .elsewhere = "network.link"),
    {0},
};
