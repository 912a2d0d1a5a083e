#include "harness/scenario/binding.h"

#include <string.h>

void vcb_binding_note(VcbBinding *binding, const char *path, const VcbNode *node)
{
    g_hash_table_replace(binding->where, g_strdup(path), (gpointer)node);
}

const VcbNode *vcb_binding_where(const VcbBinding *binding, const char *format, ...)
{
    va_list args;
    g_autofree char *path = NULL;

    va_start(args, format);
    path = g_strdup_vprintf(format, args);
    va_end(args);
    for (;;) {
        const VcbNode *node = g_hash_table_lookup(binding->where, path);
        char *dot = strrchr(path, '.');

        if (node)
            return node;
        if (!dot)
            return binding->root;
        *dot = '\0';
    }
}

gboolean vcb_binding_has(const VcbBinding *binding, const char *format, ...)
{
    va_list args;
    g_autofree char *path = NULL;

    va_start(args, format);
    path = g_strdup_vprintf(format, args);
    va_end(args);
    return g_hash_table_contains(binding->where, path);
}
