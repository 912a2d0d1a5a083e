#include "peers/gst/sdp.h"

#include <stdlib.h>
#include <string.h>

/* The value of the attribute `key` whose text begins with "PAYLOAD_TYPE ", after the blank; NULL where there
 * is none. */
static const char *attribute_of(const GstSDPMedia *media, const char *key, int payload_type)
{
    for (guint i = 0; i < gst_sdp_media_attributes_len(media); i++) {
        const GstSDPAttribute *attribute = gst_sdp_media_get_attribute(media, i);
        char *end;

        if (!g_str_equal(attribute->key, key) || !attribute->value)
            continue;
        if (strtol(attribute->value, &end, 10) == payload_type && *end == ' ')
            return end + 1;
    }
    return NULL;
}

static gboolean is_media(const char *kind)
{
    return g_strcmp0(kind, "audio") == 0 || g_strcmp0(kind, "video") == 0;
}

void vcb_sdp_for_each_payload(const GstSDPMessage *sdp,
                              void (*callback)(const VcbSdpPayload *payload, gpointer user_data),
                              gpointer user_data)
{
    for (guint i = 0; i < gst_sdp_message_medias_len(sdp); i++) {
        const GstSDPMedia *media = gst_sdp_message_get_media(sdp, i);

        if (!is_media(gst_sdp_media_get_media(media)))
            continue;
        for (guint j = 0; j < gst_sdp_media_formats_len(media); j++) {
            int payload_type = atoi(gst_sdp_media_get_format(media, j));
            const char *map = attribute_of(media, "rtpmap", payload_type);
            const char *parameters = attribute_of(media, "fmtp", payload_type);
            const char *apt = parameters ? strstr(parameters, "apt=") : NULL;
            g_auto(GStrv) parts = map ? g_strsplit(map, "/", 3) : NULL;

            if (!parts || !parts[0] || !parts[1])
                continue;
            callback(&(VcbSdpPayload){payload_type, gst_sdp_media_get_media(media), parts[0], atoi(parts[1]),
                                      g_ascii_strcasecmp(parts[0], "rtx") == 0 && apt ? atoi(apt + 4) : -1},
                     user_data);
        }
    }
}

int vcb_sdp_find_payload_type(const GstSDPMessage *sdp, const char *kind, const char *encoding)
{
    int found = -1;

    for (guint i = 0; i < gst_sdp_message_medias_len(sdp); i++) {
        const GstSDPMedia *media = gst_sdp_message_get_media(sdp, i);

        if (g_strcmp0(gst_sdp_media_get_media(media), kind) != 0)
            continue;
        for (guint j = 0; j < gst_sdp_media_formats_len(media); j++) {
            int payload_type = atoi(gst_sdp_media_get_format(media, j));
            const char *map = attribute_of(media, "rtpmap", payload_type);
            const char *parameters = attribute_of(media, "fmtp", payload_type);
            gsize length = strlen(encoding);

            if (!map || g_ascii_strncasecmp(map, encoding, length) != 0 || map[length] != '/')
                continue;
            if (g_ascii_strcasecmp(encoding, "H264") != 0)
                return payload_type;
            if (parameters && strstr(parameters, "packetization-mode=1"))
                return payload_type;
            if (found < 0)
                found = payload_type;
        }
    }
    return found;
}

gboolean vcb_sdp_accepts(const GstSDPMessage *sdp, const char *kind)
{
    for (guint i = 0; i < gst_sdp_message_medias_len(sdp); i++) {
        const GstSDPMedia *media = gst_sdp_message_get_media(sdp, i);

        if (g_strcmp0(gst_sdp_media_get_media(media), kind) == 0 &&
            !gst_sdp_media_get_attribute_val(media, "sendonly") &&
            !gst_sdp_media_get_attribute_val(media, "inactive") &&
            (gst_sdp_media_get_port(media) != 0 || gst_sdp_media_get_attribute_val(media, "bundle-only")))
            return TRUE;
    }
    return FALSE;
}
