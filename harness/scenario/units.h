/* Quantities as people write them: 30s, 800kbps, 64KiB, 440Hz, 1.5%, 640x360.
 *
 * Base units: time in us, rates in bit/s, sizes in bytes, frequencies in Hz, percent in percent. Decimal
 * prefixes are decimal (kbps = 1000 bit/s), binary ones binary (KiB = 1024 bytes). Case does not matter. A
 * number without a unit is refused, but for 0, which is 0 in every unit. */
#pragma once

#include <glib.h>

typedef enum {
    VCB_UNIT_NONE, /* a plain decimal number */
    VCB_UNIT_TIME,
    VCB_UNIT_RATE,
    VCB_UNIT_BYTES,
    VCB_UNIT_FREQUENCY,
    VCB_UNIT_PERCENT,
} VcbUnit;

/* Read a quantity into its base unit. Time, rates and sizes are rounded to whole base units. The error
 * (VCB_ERROR_USAGE) says what is wrong and shows the form. *ret_value is untouched then. */
gboolean vcb_units_parse(VcbUnit unit, const char *text, double *ret_value, GError **error);

/* Read "640x360". */
gboolean vcb_units_parse_size(const char *text, int *ret_width, int *ret_height, GError **error);

/* The largest unit that says it in whole numbers ("90s", "1500ms"), or the shortest decimal that reads back
 * the same. New string; vcb_units_parse() gives the same value again. */
char *vcb_units_format(VcbUnit unit, double value);

/* Examples for people: "5s, 200ms or 2m". */
const char *vcb_units_examples(VcbUnit unit);

/* ECMA 262 regular expression of what is accepted, for the JSON schema. */
const char *vcb_units_pattern(VcbUnit unit);
