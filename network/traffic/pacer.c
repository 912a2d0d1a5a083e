#include "network/traffic/pacer.h"

#include <math.h>

void vcb_pacer_init(VcbPacer *pacer, gint64 start_ns, double rate_bps, guint size)
{
    *pacer = (VcbPacer){.start_ns = (double)start_ns, .gap_ns = size * 8e9 / rate_bps};
}

/* By multiplication, so that rounding never adds up. */
static double due_ns(const VcbPacer *pacer, guint64 slot)
{
    return pacer->start_ns + (double)slot * pacer->gap_ns;
}

gint64 vcb_pacer_next_ns(const VcbPacer *pacer)
{
    return (gint64)ceil(due_ns(pacer, pacer->slot));
}

guint vcb_pacer_take(VcbPacer *pacer, gint64 now_ns)
{
    double behind_ns = (double)now_ns - due_ns(pacer, pacer->slot);
    guint64 most = (guint64)ceil((double)VCB_PACER_TICK_NS / pacer->gap_ns) + 1;
    guint64 due;

    if (behind_ns < 0)
        return 0;
    if (behind_ns > (double)VCB_PACER_GIVE_UP_NS) {
        guint64 given_up = (guint64)(behind_ns / pacer->gap_ns);

        pacer->skipped += given_up;
        pacer->slot += given_up;
        behind_ns -= (double)given_up * pacer->gap_ns;
    }
    due = MIN((guint64)(behind_ns / pacer->gap_ns) + 1, most);
    pacer->slot += due;
    return (guint)due;
}
