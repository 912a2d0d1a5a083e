/* vcbench doctor: run the table of checks, and say what this machine can do, what is missing, and what mends
 * it. */
#include "common/error.h"
#include "common/json.h"
#include "harness/cli/doctor.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int vcb_cmd_doctor(int argc, char **argv);

static const char *colour_of(VcbFindingState state)
{
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};

    G_STATIC_ASSERT(G_N_ELEMENTS(colours) == VCB_FINDING_MISSING + 1);
    return colours[state];
}

static void print_text(const VcbFinding *findings, gboolean ready, gboolean colour)
{
    const char *group = "";
    g_autoptr(GString) required = g_string_new(NULL);
    g_autoptr(GPtrArray) packages = g_ptr_array_new();

    for (gsize i = 0; i < vcb_doctor_n_checks; i++) {
        const VcbCheck *check = &vcb_doctor_checks[i];
        const VcbFinding *finding = &findings[i];
        g_autofree char *remedy = vcb_doctor_remedy(check, finding);
        g_autofree char *need = g_strconcat(check->needed_for, check->required ? " *" : "", NULL);

        if (strcmp(group, check->group) != 0)
            printf("%s%s\n", i ? "\n" : "", check->group);
        group = check->group;
        printf("  %s%-7s%s  %-17s  %-23s  %s\n", colour ? colour_of(finding->state) : "",
               vcb_finding_state_name(finding->state), colour ? "\033[0m" : "", check->name, need,
               finding->detail);
        if (finding->state == VCB_FINDING_OK)
            continue;
        if (remedy)
            printf("           to mend: %s\n", remedy);
        if (!check->required || finding->state != VCB_FINDING_MISSING)
            continue;
        g_string_append_printf(required, "%s%s", required->len ? ", " : "", check->name);
        if (check->package && !g_ptr_array_find_with_equal_func(packages, check->package, g_str_equal, NULL))
            g_ptr_array_add(packages, (gpointer)check->package);
    }
    if (ready)
        printf("\nReady: this machine has all that scenarios/lan.yaml needs (*).\n");
    else
        printf("\nNot ready: scenarios/lan.yaml needs (*) %s.\n", required->str);
    if (packages->len) {
        g_ptr_array_add(packages, NULL);
        g_autofree char *names = g_strjoinv(" ", (char **)packages->pdata);
        g_autofree char *command = vcb_doctor_install_command(names);

        printf("To mend it: %s\n", command);
    }
}

static void print_json(const VcbFinding *findings, gboolean ready)
{
    g_autoptr(cJSON) root = cJSON_CreateObject();
    cJSON *checks;
    char *text;

    cJSON_AddStringToObject(root, "schema", "vcbench.doctor/1");
    cJSON_AddStringToObject(root, "version", VCB_VERSION);
    cJSON_AddBoolToObject(root, "ready", ready);
    checks = cJSON_AddArrayToObject(root, "checks");
    for (gsize i = 0; i < vcb_doctor_n_checks; i++) {
        const VcbCheck *check = &vcb_doctor_checks[i];
        g_autofree char *remedy = vcb_doctor_remedy(check, &findings[i]);
        cJSON *item = cJSON_CreateObject();

        cJSON_AddItemToArray(checks, item);
        cJSON_AddStringToObject(item, "group", check->group);
        cJSON_AddStringToObject(item, "name", check->name);
        cJSON_AddStringToObject(item, "state", vcb_finding_state_name(findings[i].state));
        cJSON_AddBoolToObject(item, "required", check->required);
        cJSON_AddStringToObject(item, "detail", findings[i].detail);
        cJSON_AddStringToObject(item, "needed_for", check->needed_for);
        vcb_json_add_string(item, "package", check->package);
        vcb_json_add_string(item, "remedy", remedy);
    }
    text = cJSON_Print(root);
    puts(text);
    cJSON_free(text);
}

/* argv[0] is the command's name. */
int vcb_cmd_doctor(int argc, char **argv)
{
    g_autofree char *format = NULL;
    g_autofree VcbFinding *findings = g_new0(VcbFinding, vcb_doctor_n_checks);
    g_autoptr(GError) error = NULL;
    gboolean ready = TRUE;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &format, "how to print: text (the default) or json", "FORMAT"},
        {.long_name = NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_set_prgname("vcbench doctor"); /* for the usage line */
    g_option_context_set_summary(
        context, "Says what this machine can do, what is missing, and the command that mends it.");
    g_option_context_set_description(context, "Exit status: 0 all that scenarios/lan.yaml needs is there; 2 "
                                              "bad usage; 3 something that it needs is missing.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "vcbench doctor: %s\n", error->message);
        return VCB_ERROR_USAGE;
    }
    if (argc > 1) {
        fprintf(stderr, "vcbench doctor: it takes no argument (given: \"%s\")\n", argv[1]);
        return VCB_ERROR_USAGE;
    }
    if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
        fprintf(stderr, "vcbench doctor: --format is text or json, not \"%s\"\n", format);
        return VCB_ERROR_USAGE;
    }

    for (gsize i = 0; i < vcb_doctor_n_checks; i++) {
        vcb_doctor_checks[i].probe(&vcb_doctor_checks[i], &findings[i]);
        if (vcb_doctor_checks[i].required && findings[i].state == VCB_FINDING_MISSING)
            ready = FALSE;
    }
    if (format && strcmp(format, "json") == 0)
        print_json(findings, ready);
    else
        print_text(findings, ready, isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR"));
    for (gsize i = 0; i < vcb_doctor_n_checks; i++)
        vcb_finding_clear(&findings[i]);
    return ready ? 0 : VCB_ERROR_INVALID;
}
