#include "harness/scenario/variables.h"

#include "common/error.h"

#include <string.h>

static gboolean is_name(const char *name)
{
    if (!g_ascii_isalpha(*name) && *name != '_')
        return FALSE;
    while (g_ascii_isalnum(*name) || *name == '_')
        name++;
    return !*name;
}

/* Replace what stands between ${ and }. */
static gboolean expand_one(const char *inside, GString *out, GError **error)
{
    const char *dash = strstr(inside, ":-");
    g_autofree char *name = dash ? g_strndup(inside, (gsize)(dash - inside)) : g_strdup(inside);
    const char *value;

    if (!is_name(name)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "`${%s}` is no variable; write ${NAME} or ${NAME:-default}, and $$ for a dollar sign",
                    inside);
        return FALSE;
    }
    value = g_getenv(name);
    if (dash && (!value || !*value))
        value = dash + 2;
    if (!value) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "the environment has no variable %s; set it, or write ${%s:-default}", name, name);
        return FALSE;
    }
    if (!g_utf8_validate(value, -1, NULL)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "the environment's variable %s is not UTF-8", name);
        return FALSE;
    }
    g_string_append(out, value);
    return TRUE;
}

char *vcb_variables_expand(const char *text, gboolean *ret_any, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    gboolean any = FALSE;

    for (const char *p = text; *p;) {
        const char *end;
        g_autofree char *inside = NULL;

        if (*p != '$' || (p[1] != '$' && p[1] != '{')) {
            g_string_append_c(out, *p++);
            continue;
        }
        if (p[1] == '$') {
            g_string_append_c(out, '$');
            p += 2;
            continue;
        }
        end = strchr(p, '}');
        if (!end) {
            g_set_error(
                error, VCB_ERROR, VCB_ERROR_USAGE,
                "`${` has no closing brace; write ${NAME}, or $${ where the signs themselves are meant");
            return NULL;
        }
        inside = g_strndup(p + 2, (gsize)(end - p - 2));
        if (!expand_one(inside, out, error))
            return NULL;
        any = TRUE;
        p = end + 1;
    }
    *ret_any = any;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char *vcb_variables_escape(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "$", -1);

    return g_strjoinv("$$", parts);
}
