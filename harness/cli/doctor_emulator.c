/* The emulated network: vcbench-net itself tries each way in which it could make hosts, and tells as JSON which work and why others do
 * not (`vcbench-net --probe`). Here that becomes one line and one remedy. */
#include "harness/cli/doctor.h"

#include "common/json.h"
#include "harness/run/programs.h"

#include <string.h>

#define OPENS "to open namespaces: " /* what mends it, in the words of network/hosts/ */

/* The last way that does not work is the one that asks least of a machine: why it does not, in one line, and what opens it (NULL: nothing is
 * known). */
static void explain(const cJSON *combinations, VcbFinding *finding)
{
    const char *problem = "vcbench-net told no way";
    g_auto(GStrv) lines = NULL;
    const cJSON *combination;

    cJSON_ArrayForEach (combination, combinations)
        problem = vcb_json_string(combination, "problem", problem);
    lines = g_strsplit(problem, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *text = g_strstrip(*line);

        if (g_str_has_prefix(text, OPENS)) {
            g_free(finding->remedy);
            finding->remedy = g_strdup(text + strlen(OPENS));
        } else if (line == lines || line == lines + 1) { /* the headline, then the first reason */
            vcb_finding_set(finding, VCB_FINDING_MISSING, "%s", text);
        }
    }
}

/* "tun as root, veth as any user": the ways that work. New string. */
static char *ways_that_work(const cJSON *combinations)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const cJSON *combination;

    cJSON_ArrayForEach (combination, combinations) {
        if (vcb_json_bool(combination, "works", FALSE))
            g_string_append_printf(
                text, "%s%s %s", text->len ? ", " : "", vcb_json_string(combination, "backend", "?"),
                g_str_equal(vcb_json_string(combination, "namespaces", ""), "root") ? "as root"
                                                                                    : "as any user");
    }
    return g_strdup(text->str);
}

void vcb_probe_emulator(const VcbCheck *check, VcbFinding *finding)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *program = vcb_program_find(VCB_PROGRAM_NET, &error), *text = NULL, *ways = NULL;
    char *argv[] = {program, (char *)"--probe", NULL};
    g_autoptr(cJSON) answer = NULL;
    const cJSON *combinations;

    if (!program ||
        !g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &text, NULL, NULL, &error)) {
        vcb_finding_set(finding, VCB_FINDING_MISSING, "%s", error->message);
        return;
    }
    answer = cJSON_Parse(text);
    combinations = vcb_json_array(answer, "combinations");
    ways = ways_that_work(combinations);
    if (!*ways) {
        explain(combinations, finding);
    } else if (g_str_equal(vcb_json_string(answer, "scheduler", ""), "fifo")) {
        vcb_finding_set(finding, VCB_FINDING_OK, "%s, with real-time priority", ways);
    } else {
        vcb_finding_set(finding, VCB_FINDING_LIMITED,
                        "%s, without real-time priority: late on a busy machine", ways);
        finding->remedy = g_strdup(
            "echo \"$USER - rtprio 10\" | sudo tee /etc/security/limits.d/vcbench.conf; then log in again");
    }
}
