#include "harness/scenario/yaml.h"

#include "harness/scenario/variables.h"

#include <libfyaml.h>
#include <string.h>

#define MOST_LEVELS 32
#define MOST_NODES 20000

typedef struct {
    struct fy_parser *parser;
    const char *text; /* no-ref */
    gsize length;
    VcbProblems *problems;
    char *origin;        /* GRefString, or NULL */
    GHashTable *anchors; /* name -> VcbNode *, complete ones only: an alias cannot reach its own parents */
    int line, column;    /* where the last event stood, from 1 */
    guint level;
    guint n_nodes;
} Reader;

typedef struct fy_event Event;

/* What libfyaml says, and what a person does about it. The first row whose text is part of the message
 * counts. */
static const struct {
    const char *message;
    const char *says; /* NULL: as the library says */
    const char *remedy;
} REMEDIES[] = {
    {"tab", "a tab in the indentation", "indent with blanks"},
    {"invalid multiline plain key",
     "the next line is indented as if it belonged to this one, or lacks its `:`",
     "give keys of one mapping the same indentation, each with a `:`"},
    {"nested block mapping on the same line", "a second `key:` on one line",
     "put it on a line of its own, or quote a text that has `: ` in it"},
    {"without closing quote", NULL, "close the quote"},
    {"wrongly indented", "a quoted text is not closed, or goes on with less indentation", "close the quote"},
    {"sequence without a closing bracket", "a `[` is not closed", "add the `]`"},
    {"mapping without a closing bracket", "a `{` is not closed", "add the `}`"},
    {"missing comma in flow", "a comma or a closing bracket is missing",
     "separate by `,` and close by `]` or `}`"},
    {"invalid extra closing bracket", "a closing bracket that nothing opened", "leave it out"},
    {"plain scalar cannot start with", NULL, "put the value in quotes"},
    {"indendation", "indentation that fits no line above", "give entries of one list the same indentation"},
    {"at the end of block sequence", "a key at the level of a list's entries",
     "indent the list's entries further"},
    {"invalid escape", NULL, "write \\\\ for a backslash, or use single quotes"},
    {"trailing content after", NULL, "put the whole value in one pair of quotes"},
    {"version", NULL, "leave the %YAML line out"},
};

static void discard(struct fy_diag *diag, void *user, const char *buffer, size_t length)
{
}

static void add_here(Reader *reader, const char *message)
{
    vcb_problems_add_at(reader->problems, reader->origin, reader->line, reader->column, "%s", message);
}

/* Tabs are the commonest slip, and what a parser says of them is often about the line before. */
static gboolean add_tabs(Reader *reader, const char *text, gsize length)
{
    gboolean any = FALSE;
    int line = 1;

    for (const char *p = text, *end = text + length; p < end; line++) {
        const char *newline = memchr(p, '\n', (gsize)(end - p));
        gsize blanks = strspn(p, " ");

        if (p[blanks] == '\t' && !strchr("\r\n#", p[blanks + strspn(p + blanks, "\t ")])) {
            vcb_problems_add_at(reader->problems, reader->origin, line, (int)blanks + 1,
                                "a tab in the indentation; indent with blanks");
            any = TRUE;
        }
        p = newline ? newline + 1 : end;
    }
    return any;
}

static void add_syntax_problem(Reader *reader, struct fy_diag *diag, const char *text, gsize length)
{
    struct fy_diag_error *error;
    void *iterator = NULL;
    gboolean any = add_tabs(reader, text, length);

    while (!any && (error = fy_diag_errors_iterate(diag, &iterator))) {
        const char *says = error->msg, *remedy = "mend the YAML there";

        for (gsize i = 0; i < G_N_ELEMENTS(REMEDIES); i++) {
            if (!strstr(error->msg, REMEDIES[i].message))
                continue;
            says = REMEDIES[i].says ? REMEDIES[i].says : error->msg;
            remedy = REMEDIES[i].remedy;
            break;
        }
        g_autofree char *valid = g_utf8_make_valid(says, -1);
        vcb_problems_add_at(reader->problems, reader->origin, MAX(error->line, 1), MAX(error->column, 1),
                            "%s; %s", g_strchomp(valid), remedy);
        any = TRUE;
    }
    if (!any)
        add_here(reader, "this is not YAML; see https://yaml.org for its form");
}

/* Where an event stands. The library's mark of a quoted text is behind the quote. */
static void note_place(Reader *reader, Event *event)
{
    struct fy_token *token = fy_event_get_token(event);
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

    if (mark && mark->line >= 0) {
        reader->line = mark->line + 1;
        reader->column = mark->column + 1;
        if (event->type == FYET_SCALAR && mark->column > 0 && mark->input_pos > 0 &&
            mark->input_pos <= reader->length && fy_token_scalar_style(token) != FYSS_PLAIN &&
            strchr("\"'", reader->text[mark->input_pos - 1]))
            reader->column--;
    }
}

/* The next event, with its place noted. NULL at the end and on a syntax error. */
static Event *next_event(Reader *reader)
{
    Event *event = fy_parser_parse(reader->parser);

    if (event)
        note_place(reader, event);
    return event;
}

static char *token_text(struct fy_token *token)
{
    size_t length = 0;
    const char *text = token ? fy_token_get_text(token, &length) : NULL;

    return text ? g_strndup(text, length) : g_strdup("");
}

static VcbNode *place_node(Reader *reader, VcbNode *node)
{
    node->line = reader->line;
    node->column = reader->column;
    node->origin = reader->origin ? g_ref_string_acquire(reader->origin) : NULL;
    reader->n_nodes++;
    return node;
}

/* What takes the place of a value that could not be read. */
static VcbNode *broken_node(Reader *reader)
{
    VcbNode *node = place_node(reader, vcb_node_new_scalar(NULL, "", FALSE));

    node->broken = TRUE;
    return node;
}

/* "\0" in a quoted text would end it, unseen. */
static void refuse_zero(Reader *reader, struct fy_token *token)
{
    size_t length = 0;
    const char *text = token ? fy_token_get_text(token, &length) : NULL;

    if (text && memchr(text, '\0', length))
        add_here(reader, "a zero byte in a text; leave it out");
}

static VcbNode *read_scalar(Reader *reader, Event *event)
{
    g_autofree char *written = token_text(event->scalar.value);
    g_autoptr(GError) error = NULL;
    gboolean quoted = event->scalar.value && fy_token_scalar_style(event->scalar.value) != FYSS_PLAIN;
    gboolean any = FALSE;
    g_autofree char *text = vcb_variables_expand(written, &any, &error);
    VcbNode *node = place_node(reader, vcb_node_new_scalar(NULL, text ? text : "", quoted));

    refuse_zero(reader, event->scalar.value);
    if (error)
        add_here(reader, error->message);
    node->broken = error != NULL;
    if (text && any)
        node->written = g_steal_pointer(&written);
    return node;
}

static VcbNode *read_alias(Reader *reader, Event *event)
{
    g_autofree char *name = token_text(event->alias.anchor);
    VcbNode *node = g_hash_table_lookup(reader->anchors, name);
    g_autofree char *message = NULL;

    if (node && reader->level + node->height <= MOST_LEVELS)
        return vcb_node_ref(node);
    if (node) {
        add_here(reader, "more than 32 levels of nesting by aliases; no scenario needs so many");
        return broken_node(reader);
    }
    message = g_strdup_printf(
        "no anchor `&%s` stands above this alias; put a text that begins with * in quotes", name);
    add_here(reader, message);
    return broken_node(reader);
}

static VcbNode *read_node(Reader *reader, Event *event);

/* Put what `<<` names under the keys that are not there yet (https://yaml.org/type/merge.html). */
static void merge(Reader *reader, VcbNode *mapping, VcbNode *from)
{
    if (from->kind == VCB_NODE_SEQUENCE) {
        for (guint i = 0; i < from->values->len; i++)
            merge(reader, mapping, g_ptr_array_index(from->values, i));
        return;
    }
    if (from->kind != VCB_NODE_MAPPING) {
        vcb_problems_add(reader->problems, from,
                         "`<<` merges mappings; give it an alias to one, or a list of such");
        return;
    }
    for (guint i = 0; i < from->keys->len; i++) {
        VcbNode *key = g_ptr_array_index(from->keys, i);

        if (!vcb_node_get(mapping, key->text))
            vcb_node_append(mapping, vcb_node_ref(key), vcb_node_ref(g_ptr_array_index(from->values, i)));
    }
}

static void append_pair(Reader *reader, VcbNode *mapping, VcbNode *key, VcbNode *value)
{
    const VcbNode *before = vcb_node_get_key(mapping, key->text);

    if (before) {
        vcb_problems_add(reader->problems, key,
                         "the key `%s` comes a second time; it stands at line %d already", key->text,
                         before->line);
        vcb_node_unref(key);
        vcb_node_unref(value);
        return;
    }
    vcb_node_append(mapping, key, value);
}

/* Events up to the mapping's end; NULL on a syntax error. */
static VcbNode *read_mapping(Reader *reader)
{
    g_autoptr(VcbNode) mapping = place_node(reader, vcb_node_new(VCB_NODE_MAPPING, NULL));
    g_autoptr(GPtrArray) merged = g_ptr_array_new_with_free_func((GDestroyNotify)vcb_node_unref);

    for (;;) {
        g_autoptr(VcbNode) key = NULL;
        VcbNode *value;
        Event *event = next_event(reader);

        if (!event)
            return NULL;
        if (event->type == FYET_MAPPING_END) {
            fy_parser_event_free(reader->parser, event);
            break;
        }
        key = read_node(reader, event);
        if (!key)
            return NULL;
        event = next_event(reader);
        if (!event)
            return NULL;
        /* An empty value has no token: its place is that of its key. */
        if (event->type == FYET_SCALAR && !event->scalar.value) {
            reader->line = key->line;
            reader->column = key->column;
        }
        value = read_node(reader, event);
        if (!value)
            return NULL;
        if (key->kind != VCB_NODE_SCALAR) {
            vcb_problems_add(reader->problems, key, "a key must be a word; a list or mapping cannot be one");
            vcb_node_unref(value);
        } else if (!key->quoted && g_str_equal(key->text, "<<")) {
            g_ptr_array_add(merged, value);
        } else {
            append_pair(reader, mapping, g_steal_pointer(&key), value);
        }
    }
    for (guint i = 0; i < merged->len; i++)
        merge(reader, mapping, g_ptr_array_index(merged, i));
    return g_steal_pointer(&mapping);
}

static VcbNode *read_sequence(Reader *reader)
{
    g_autoptr(VcbNode) sequence = place_node(reader, vcb_node_new(VCB_NODE_SEQUENCE, NULL));

    for (;;) {
        VcbNode *value;
        Event *event = next_event(reader);

        if (!event)
            return NULL;
        if (event->type == FYET_SEQUENCE_END) {
            fy_parser_event_free(reader->parser, event);
            return g_steal_pointer(&sequence);
        }
        value = read_node(reader, event);
        if (!value)
            return NULL;
        vcb_node_append(sequence, NULL, value);
    }
}

/* Tags choose types, which here come from the setting alone. */
static void refuse_tag(Reader *reader, struct fy_token *tag)
{
    g_autofree char *text = NULL;
    g_autofree char *message = NULL;

    if (!tag)
        return;
    text = token_text(tag);
    message = g_strdup_printf("the tag `%s` has no meaning here; leave it out", text);
    add_here(reader, message);
}

/* The node that begins with `event`, which is freed. NULL where reading cannot go on; the problem has been
 * added, or is the parser's. */
static VcbNode *read_node(Reader *reader, Event *event)
{
    g_autofree char *anchor = NULL;
    VcbNode *node = NULL;
    enum fy_event_type type = event->type;

    if (reader->level >= MOST_LEVELS || reader->n_nodes >= MOST_NODES) {
        if (reader->level >= MOST_LEVELS)
            add_here(reader, "more than 32 levels of nesting; no scenario needs so many");
        else
            add_here(reader, "more than 20000 values; split the scenario");
        fy_parser_event_free(reader->parser, event);
        return NULL;
    }
    reader->level++;
    switch (type) {
    case FYET_SCALAR:
        anchor = event->scalar.anchor ? token_text(event->scalar.anchor) : NULL;
        refuse_tag(reader, event->scalar.tag);
        node = read_scalar(reader, event);
        fy_parser_event_free(reader->parser, event);
        break;
    case FYET_ALIAS:
        node = read_alias(reader, event);
        fy_parser_event_free(reader->parser, event);
        break;
    case FYET_SEQUENCE_START:
        anchor = event->sequence_start.anchor ? token_text(event->sequence_start.anchor) : NULL;
        refuse_tag(reader, event->sequence_start.tag);
        fy_parser_event_free(reader->parser, event);
        node = read_sequence(reader);
        break;
    case FYET_MAPPING_START:
        anchor = event->mapping_start.anchor ? token_text(event->mapping_start.anchor) : NULL;
        refuse_tag(reader, event->mapping_start.tag);
        fy_parser_event_free(reader->parser, event);
        node = read_mapping(reader);
        break;
    default: /* a stream or document event inside a document: the parser has failed */
        fy_parser_event_free(reader->parser, event);
        break;
    }
    reader->level--;
    if (node && anchor)
        g_hash_table_insert(reader->anchors, g_steal_pointer(&anchor), vcb_node_ref(node));
    return node;
}

/* The whole stream: exactly one document. */
static VcbNode *read_stream(Reader *reader)
{
    g_autoptr(VcbNode) root = NULL;
    gboolean ended = FALSE;

    while (!ended) {
        Event *event = next_event(reader);

        if (!event)
            return NULL;
        switch (event->type) {
        case FYET_STREAM_END:
            ended = TRUE;
            break;
        case FYET_STREAM_START:
        case FYET_DOCUMENT_END:
            break;
        case FYET_DOCUMENT_START:
            if (root) {
                add_here(reader,
                         "a second document begins; a scenario is one, so put it into a file of its own");
                ended = TRUE;
            }
            break;
        default:
            root = read_node(reader, event);
            if (!root)
                return NULL;
            continue; /* the event is freed */
        }
        fy_parser_event_free(reader->parser, event);
    }
    if (root && root->weight > MOST_NODES) {
        vcb_problems_add(reader->problems, root,
                         "written out, the aliases make more than 20000 values; use fewer");
        return NULL;
    }
    return g_steal_pointer(&root);
}

static gboolean is_text(Reader *reader, const char *text, gsize length)
{
    const char *bad = NULL, *message = NULL;

    if (!g_utf8_validate_len(text, length, &bad)) {
        message = *bad ? "this is not UTF-8; save the file in that encoding"
                       : "a zero byte; a scenario is a text file";
    } else {
        for (const char *p = text; p < text + length && !message; p = g_utf8_next_char(p)) {
            gunichar c = g_utf8_get_char(p);

            if ((c < 0x20 && !strchr("\t\r\n", (int)c)) || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
                c == 0x2029) {
                bad = p;
                message = "a control character; a scenario is a text file";
            }
        }
    }
    if (!message)
        return TRUE;
    for (const char *p = text; p < bad; p = g_utf8_next_char(p)) {
        reader->column = *p == '\n' ? 1 : reader->column + 1;
        reader->line += *p == '\n' ? 1 : 0;
    }
    add_here(reader, message);
    return FALSE;
}

VcbNode *vcb_yaml_parse(const char *text, gsize length, const char *origin, VcbProblems *problems)
{
    Reader reader = {.text = text, .length = length, .problems = problems, .line = 1, .column = 1};
    struct fy_diag_cfg diag_config;
    struct fy_diag *diag;
    struct fy_parse_cfg config = {.search_path = "", .flags = FYPCF_COLLECT_DIAG | FYPCF_QUIET};
    VcbNode *root = NULL;
    guint before = vcb_problems_added(problems);

    reader.origin = origin ? g_ref_string_new(origin) : NULL;
    if (!is_text(&reader, text, length)) {
        g_clear_pointer(&reader.origin, g_ref_string_release);
        return NULL;
    }
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.output_fn = discard;
    diag_config.level = FYET_ERROR;
    diag_config.colorize = false;
    diag = fy_diag_create(&diag_config);
    g_assert(diag);
    fy_diag_set_collect_errors(diag, true);
    config.diag = diag;
    reader.parser = fy_parser_create(&config);
    g_assert(reader.parser);
    reader.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)vcb_node_unref);
    if (length && fy_parser_set_string(reader.parser, text, length) == 0) {
        root = read_stream(&reader);
        if (!root && vcb_problems_added(problems) == before && fy_parser_get_stream_error(reader.parser))
            add_syntax_problem(&reader, diag, text, length);
    }
    if (!root && vcb_problems_added(problems) == before)
        vcb_problems_add_at(problems, origin, 1, 1,
                            "nothing stands here; the shortest scenario is `name: hello`");
    g_hash_table_unref(reader.anchors);
    fy_parser_destroy(reader.parser);
    fy_diag_destroy(diag);
    g_clear_pointer(&reader.origin, g_ref_string_release);
    return root;
}
