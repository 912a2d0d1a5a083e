/* Changes at their times, counted from the origin that `start` gives. */
#include "network/emulator/emulated.h"

static gint64 next_of(const VcbEmulatedNetwork *network)
{
    if (network->state != VCB_EMULATED_RUNNING || network->origin_ns == VCB_NEVER_NS ||
        network->next_entry >= network->description->n_timeline)
        return VCB_NEVER_NS;
    return network->origin_ns + network->description->timeline[network->next_entry].at_ns;
}

void vcb_emulator_find_next_entry(VcbEmulator *emulator)
{
    emulator->next_entry_ns = VCB_NEVER_NS;
    for (guint i = 0; i < emulator->networks->len; i++)
        emulator->next_entry_ns = MIN(emulator->next_entry_ns, next_of(emulator->networks->pdata[i]));
}

void vcb_emulator_start_timeline(VcbEmulatedNetwork *network, gint64 origin_ns)
{
    network->origin_ns = origin_ns;
    vcb_emulator_find_next_entry(network->emulator);
}

static void do_entry(VcbEmulatedNetwork *network, const VcbNetworkChange *entry)
{
    gint64 planned_ns = network->origin_ns + entry->at_ns;
    g_autoptr(GError) error = NULL;
    gboolean done;

    if (entry->host)
        done =
            vcb_emulated_change_interface(network, entry->host, entry->down, entry->up, planned_ns, &error);
    else
        done = vcb_emulated_change_link(network, entry->router, entry->direction, entry->set, planned_ns,
                                        &error);
    if (!done) {
        g_autofree char *text =
            g_strdup_printf("timeline at %.3f s: %s", (double)entry->at_ns / 1e9, error->message);

        vcb_emulator_say_error(network->emulator, network->description->name, text);
    }
}

void vcb_emulator_do_entries(VcbEmulator *emulator, gint64 now_ns)
{
    for (guint i = 0; i < emulator->networks->len; i++) {
        VcbEmulatedNetwork *network = emulator->networks->pdata[i];

        while (next_of(network) <= now_ns)
            do_entry(network, &network->description->timeline[network->next_entry++]);
    }
    vcb_emulator_find_next_entry(emulator);
}
