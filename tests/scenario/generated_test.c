/* What is made from the table and kept in files for people and editors: scenarios/schema.json, and the key
 * reference of docs/scenario.md.
 *
 *   generated_test SOURCE_FOLDER [--update] */
#include "common/json.h"
#include "common/test.h"
#include "harness/scenario/settings_table.h"
#include "tests/scenario/golden.h"

#include <string.h>

static const char *source;
static gboolean updates;

static void the_schema_is_that_of_the_table(void)
{
    g_autofree char *path = g_build_filename(source, "scenarios", "schema.json", NULL);
    g_autofree char *text = vcb_scenario_json_schema();

    golden_check(path, text, updates);
}

static void the_reference_is_that_of_the_table(void)
{
    static const char BEGIN[] = "<!-- made from harness/scenario/settings_table.c: begin -->\n";
    static const char END[] = "<!-- end -->";
    g_autofree char *path = g_build_filename(source, "docs", "scenario.md", NULL);
    g_autofree char *page = NULL, *reference = vcb_scenario_reference(), *whole = NULL, *before = NULL;
    char *begin, *end;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &page, NULL, NULL));
    begin = strstr(page, BEGIN);
    end = begin ? strstr(begin, END) : NULL;
    CU_ASSERT_TRUE_FATAL(begin && end);
    before = g_strndup(page, (gsize)(begin - page));
    whole = g_strconcat(before, BEGIN, reference, end, NULL);
    golden_check(path, whole, updates);
}

/* Every key of a table stands in the schema's object of the same place, and no other. */
static void compare_keys(const VcbSetting *table, const cJSON *schema, const cJSON *defs, const char *where)
{
    const cJSON *properties, *option, *item;
    guint n = 0;

    if (vcb_json_has(schema, "$ref"))
        schema = vcb_json_object(defs, strrchr(vcb_json_string(schema, "$ref", "/"), '/') + 1);
    cJSON_ArrayForEach (option, vcb_json_array(schema, "anyOf")) {
        const char *name = strrchr(vcb_json_string(option, "$ref", "/"), '/') + 1;

        if (vcb_json_object(vcb_json_object(defs, name), "properties"))
            schema = vcb_json_object(defs, name);
        if (vcb_json_object(option, "properties"))
            schema = option;
    }
    if (vcb_json_object(schema, "items"))
        schema = vcb_json_object(schema, "items");
    properties = vcb_json_object(schema, "properties");
    CU_ASSERT_PTR_NOT_NULL_FATAL(properties);
    CU_ASSERT_FALSE(vcb_json_bool(schema, "additionalProperties", TRUE));
    for (const VcbSetting *setting = table; setting->key; setting++, n++) {
        item = vcb_json_object(properties, setting->key);
        if (!item)
            g_printerr("%s.%s is not in the schema\n", where, setting->key);
        CU_ASSERT_PTR_NOT_NULL_FATAL(item);
        if (setting->children && setting->type != VCB_TYPE_PEERS && setting->type != VCB_TYPE_HOSTS)
            compare_keys(setting->children, item, defs, setting->key);
    }
    CU_ASSERT_EQUAL((int)n, cJSON_GetArraySize(properties));
}

static void the_schema_has_the_parsers_keys(void)
{
    g_autofree char *path = g_build_filename(source, "scenarios", "schema.json", NULL);
    g_autofree char *text = NULL;
    g_autoptr(cJSON) schema = NULL;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, NULL, NULL));
    schema = cJSON_Parse(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(schema);
    compare_keys(VCB_SETTINGS, schema, vcb_json_object(schema, "$defs"), "");
}

int main(int argc, char **argv)
{
    static const VcbTest TESTS[] = {
        {"the schema is that of the table", the_schema_is_that_of_the_table},
        {"the reference is that of the table", the_reference_is_that_of_the_table},
        {"the schema has the parser's keys", the_schema_has_the_parsers_keys},
    };

    if (argc < 2) {
        g_printerr("usage: generated_test SOURCE_FOLDER [--update]\n");
        return 2;
    }
    source = argv[1];
    updates = argc > 2 && g_str_equal(argv[2], "--update");
    return vcb_test_run("generated", TESTS, G_N_ELEMENTS(TESTS));
}
