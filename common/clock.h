/* Time. Every stamp in vcbench is int64_t microseconds of CLOCK_MONOTONIC, which all processes of one machine
 * share, so that differences between processes are exact. Safe from any thread. */
#pragma once

#include <glib.h>

/* Now, in microseconds of CLOCK_MONOTONIC. */
gint64 vcb_clock_now_us(void);

/* The wall clock as "2026-11-23T04:05:06Z", or in the form that suits a folder's name ("20261123T040506Z").
 * New string. */
char *vcb_clock_utc_iso(void);
char *vcb_clock_utc_compact(void);
