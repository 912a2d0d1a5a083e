/* The emulator's end of an interface: whole IP packets, whichever back end carries them. */
#include "network/hosts/hosts.h"

#include <errno.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* An interface that is down for a while is not gone: of the two back ends only the packet socket says so at all. */
static gssize failed_read(void)
{
    return errno == EAGAIN || errno == EINTR || errno == ENETDOWN ? 0 : -1;
}

gssize vcb_host_port_read(VcbHostPort *port, guint8 *data, gsize size)
{
    struct ether_header header;
    struct iovec parts[] = {{&header, sizeof header}, {data, size}};
    ssize_t n;

    if (port->backend == VCB_BACKEND_TUN) {
        n = read(port->fd, data, size);
        return n >= 0 ? n : failed_read();
    }
    n = readv(port->fd, parts, G_N_ELEMENTS(parts));
    if (n < 0)
        return failed_read();
    return n > (ssize_t)sizeof header ? n - (ssize_t)sizeof header : 0;
}

gboolean vcb_host_port_write(VcbHostPort *port, const guint8 *data, gsize length)
{
    /* The far end's own address is of no interest to anybody. */
    struct ether_header header = {.ether_shost = {0x02, 0x01}};
    struct iovec parts[] = {{&header, sizeof header}, {(guint8 *)data, length}};

    if (length == 0) {
        errno = EINVAL;
        return FALSE;
    }
    if (port->backend == VCB_BACKEND_TUN)
        return write(port->fd, data, length) == (ssize_t)length;
    memcpy(header.ether_dhost, port->link_address, sizeof port->link_address);
    header.ether_type = htons(data[0] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
    return writev(port->fd, parts, G_N_ELEMENTS(parts)) == (ssize_t)(sizeof header + length);
}
