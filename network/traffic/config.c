#include "network/traffic/config.h"

#include "common/error.h"
#include "common/random.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const char *const KIND_NAMES[] = {
    [VCB_TRAFFIC_TCP_LONG] = "tcp-long", [VCB_TRAFFIC_TCP_SHORT] = "tcp-short", [VCB_TRAFFIC_UDP] = "udp"};
G_STATIC_ASSERT(G_N_ELEMENTS(KIND_NAMES) == VCB_N_TRAFFIC_KINDS);

const char *vcb_traffic_kind_name(VcbTrafficKind kind)
{
    return KIND_NAMES[kind];
}

static gboolean G_GNUC_PRINTF(2, 3) refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "configure: %s", text);
    return FALSE;
}

/* A number within bounds, or the fallback where it is absent. */
static gboolean read_number(const cJSON *configure, const char *key, double least, double most,
                            double fallback, double *ret_value, GError **error)
{
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(configure, key);

    if (!field || cJSON_IsNull(field)) {
        *ret_value = fallback;
        return TRUE;
    }
    if (!cJSON_IsNumber(field) || !(field->valuedouble >= least && field->valuedouble <= most))
        return refuse(error, "%s: a number from %.0f to %.0f is expected", key, least, most);
    *ret_value = field->valuedouble;
    return TRUE;
}

static gboolean read_integer(const cJSON *configure, const char *key, gint64 least, gint64 most,
                             gint64 fallback, gint64 *ret_value, GError **error)
{
    double value = 0;

    if (!read_number(configure, key, (double)least, (double)most, (double)fallback, &value, error))
        return FALSE;
    *ret_value = (gint64)value;
    return TRUE;
}

static gboolean read_role(VcbTrafficConfig *config, const cJSON *configure, GError **error)
{
    const char *role = vcb_json_string(configure, "role", "");

    config->is_source = g_str_equal(role, "source");
    if (!config->is_source && !g_str_equal(role, "sink"))
        return refuse(error, "role: \"%s\" is neither source nor sink", role);
    config->listens = vcb_json_bool(configure, "listen", !config->is_source);
    return TRUE;
}

static gboolean read_kind(VcbTrafficConfig *config, const cJSON *configure, GError **error)
{
    const char *name = vcb_json_string(configure, "kind", "");

    for (guint i = 0; i < G_N_ELEMENTS(KIND_NAMES); i++) {
        if (g_str_equal(KIND_NAMES[i], name)) {
            config->kind = (VcbTrafficKind)i;
            return TRUE;
        }
    }
    return refuse(error, "kind: \"%s\" is none of tcp-long, tcp-short, udp", name);
}

static gboolean read_address(VcbTrafficConfig *config, const cJSON *configure, GError **error)
{
    const char *text = vcb_json_string(configure, "address", NULL);
    struct sockaddr_in *v4 = (struct sockaddr_in *)&config->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&config->address;
    gint64 port;

    if (!read_integer(configure, "port", config->listens ? 0 : 1, 65535, 0, &port, error))
        return FALSE;
    if (!config->listens && (!text || port == 0))
        return refuse(error, "address and port: needed by the side that connects");
    config->any_address = text == NULL;
    if (text && inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((guint16)port);
    } else if (!text || inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((guint16)port);
    } else {
        return refuse(error, "address: \"%s\" is no IPv4 or IPv6 address", text);
    }
    return TRUE;
}

static gboolean read_amounts(VcbTrafficConfig *config, const cJSON *configure, GError **error)
{
    gint64 flows, seed, interval_ms;

    if (!read_integer(configure, "flows", 1, 100, 1, &flows, error) ||
        !read_number(configure, "rate_bps", 1000, 1e10, 1e6, &config->rate_bps, error) ||
        !read_integer(configure, "min_bytes", 1, G_MAXINT32, 30000, &config->min_bytes, error) ||
        !read_integer(configure, "max_bytes", 1, G_MAXINT32, MAX(config->min_bytes, 50000),
                      &config->max_bytes, error) ||
        !read_integer(configure, "idle_us", 0, G_TIME_SPAN_DAY, 10 * G_USEC_PER_SEC, &config->idle_us,
                      error) ||
        !read_integer(configure, "seed", 0, (gint64)VCB_SEED_MAX, 0, &seed, error) ||
        !read_integer(configure, "interval_ms", 100, 60000, 1000, &interval_ms, error))
        return FALSE;
    if (config->max_bytes < config->min_bytes)
        return refuse(error, "max_bytes: %" G_GINT64_FORMAT " is less than min_bytes", config->max_bytes);
    config->flows = (int)flows;
    config->seed = (guint64)seed;
    config->interval_us = interval_ms * 1000;
    return TRUE;
}

VcbTrafficConfig *vcb_traffic_config_parse(const cJSON *configure, GError **error)
{
    g_autoptr(VcbTrafficConfig) config = g_new0(VcbTrafficConfig, 1);

    if (!read_role(config, configure, error) || !read_kind(config, configure, error) ||
        !read_address(config, configure, error) || !read_amounts(config, configure, error))
        return NULL;
    config->congestion = g_strdup(vcb_json_string(configure, "congestion", NULL));
    return g_steal_pointer(&config);
}

void vcb_traffic_config_free(VcbTrafficConfig *config)
{
    if (!config)
        return;
    g_free(config->congestion);
    g_free(config);
}
