/* A small writer of HTML: elements that close in order, text that is always escaped.
 *
 *   vcb_html_open(html, "p", "class", "lead", NULL);   <p class="lead">
 *   vcb_html_text(html, "a < b");                      a &lt; b
 *   vcb_html_close(html);                              </p> */
#pragma once

#include <glib.h>

typedef struct VcbHtml VcbHtml;

VcbHtml *vcb_html_new(void);

/* Open an element; attributes are pairs of name and value, ended by NULL. A pair whose value is "" is left
 * out. */
void vcb_html_open(VcbHtml *html, const char *tag, ...) G_GNUC_NULL_TERMINATED;
void vcb_html_close(VcbHtml *html);

/* Escaped text; formatted text, escaped as a whole. */
void vcb_html_text(VcbHtml *html, const char *text);
void vcb_html_printf(VcbHtml *html, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* <tag class="...">text</tag>; class NULL: none. */
void vcb_html_element(VcbHtml *html, const char *tag, const char *class, const char *text);

/* Markup as it is: only for what this program made itself. */
void vcb_html_raw(VcbHtml *html, const char *markup);

/* The document; every element must have been closed. Frees the writer. New string. */
char *vcb_html_finish(VcbHtml *html);
