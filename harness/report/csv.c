#include "harness/report/csv.h"

#include "harness/report/quantity.h"

#include <math.h>
#include <string.h>

void vcb_csv_text(GString *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        g_string_append(out, text);
        return;
    }
    g_string_append_c(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            g_string_append_c(out, '"');
        g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

void vcb_csv_number(GString *out, double value)
{
    g_autofree char *number = isfinite(value) ? vcb_number(value) : g_strdup("");

    g_string_append_c(out, ',');
    g_string_append(out, number);
}
