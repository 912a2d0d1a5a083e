/* The language as JSON Schema (draft 2020-12), made from the table: editors complete and check with it. It
 * takes what the parser takes, but for what stands between settings (checks.c). */
#include "harness/scenario/scenario.h"

#include "harness/scenario/network_table.h"
#include "harness/scenario/rows.h"

#include <string.h>

static cJSON *schema_table(const VcbSetting *table);

/* Tables that stand in several places of the language. */
static const struct {
    const VcbSetting *table;
    const char *reference;
} SHARED[] = {
    {VCB_PEER_TABLE, "#/$defs/peer"},
    {VCB_NETWORK_LINK_TABLE, "#/$defs/link"},
    {VCB_NAT_TABLE, "#/$defs/nat"},
    {VCB_FIREWALL_TABLE, "#/$defs/firewall"},
};

/* Any scalar may come from the environment. */
static cJSON *or_variable(cJSON *schema)
{
    cJSON *either = cJSON_CreateObject(), *options = cJSON_AddArrayToObject(either, "anyOf"), *variable;

    cJSON_AddItemToArray(options, schema);
    variable = cJSON_CreateObject();
    cJSON_AddStringToObject(variable, "$ref", "#/$defs/variable");
    cJSON_AddItemToArray(options, variable);
    return either;
}

static cJSON *typed(const char *type)
{
    cJSON *schema = cJSON_CreateObject();

    cJSON_AddStringToObject(schema, "type", type);
    return schema;
}

static cJSON *words(const char *const *choices)
{
    cJSON *schema = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(schema, "enum");

    for (; *choices; choices++)
        cJSON_AddItemToArray(list, cJSON_CreateString(*choices));
    return schema;
}

static cJSON *integer(const VcbSetting *setting)
{
    cJSON *schema = typed("integer"), *either, *options;

    if (setting->high != 0) {
        cJSON_AddNumberToObject(schema, "minimum", setting->low);
        cJSON_AddNumberToObject(schema, "maximum", setting->high);
    }
    if (!setting->zero)
        return schema;
    either = cJSON_CreateObject();
    options = cJSON_AddArrayToObject(either, "anyOf");
    cJSON_AddItemToArray(options, schema);
    cJSON_AddItemToArray(options, words((const char *const[]){setting->zero, NULL}));
    return either;
}

/* Text with a unit; 0 needs none. */
static cJSON *quantity(const VcbSetting *setting)
{
    cJSON *schema, *number, *either, *options;

    if (setting->unit == VCB_UNIT_NONE) {
        schema = typed("number");
        cJSON_AddNumberToObject(schema, "minimum", setting->low);
        cJSON_AddNumberToObject(schema, "maximum", setting->high);
        return schema;
    }
    schema = typed("string");
    cJSON_AddStringToObject(schema, "pattern", vcb_units_pattern(setting->unit));
    if (setting->zero) {
        either = cJSON_CreateObject();
        options = cJSON_AddArrayToObject(either, "anyOf");
        cJSON_AddItemToArray(options, schema);
        cJSON_AddItemToArray(options, words((const char *const[]){setting->zero, NULL}));
        return either;
    }
    if (setting->low > 0)
        return schema;
    number = cJSON_CreateObject();
    cJSON_AddNumberToObject(number, "const", 0);
    either = cJSON_CreateObject();
    options = cJSON_AddArrayToObject(either, "anyOf");
    cJSON_AddItemToArray(options, schema);
    cJSON_AddItemToArray(options, number);
    return either;
}

/* A time or a size as text, or a number of packets. */
static cJSON *queue(void)
{
    cJSON *either = cJSON_CreateObject(), *options = cJSON_AddArrayToObject(either, "anyOf"), *packets;
    static const VcbUnit UNITS[] = {VCB_UNIT_TIME, VCB_UNIT_BYTES};

    for (gsize i = 0; i < G_N_ELEMENTS(UNITS); i++) {
        cJSON *schema = typed("string");

        cJSON_AddStringToObject(schema, "pattern", vcb_units_pattern(UNITS[i]));
        cJSON_AddItemToArray(options, schema);
    }
    packets = typed("integer");
    cJSON_AddNumberToObject(packets, "minimum", 1);
    cJSON_AddItemToArray(options, packets);
    return either;
}

static cJSON *scalar(const VcbSetting *setting)
{
    cJSON *schema;

    switch (setting->type) {
    case VCB_TYPE_CHOICE:
        return words(setting->choices);
    case VCB_TYPE_BOOL:
        return typed("boolean");
    case VCB_TYPE_INT:
    case VCB_TYPE_SEED:
        return integer(setting);
    case VCB_TYPE_WHOLE:
    case VCB_TYPE_NUMBER:
    case VCB_TYPE_FRACTION:
        return quantity(setting);
    case VCB_TYPE_QUEUE:
        return queue();
    case VCB_TYPE_SIZE:
        schema = typed("string");
        cJSON_AddStringToObject(schema, "pattern", "^[0-9]+x[0-9]+$");
        return schema;
    case VCB_TYPE_ACTION: {
        /* The words complete; the other ways to write them are let through. */
        cJSON *either = cJSON_CreateObject(), *options = cJSON_AddArrayToObject(either, "anyOf");

        cJSON_AddItemToArray(options, words(setting->choices));
        schema = typed("string");
        cJSON_AddStringToObject(schema, "pattern", "^[A-Za-z]+([ _-][A-Za-z]+)?$");
        cJSON_AddItemToArray(options, schema);
        return either;
    }
    default:
        schema = cJSON_CreateObject();
        if (setting->pattern) {
            cJSON_AddStringToObject(schema, "type", "string");
            cJSON_AddStringToObject(schema, "pattern", setting->pattern);
        } else { /* `text: 42` is a text, too */
            cJSON *types = cJSON_AddArrayToObject(schema, "type");

            cJSON_AddItemToArray(types, cJSON_CreateString("string"));
            cJSON_AddItemToArray(types, cJSON_CreateString("number"));
            cJSON_AddItemToArray(types, cJSON_CreateString("boolean"));
        }
        return schema;
    }
}

static cJSON *reference(const char *name)
{
    cJSON *schema = cJSON_CreateObject();

    cJSON_AddStringToObject(schema, "$ref", name);
    return schema;
}

static cJSON *optional(const VcbSetting *setting)
{
    cJSON *schema = cJSON_CreateObject(), *options = cJSON_AddArrayToObject(schema, "anyOf");

    cJSON_AddItemToArray(options, schema_table(setting->children));
    cJSON_AddItemToArray(options, words((const char *const[]){"none", NULL}));
    return schema;
}

static cJSON *engine(const VcbSetting *setting)
{
    cJSON *schema = cJSON_CreateObject(), *options = cJSON_AddArrayToObject(schema, "anyOf");
    cJSON *exec = schema_table(setting->children), *required = cJSON_AddArrayToObject(exec, "required");

    cJSON_AddItemToArray(required, cJSON_CreateString("exec"));
    cJSON_AddItemToArray(options, words(setting->choices));
    cJSON_AddItemToArray(options, exec);
    return schema;
}

static cJSON *list(const VcbSetting *setting)
{
    cJSON *schema = typed("array"), *item = schema_table(setting->children), *required = cJSON_CreateArray();

    for (const VcbSetting *child = setting->children; child->key; child++)
        if (child->required_where && g_str_equal(child->required_where, "*"))
            cJSON_AddItemToArray(required, cJSON_CreateString(child->key));
    cJSON_AddItemToObject(item, "required", required);
    cJSON_AddItemToObject(schema, "items", item);
    return schema;
}

static cJSON *strings(void)
{
    cJSON *schema = typed("array");

    cJSON_AddItemToObject(schema, "items", reference("#/$defs/text"));
    cJSON_AddNumberToObject(schema, "minItems", 1);
    return schema;
}

static cJSON *integers(const VcbSetting *setting)
{
    cJSON *schema = typed("array");

    cJSON_AddItemToObject(schema, "items", or_variable(integer(setting)));
    cJSON_AddNumberToObject(schema, "minItems", 1);
    return schema;
}

/* `mapping`, or what is short for it. */
static cJSON *or_short(const VcbSetting *setting, cJSON *mapping)
{
    cJSON *schema = cJSON_CreateObject(), *options = cJSON_AddArrayToObject(schema, "anyOf");

    cJSON_AddItemToArray(options, scalar(vcb_setting_short(setting)));
    cJSON_AddItemToArray(options, mapping);
    cJSON_AddItemToArray(options, reference("#/$defs/variable"));
    return schema;
}

/* Where a table is used in several places, its definition. */
static cJSON *children(const VcbSetting *setting)
{
    for (gsize i = 0; i < G_N_ELEMENTS(SHARED); i++)
        if (setting->children == SHARED[i].table)
            return reference(SHARED[i].reference);
    return schema_table(setting->children);
}

static cJSON *shorts(const VcbSetting *setting)
{
    cJSON *schema = or_short(setting, children(setting)), *many = typed("array");

    cJSON_AddItemToObject(many, "items", or_short(setting, children(setting)));
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(schema, "anyOf"), many);
    return schema;
}

static cJSON *peer_names(void)
{
    cJSON *names = cJSON_CreateObject();

    cJSON_AddStringToObject(names, "pattern", "^[A-Za-z][A-Za-z0-9_-]{0,31}$");
    return names;
}

static cJSON *hosts(const VcbSetting *setting)
{
    cJSON *schema = typed("object"), *host = or_short(setting, children(setting));

    cJSON_AddItemToObject(schema, "propertyNames", peer_names());
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(host, "anyOf"), typed("null"));
    cJSON_AddItemToObject(schema, "additionalProperties", host);
    cJSON_AddNumberToObject(schema, "maxProperties", 2);
    return schema;
}

static cJSON *peers(void)
{
    cJSON *schema = typed("object"), *either, *options;

    cJSON_AddItemToObject(schema, "propertyNames", peer_names());
    either = cJSON_CreateObject();
    options = cJSON_AddArrayToObject(either, "anyOf");
    cJSON_AddItemToArray(options, reference("#/$defs/peer"));
    cJSON_AddItemToArray(options, typed("null"));
    cJSON_AddItemToObject(schema, "additionalProperties", either);
    cJSON_AddNumberToObject(schema, "minProperties", 2);
    cJSON_AddNumberToObject(schema, "maxProperties", 2);
    return schema;
}

static cJSON *matrix(void)
{
    cJSON *schema = typed("object"), *values = typed("array");

    cJSON_AddNumberToObject(values, "minItems", 1);
    cJSON_AddItemToObject(schema, "additionalProperties", values);
    return schema;
}

static cJSON *expect(void)
{
    cJSON *schema = typed("object"), *properties = cJSON_AddObjectToObject(schema, "properties");
    cJSON *variants = typed("array"), *item = typed("object"), *required = cJSON_CreateArray(), *below, *when;

    below = cJSON_AddObjectToObject(item, "properties");
    when = typed("object");
    cJSON_AddNumberToObject(when, "minProperties", 1);
    cJSON_AddItemToObject(below, "when", when);
    cJSON_AddItemToObject(item, "additionalProperties", reference("#/$defs/comparison"));
    cJSON_AddItemToArray(required, cJSON_CreateString("when"));
    cJSON_AddItemToObject(item, "required", required);
    cJSON_AddItemToObject(variants, "items", item);
    cJSON_AddStringToObject(variants, "description", "expectations of some variants of the matrix");
    cJSON_AddItemToObject(properties, "variants", variants);
    cJSON_AddItemToObject(schema, "additionalProperties", reference("#/$defs/comparison"));
    return schema;
}

static cJSON *schema_setting(const VcbSetting *setting)
{
    switch (setting->type) {
    case VCB_TYPE_GROUP:
        return schema_table(setting->children);
    case VCB_TYPE_OPTIONAL:
        return optional(setting);
    case VCB_TYPE_LIST:
        return list(setting);
    case VCB_TYPE_STRINGS:
        return strings();
    case VCB_TYPE_ENGINE:
        return engine(setting);
    case VCB_TYPE_PEER:
        return reference("#/$defs/peer");
    case VCB_TYPE_PEERS:
        return peers();
    case VCB_TYPE_MATRIX:
        return matrix();
    case VCB_TYPE_EXPECT:
        return expect();
    case VCB_TYPE_SHORT:
    case VCB_TYPE_NETWORK:
        return or_short(setting, children(setting));
    case VCB_TYPE_SHORTS:
        return shorts(setting);
    case VCB_TYPE_INTS:
        return integers(setting);
    case VCB_TYPE_LINK:
        return children(setting);
    case VCB_TYPE_HOSTS:
        return hosts(setting);
    default:
        return or_variable(scalar(setting));
    }
}

/* The default as JSON, where one word says it. */
static void add_default(cJSON *schema, const VcbSetting *setting)
{
    gint64 number;

    if (!setting->fallback)
        return;
    if (setting->type == VCB_TYPE_BOOL)
        cJSON_AddBoolToObject(schema, "default", g_str_equal(setting->fallback, "true"));
    else if (g_ascii_string_to_signed(setting->fallback, 10, G_MININT64, G_MAXINT64, &number, NULL))
        cJSON_AddNumberToObject(schema, "default", (double)number);
    else
        cJSON_AddStringToObject(schema, "default", setting->fallback);
}

static cJSON *schema_table(const VcbSetting *table)
{
    cJSON *schema = typed("object"), *properties = cJSON_AddObjectToObject(schema, "properties");

    for (const VcbSetting *setting = table; setting->key; setting++) {
        cJSON *property = schema_setting(setting);
        g_autofree char *range = vcb_setting_range(setting);
        g_autofree char *description =
            range ? g_strdup_printf("%s (%s)", setting->description, range) : g_strdup(setting->description);

        cJSON_AddStringToObject(property, "description", description);
        add_default(property, setting);
        cJSON_AddItemToObject(properties, setting->key, property);
    }
    cJSON_AddBoolToObject(schema, "additionalProperties", FALSE);
    return schema;
}

static cJSON *definitions(void)
{
    cJSON *defs = cJSON_CreateObject(), *variable = typed("string"), *comparison = cJSON_CreateObject(),
          *types, *text;

    cJSON_AddStringToObject(variable, "description",
                            "a value from the environment: ${NAME} or ${NAME:-default}");
    cJSON_AddStringToObject(variable, "pattern", "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}");
    cJSON_AddItemToObject(defs, "variable", variable);
    types = cJSON_AddArrayToObject(comparison, "type");
    cJSON_AddItemToArray(types, cJSON_CreateString("string"));
    cJSON_AddItemToArray(types, cJSON_CreateString("number"));
    cJSON_AddStringToObject(comparison, "description",
                            "\"< 1500\", \">= 99%\", 10..20; a bare number means equal");
    cJSON_AddStringToObject(comparison, "pattern",
                            "^ *(([<>]=?|[=!]=)? *-?[0-9].*|-?[0-9].*\\.\\. *-?[0-9].*|.*\\$\\{.*)$");
    cJSON_AddItemToObject(defs, "comparison", comparison);
    text = cJSON_CreateObject();
    types = cJSON_AddArrayToObject(text, "type");
    cJSON_AddItemToArray(types, cJSON_CreateString("string"));
    cJSON_AddItemToArray(types, cJSON_CreateString("number"));
    cJSON_AddItemToArray(types, cJSON_CreateString("boolean"));
    cJSON_AddItemToObject(defs, "text", text);
    for (gsize i = 0; i < G_N_ELEMENTS(SHARED); i++)
        cJSON_AddItemToObject(defs, strrchr(SHARED[i].reference, '/') + 1, schema_table(SHARED[i].table));
    return defs;
}

char *vcb_scenario_json_schema(void)
{
    g_autoptr(cJSON) schema = schema_table(VCB_SETTINGS);
    g_autoptr(cJSON) top = cJSON_CreateObject();
    cJSON *shared = cJSON_CreateObject();
    char *printed, *text;

    cJSON_AddStringToObject(top, "$schema", "https://json-schema.org/draft/2020-12/schema");
    cJSON_AddStringToObject(top, "title", "vcbench scenario");
    cJSON_AddStringToObject(top, "description",
                            "A WebRTC call to rehearse; docs/scenario.md explains the language.");
    for (cJSON *item = schema->child; item; item = schema->child)
        cJSON_AddItemToObject(top, item->string, cJSON_DetachItemViaPointer(schema, item));
    cJSON_AddItemToObject(shared, "^x-", cJSON_CreateTrue());
    cJSON_AddItemToObject(top, "patternProperties", shared);
    cJSON_AddItemToObject(top, "$defs", definitions());
    printed = cJSON_Print(top);
    text = g_strconcat(printed, "\n", NULL);
    cJSON_free(printed);
    return text;
}
