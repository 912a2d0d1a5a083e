#include "harness/scenario/settings.h"

#include "harness/scenario/bind.h"
#include "harness/scenario/checks.h"
#include "harness/scenario/fields.h"
#include "harness/scenario/network_bind.h"

#include <string.h>

static gboolean check_peer_name(VcbBinding *binding, const VcbNode *key)
{
    /* Words that stand where a peer's name may stand: in rules, metrics and the log. */
    static const char *const RESERVED[] = {"all",     "any",        "audio",      "video", "link",
                                           "vcbench", "signald",    "turnserver", "none",  "internet",
                                           "carrier", "bottleneck", NULL};

    if (g_strv_contains(RESERVED, key->text)) {
        vcb_problems_add(binding->problems, key,
                         "a peer cannot be called `%s`, which means something else; choose "
                         "another name",
                         key->text);
        return FALSE;
    }
    if (!g_regex_match_simple("^[A-Za-z][A-Za-z0-9_-]{0,31}$", key->text, G_REGEX_DOLLAR_ENDONLY, 0)) {
        vcb_problems_add(
            binding->problems, key,
            "a peer cannot be called `%s`; names begin with a letter, then up to 31 letters, digits, `_`, "
            "`-`",
            key->text);
        return FALSE;
    }
    return TRUE;
}

static void bind_peers(VcbBinding *binding, const VcbNode *root)
{
    const VcbSetting *peer = vcb_setting_find(VCB_SETTINGS, "peer");
    const VcbNode *both = vcb_node_get(root, "peer"), *named = vcb_node_get(root, "peers");
    gboolean both_fine = both && !both->broken && vcb_bind_expect_mapping(binding, both, "peer", "");

    for (guint i = 0; i < 2; i++) {
        VcbPeerSettings *settings = &binding->settings->peers[i];
        g_autofree char *path = g_strdup_printf("peers.%u", i);

        settings->name = g_strdup(i == 0 ? "alice" : "bob");
        vcb_fields_fill(peer->children, settings);
        if (both_fine) {
            vcb_binding_note(binding, path, both);
            vcb_bind_table(binding, peer->children, both, settings, (VcbPlace){path, "peer"}, FALSE);
        }
    }
    if (!named || named->broken || !vcb_bind_expect_mapping(binding, named, "peers", ""))
        return;
    if (named->keys->len != 2)
        vcb_problems_add(
            binding->problems, named,
            "`peers` names %u, and a call has two peers; name two, or leave it out for alice and bob",
            named->keys->len);
    for (guint i = 0; i < named->keys->len; i++) {
        const VcbNode *key = g_ptr_array_index(named->keys, i), *value = g_ptr_array_index(named->values, i);
        VcbPeerSettings *settings = &binding->settings->peers[MIN(i, 1)];
        g_autofree char *path = g_strdup_printf("peers.%u", MIN(i, 1));
        g_autofree char *label = g_strdup_printf("peers.%s", key->text);

        if (!check_peer_name(binding, key))
            continue;
        g_free(settings->name);
        settings->name = g_strdup(key->text);
        vcb_binding_note(binding, path, value);
        binding->broken = binding->broken || value->broken;
        if (!value->broken && !vcb_node_is_null(value) && vcb_bind_expect_mapping(binding, value, label, ""))
            vcb_bind_table(binding, peer->children, value, settings, (VcbPlace){path, label}, FALSE);
    }
}

void vcb_settings_bind(VcbSettings *settings, const VcbNode *root, const char *default_name,
                       VcbProblems *problems)
{
    g_autoptr(GHashTable) where = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    VcbBinding binding = {.settings = settings, .root = root, .where = where, .problems = problems};
    guint before = vcb_problems_added(problems);

    memset(settings, 0, sizeof *settings);
    vcb_fields_fill(VCB_SETTINGS, settings);
    settings->name = g_strdup(default_name);
    vcb_bind_table(&binding, VCB_SETTINGS, root, settings, (VcbPlace){"", ""}, FALSE);
    bind_peers(&binding, root);
    vcb_network_bind(&binding, vcb_node_get(root, "network"));
    settings->signaling_direct = g_strcmp0(settings->signaling.path, "direct") == 0;
    /* Checks of two settings together make sense only where each is right. */
    if (!binding.broken && vcb_problems_added(problems) == before)
        vcb_checks_run(&binding);
}
