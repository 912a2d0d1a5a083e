#include "harness/scenario/problems.h"

#include "common/error.h"

#include <string.h>

#define MOST_TOLD 20
#define MOST_KEPT 1000
#define LONGEST_EXCERPT 100

typedef struct {
    char *origin;
    int line, column;
    char *message;
    gboolean unused; /* told only where every variant has it */
    guint variant;   /* the last that had it; 0: found outside of variants */
    guint n_variants;
    char *first; /* name of the first variant that had it */
    guint order;
} Problem;

struct VcbProblems {
    char *file;
    const char *text; /* no-ref */
    GPtrArray *all;   /* Problem * */
    guint variant;    /* number of the present one, from 1; 0 outside of variants */
    guint n_variants;
    char *variant_name;
    guint added;
};

static void problem_free(Problem *problem)
{
    g_free(problem->origin);
    g_free(problem->message);
    g_free(problem->first);
    g_free(problem);
}

VcbProblems *vcb_problems_new(const char *file, const char *text)
{
    VcbProblems *problems = g_new0(VcbProblems, 1);

    problems->file = g_strdup(file);
    problems->text = text;
    problems->all = g_ptr_array_new_with_free_func((GDestroyNotify)problem_free);
    return problems;
}

void vcb_problems_free(VcbProblems *problems)
{
    if (!problems)
        return;
    g_ptr_array_unref(problems->all);
    g_free(problems->file);
    g_free(problems->variant_name);
    g_free(problems);
}

const char *vcb_problems_file(const VcbProblems *problems)
{
    return problems->file;
}

void vcb_problems_begin_variant(VcbProblems *problems, const char *name)
{
    problems->variant = ++problems->n_variants;
    g_free(problems->variant_name);
    problems->variant_name = g_strdup(name);
}

void vcb_problems_end_variants(VcbProblems *problems)
{
    problems->variant = 0;
    g_clear_pointer(&problems->variant_name, g_free);
}

static void add(VcbProblems *problems, const char *origin, int line, int column, gboolean unused,
                char *message)
{
    Problem *problem;

    problems->added += unused ? 0 : 1;
    for (guint i = 0; i < problems->all->len; i++) {
        problem = g_ptr_array_index(problems->all, i);
        if (problem->line == line && problem->column == column && !g_strcmp0(problem->origin, origin) &&
            g_str_equal(problem->message, message)) {
            if (problem->variant != problems->variant)
                problem->n_variants++;
            problem->variant = problems->variant;
            g_free(message);
            return;
        }
    }
    if (problems->all->len >= MOST_KEPT) {
        g_free(message);
        return;
    }
    problem = g_new0(Problem, 1);
    *problem = (Problem){
        .origin = g_strdup(origin),
        .line = line,
        .column = column,
        .message = message,
        .unused = unused,
        .variant = problems->variant,
        .n_variants = problems->variant ? 1 : 0,
        .first = g_strdup(problems->variant_name),
        .order = problems->all->len,
    };
    g_ptr_array_add(problems->all, problem);
}

void vcb_problems_add(VcbProblems *problems, const VcbNode *where, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(problems, where ? where->origin : NULL, where ? where->line : 0, where ? where->column : 0, FALSE,
        g_strdup_vprintf(format, args));
    va_end(args);
}

void vcb_problems_add_unused(VcbProblems *problems, const VcbNode *where, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(problems, where ? where->origin : NULL, where ? where->line : 0, where ? where->column : 0, TRUE,
        g_strdup_vprintf(format, args));
    va_end(args);
}

void vcb_problems_add_at(VcbProblems *problems, const char *origin, int line, int column, const char *format,
                         ...)
{
    va_list args;

    va_start(args, format);
    add(problems, origin, line, column, FALSE, g_strdup_vprintf(format, args));
    va_end(args);
}

static gboolean in_some_only(const VcbProblems *problems, const Problem *problem)
{
    return problem->n_variants && problem->n_variants < problems->n_variants;
}

static gboolean is_told(const VcbProblems *problems, const Problem *problem)
{
    return !(problem->unused && in_some_only(problems, problem));
}

guint vcb_problems_added(const VcbProblems *problems)
{
    return problems->added;
}

guint vcb_problems_count(VcbProblems *problems)
{
    guint n = 0;

    for (guint i = 0; i < problems->all->len; i++)
        n += is_told(problems, g_ptr_array_index(problems->all, i)) ? 1 : 0;
    return n;
}

/* In the order of the file; what the command line set comes after. */
static gint compare(gconstpointer a, gconstpointer b)
{
    const Problem *x = *(Problem *const *)a, *y = *(Problem *const *)b;

    if (!x->origin != !y->origin)
        return x->origin ? 1 : -1;
    if (!x->origin && x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (!x->origin && x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* The source line with a caret under the column (counted in characters), unless it is too long to read. */
static void append_excerpt(GString *out, const char *text, int line, int column)
{
    const char *begin = text, *end;

    for (int i = 1; i < line && begin; i++) {
        begin = strchr(begin, '\n');
        begin = begin ? begin + 1 : NULL;
    }
    if (!begin || !*begin)
        return;
    end = begin + strcspn(begin, "\r\n");
    if (end == begin || g_utf8_strlen(begin, end - begin) > LONGEST_EXCERPT || column < 1 ||
        column > g_utf8_strlen(begin, end - begin) + 1)
        return;
    g_string_append_printf(out, "\n%6d | ", line);
    /* A tab is shown as one blank, and controls as a dot, so that the caret stands where it belongs. */
    for (const char *p = begin; p < end; p = g_utf8_next_char(p))
        g_string_append_unichar(out, *p == '\t'                              ? ' '
                                     : g_unichar_iscntrl(g_utf8_get_char(p)) ? '.'
                                                                             : g_utf8_get_char(p));
    g_string_append_printf(out, "\n%6s | %*s^", "", column - 1, "");
}

GError *vcb_problems_to_error(VcbProblems *problems)
{
    guint n = vcb_problems_count(problems), told = 0;
    g_autoptr(GString) out = g_string_new(NULL);

    if (!n)
        return NULL;
    g_ptr_array_sort(problems->all, compare);
    for (guint i = 0; i < problems->all->len && told < MOST_TOLD; i++) {
        const Problem *problem = g_ptr_array_index(problems->all, i);

        if (!is_told(problems, problem))
            continue;
        if (told++)
            g_string_append_c(out, '\n');
        if (problem->origin)
            g_string_append(out, problem->origin);
        else if (problem->line)
            g_string_append_printf(out, "%s:%d:%d", problems->file, problem->line, problem->column);
        else
            g_string_append(out, problems->file);
        g_string_append_printf(out, ": %s", problem->message);
        if (in_some_only(problems, problem) && *problem->first)
            g_string_append_printf(out, " (variant %s)", problem->first);
        if (!problem->origin && problem->line && problems->text)
            append_excerpt(out, problems->text, problem->line, problem->column);
    }
    if (told < n)
        g_string_append_printf(out, "\n%s: and %u more problems", problems->file, n - told);
    return g_error_new_literal(VCB_ERROR, VCB_ERROR_USAGE, out->str);
}
