#include "harness/report/html.h"

#include "harness/report/markup.h"

#include <stdarg.h>
#include <string.h>

struct VcbHtml {
    GString *out;
    GPtrArray *open; /* const char*, no-ref: tags are literals */
};

VcbHtml *vcb_html_new(void)
{
    VcbHtml *html = g_new0(VcbHtml, 1);

    html->out = g_string_new("<!doctype html>\n");
    html->open = g_ptr_array_new();
    return html;
}

/* Blocks begin on a new line, so that the source can be read and compared. */
static gboolean is_block(const char *tag)
{
    static const char *const INLINE[] = {"td",     "th",    "span", "a",  "code",
                                         "strong", "small", "dt",   "dd", NULL};

    return !g_strv_contains(INLINE, tag);
}

void vcb_html_open(VcbHtml *html, const char *tag, ...)
{
    va_list arguments;
    const char *name;

    if (is_block(tag) && html->out->str[html->out->len - 1] != '\n')
        g_string_append_c(html->out, '\n');
    g_string_append_printf(html->out, "<%s", tag);
    va_start(arguments, tag);
    while ((name = va_arg(arguments, const char *))) {
        const char *value = va_arg(arguments, const char *);

        if (!*value)
            continue;
        g_string_append_printf(html->out, " %s=\"", name);
        vcb_markup_append(html->out, value);
        g_string_append_c(html->out, '"');
    }
    va_end(arguments);
    g_string_append_c(html->out, '>');
    g_ptr_array_add(html->open, (gpointer)tag);
}

void vcb_html_close(VcbHtml *html)
{
    const char *tag;

    g_assert(html->open->len > 0);
    tag = html->open->pdata[html->open->len - 1];
    g_ptr_array_set_size(html->open, (gint)html->open->len - 1);
    g_string_append_printf(html->out, "</%s>%s", tag, is_block(tag) ? "\n" : "");
}

void vcb_html_text(VcbHtml *html, const char *text)
{
    vcb_markup_append(html->out, text);
}

void vcb_html_printf(VcbHtml *html, const char *format, ...)
{
    va_list arguments;
    g_autofree char *text = NULL;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    vcb_markup_append(html->out, text);
}

void vcb_html_element(VcbHtml *html, const char *tag, const char *class, const char *text)
{
    vcb_html_open(html, tag, "class", class ? class : "", NULL);
    vcb_html_text(html, text);
    vcb_html_close(html);
}

void vcb_html_raw(VcbHtml *html, const char *markup)
{
    g_string_append(html->out, markup);
}

char *vcb_html_finish(VcbHtml *html)
{
    char *text;

    g_assert(html->open->len == 0);
    text = g_string_free(html->out, FALSE);
    g_ptr_array_unref(html->open);
    g_free(html);
    return text;
}
