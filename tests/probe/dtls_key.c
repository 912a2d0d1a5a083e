/* The DTLS plugin makes one key and certificate for the whole process when its first element is made, and
 * keeps it while one lives: peers/gst/peer.c makes a dtlsdec before it says `ready`, so that the key's 100 to
 * 700 ms are not part of the call. */
#include "tests/probe/probe.h"

#include <gst/gst.h>
#include <string.h>

int main(void)
{
    GstElement *elements[2];
    gint64 took_us[2];
    g_autofree char *first = NULL, *second = NULL;

    gst_init(NULL, NULL);
    for (int i = 0; i < 2; i++) {
        gint64 began_us = g_get_monotonic_time();

        elements[i] = gst_element_factory_make("dtlsdec", NULL);
        PROBE_SKIP_IF(!elements[i], "no dtlsdec: install gstreamer1.0-plugins-bad");
        gst_object_ref_sink(elements[i]);
        took_us[i] = g_get_monotonic_time() - began_us;
    }
    g_object_get(elements[0], "pem", &first, NULL);
    g_object_get(elements[1], "pem", &second, NULL);
    PROBE_FOUND("first dtlsdec: %.1f ms, second: %.3f ms\n", (double)took_us[0] / 1000,
                (double)took_us[1] / 1000);
    PROBE_EXPECT(first && strstr(first, "BEGIN CERTIFICATE"), "a dtlsdec has no certificate");
    PROBE_EXPECT(g_strcmp0(first, second) == 0, "two elements of one process have two certificates");
    PROBE_EXPECT(took_us[1] * 5 < took_us[0], "the second one takes as long: a key is made for each");
    for (int i = 0; i < 2; i++)
        gst_object_unref(elements[i]);
    return 0;
}
