#include "harness/report/quantity.h"

#include <math.h>
#include <string.h>

/* About three significant digits, never fewer than the integer part has. */
static char *three_digits(double value)
{
    double size = fabs(value);
    int decimals = size >= 100 || value == round(value) ? 0 : size >= 10 ? 1 : 2;

    return g_strdup_printf("%.*f", decimals, value);
}

char *vcb_quantity(double value, const char *unit)
{
    static const struct {
        const char *unit, *larger;
        double factor;
    } STEPS[] = {
        {"bit/s", "Gbit/s", 1e9}, {"bit/s", "Mbit/s", 1e6}, {"bit/s", "kbit/s", 1e3},
        {"B", "GiB", 1073741824}, {"B", "MiB", 1048576},    {"B", "KiB", 1024},
        {"ms", "s", 10000}, /* the factor says from where on; a second is 1000 ms */
    };
    g_autofree char *number = NULL;

    if (!isfinite(value))
        return g_strdup("–");
    for (gsize i = 0; i < G_N_ELEMENTS(STEPS); i++) {
        if (strcmp(unit, STEPS[i].unit) == 0 && fabs(value) >= STEPS[i].factor) {
            number = three_digits(value / (strcmp(unit, "ms") == 0 ? 1000 : STEPS[i].factor));
            return g_strdup_printf("%s %s", number, STEPS[i].larger);
        }
    }
    number = three_digits(value);
    return *unit ? g_strdup_printf("%s %s", number, unit) : g_steal_pointer(&number);
}

char *vcb_number(double value)
{
    char text[64], *end;

    g_ascii_formatd(text, sizeof text, "%.6f", value);
    end = text + strlen(text) - 1;
    while (*end == '0')
        *end-- = '\0';
    if (*end == '.')
        *end = '\0';
    return g_strdup(strcmp(text, "-0") == 0 ? "0" : text);
}
