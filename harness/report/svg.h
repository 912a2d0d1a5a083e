/* gnuplot's drawings inside the page. */
#pragma once

/* gnuplot's SVG made part of a page: no prolog, its colours from the page's style, so that it reads in light
 * and dark. New string. */
char *vcb_svg_for_page(const char *svg, const char *title);
