/* Numbers as people read them: three or four digits and a unit of a fitting size. */
#pragma once

#include <glib.h>

/* "812 ms", "1.23 Mbit/s", "40.1 MiB", "0.52 %", "29.9 frames/s", "4". Units as in metric_table.h. "–" for
 * NAN. New string. */
char *vcb_quantity(double value, const char *unit);

/* The number alone, short, in machines' notation: "0.25", "812.406"; up to six decimals. New string. */
char *vcb_number(double value);
