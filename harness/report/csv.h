/* Cells of a CSV file, RFC 4180. */
#pragma once

#include <glib.h>

/* Quoted where it must be, quotes doubled (section 2). */
void vcb_csv_text(GString *out, const char *text);

/* A comma and the number; only the comma where it is not finite. */
void vcb_csv_number(GString *out, double value);
