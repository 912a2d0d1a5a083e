#include "harness/report/markup.h"

static gboolean is_xml_char(gunichar c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) ||
           (c >= 0xe000 && c <= 0xfffd) || c >= 0x10000;
}

static const char *entity(gunichar c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

void vcb_markup_append(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        const char *escaped = entity(c);

        if (!is_xml_char(c) || (c >= 0x7f && c <= 0x9f))
            continue;
        if (escaped)
            g_string_append(out, escaped);
        else
            g_string_append_unichar(out, c);
    }
}

char *vcb_markup_escape(const char *text)
{
    GString *out = g_string_new(NULL);

    vcb_markup_append(out, text);
    return g_string_free(out, FALSE);
}
