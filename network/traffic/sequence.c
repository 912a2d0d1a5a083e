#include "network/traffic/sequence.h"

#include <string.h>

static guint64 *word_of(VcbSequence *sequence, guint64 number)
{
    return &sequence->seen[number % VCB_SEQUENCE_WINDOW / 64];
}

/* The window moves on: what it now holds has not been seen. */
static void move_to(VcbSequence *sequence, guint64 number)
{
    guint64 from = sequence->begun ? sequence->highest + 1 : 0;

    if (number - from >= VCB_SEQUENCE_WINDOW) {
        memset(sequence->seen, 0, sizeof sequence->seen);
    } else {
        for (guint64 i = from; i <= number; i++)
            *word_of(sequence, i) &= ~(G_GUINT64_CONSTANT(1) << (i % 64));
    }
    sequence->highest = number;
    sequence->begun = TRUE;
}

void vcb_sequence_add(VcbSequence *sequence, guint64 number)
{
    guint64 bit = G_GUINT64_CONSTANT(1) << (number % 64);

    if (!sequence->begun || number > sequence->highest) {
        move_to(sequence, number);
    } else if (sequence->highest - number < VCB_SEQUENCE_WINDOW && (*word_of(sequence, number) & bit)) {
        sequence->duplicated++;
        return;
    } else {
        sequence->reordered++;
    }
    if (sequence->highest - number < VCB_SEQUENCE_WINDOW)
        *word_of(sequence, number) |= bit;
    sequence->received++;
}

guint64 vcb_sequence_lost(const VcbSequence *sequence)
{
    guint64 expected = sequence->begun ? sequence->highest + 1 : 0;

    return expected - MIN(sequence->received, expected);
}
