/* Packets between hosts' interfaces and the internet. */
#include "network/emulator/emulated.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Packets read from one interface before others have their turn, and before what is due is looked at again. */
#define BATCH 32
#define BETWEEN_LOOKS 8

static void stop_listening(VcbPort *port)
{
    vcb_loop_unwatch(port->emulator->loop, port->watch);
    port->watch = NULL;
}

static void on_packets(guint32 events, void *user_data)
{
    VcbPort *port = user_data;
    VcbEmulator *emulator = port->emulator;

    for (guint i = 1; i <= BATCH; i++) {
        VcbPacket *packet = vcb_packet_new();
        gssize n = vcb_host_port_read(&port->port, packet->data, VCB_PACKET_MAX);
        gint64 now_ns;

        if (n <= 0) {
            vcb_packet_free(packet);
            if (n < 0)
                stop_listening(port); /* until the interface comes up again */
            return;
        }
        now_ns = vcb_now_ns();
        packet->length = (guint16)n;
        packet->came_ns = packet->due_ns = now_ns;
        vcb_internet_input(emulator->internet, port->interface, packet, now_ns);
        if (i % BETWEEN_LOOKS == 0)
            vcb_loop_let_due_go(emulator->loop);
    }
}

void vcb_emulated_listen(VcbEmulatedNetwork *network)
{
    for (guint i = 0; i < network->n_ports; i++) {
        VcbPort *port = &network->ports[i];

        if (!port->watch)
            port->watch = vcb_loop_watch(network->emulator->loop, port->port.fd, EPOLLIN, on_packets, port);
    }
}

void vcb_emulated_open_ports(VcbEmulatedNetwork *network, VcbHostPort *ports, guint n)
{
    const VcbNetworkDescription *description = network->description;
    guint next = 0;

    network->ports = g_new0(VcbPort, n);
    network->n_ports = n;
    for (guint i = 0; i < description->n_hosts; i++) {
        const VcbHostDescription *host = &description->hosts[i];

        for (guint k = 0; k < host->n_interfaces; k++, next++) {
            VcbPort *port = &network->ports[next];

            g_assert(next < n);
            port->emulator = network->emulator;
            port->port = ports[next];
            ports[next].fd = -1; /* ours now */
            port->interface = vcb_network_interface(network->network, host->name, host->interfaces[k].name);
            vcb_interface_set_user_data(port->interface, port);
        }
    }
    vcb_emulated_listen(network);
}

void vcb_emulated_close_ports(VcbEmulatedNetwork *network)
{
    for (guint i = 0; i < network->n_ports; i++) {
        stop_listening(&network->ports[i]);
        close(network->ports[i].port.fd);
    }
    g_clear_pointer(&network->ports, g_free);
    network->n_ports = 0;
}

gboolean vcb_port_output(VcbInterface *interface, const VcbPacket *packet, gint64 now_ns, void *user_data)
{
    VcbPort *port = vcb_interface_user_data(interface);

    if (!port || !vcb_host_port_write(&port->port, packet->data, packet->length))
        return FALSE;
    vcb_audit_late(&port->emulator->audit, vcb_now_ns() - packet->due_ns);
    return TRUE;
}
