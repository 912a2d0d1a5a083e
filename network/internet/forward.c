/* What a router does with a packet.
 *
 *   FROM_BELOW -- TTL --+-- an outer address of its NAT -- firewall, NAT (hairpin), firewall --> down
 *                       +-- known below ---------------------------------------------------> down
 *                       +-- else --------- firewall, NAT, link up ---> the parent, FROM_BELOW
 *   FROM_ABOVE -- TTL -- NAT, firewall ----------------------------> down
 *   down: an interface of its own -> events.output; else the link down of the router below -> there, FROM_ABOVE
 *
 * Routers answer nothing but ICMP errors: TTL, too big, no route; NATs and firewalls drop silently, and so does an interface that
 * is down. An error goes the way of any packet from that router, but past its own firewall. */
#include "network/internet/tree.h"

#include "network/internet/icmp.h"

#include <string.h>

/* Errors of one router: 1000 a second, up to 100 at once (RFC 1812 section 4.3.2.8). */
#define ERROR_INTERVAL_NS G_GINT64_CONSTANT(1000000)
#define ERROR_BURST 100

/* Where errors come from that no outer address of a NAT is at hand for. */
static const guint8 ROUTER_V4[] = {198, 18, 255, 254};
static const guint8 ROUTER_V6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void push(Router *at, VcbNetwork *network, VcbPacket *packet, Side side)
{
    VcbInternet *internet = at->internet;
    guint end;

    if (internet->n_arrivals == internet->arrivals_size) {
        guint size = MAX(64, 2 * internet->arrivals_size);
        Arrival *arrivals = g_new(Arrival, size);

        for (guint i = 0; i < internet->n_arrivals; i++)
            arrivals[i] = internet->arrivals[(internet->first_arrival + i) % internet->arrivals_size];
        g_free(internet->arrivals);
        internet->arrivals = arrivals;
        internet->arrivals_size = size;
        internet->first_arrival = 0;
    }
    end = (internet->first_arrival + internet->n_arrivals++) & (internet->arrivals_size - 1);
    internet->arrivals[end] = (Arrival){.at = at, .network = network, .packet = packet, .side = side};
}

static void drop(Router *at, VcbNetwork *network, VcbPacket *packet, VcbFate fate)
{
    VcbInternet *internet = at->internet;
    guint64 *dropped = at->network ? at->dropped : network->dropped_at_root;

    dropped[fate]++;
    if (internet->events.router_dropped)
        internet->events.router_dropped(network, at->name, packet, fate, internet->now_ns,
                                        internet->user_data);
    vcb_packet_free(packet);
}

static gboolean translates(const Router *router, const VcbIp *ip)
{
    return router->nat && !ip->is_v6;
}

/* Tell the sender, if that is due. The packet stays the caller's. */
static void send_error(Router *at, VcbNetwork *network, const VcbPacket *packet, const VcbIp *ip,
                       VcbIcmpError error, guint mtu, Side side)
{
    const guint8 *source = ip->is_v6 ? ROUTER_V6 : at->nat ? vcb_nat_address(at->nat) : ROUTER_V4;
    gint64 used_ns = MAX(at->errors_ns, packet->due_ns - ERROR_BURST * ERROR_INTERVAL_NS) + ERROR_INTERVAL_NS;
    VcbPacket *made;

    if (used_ns > packet->due_ns)
        return;
    made = vcb_icmp_error_new(packet, ip, error, mtu, source);
    if (!made)
        return;
    at->errors_ns = used_ns;
    push(at, network, made, side);
}

void vcb_forward_replan(Place *place)
{
    vcb_heap_set(&place->router->internet->heap, &place->moment, vcb_link_next_ns(place->place.link));
}

/* What comes behind the link. */
static void arrive(Place *place, VcbPacket *packet)
{
    Router *router = place->router;

    if (place->direction == UP)
        push(router->parent, router->network, packet, FROM_BELOW);
    else
        push(router, router->network, packet, FROM_ABOVE);
}

static void send_one(Place *place, VcbPacket *packet)
{
    VcbInternet *internet = place->router->internet;

    packet->came_ns = packet->due_ns;
    if (internet->events.came)
        internet->events.came(&place->place, packet, internet->now_ns, internet->user_data);
    vcb_link_send(place->place.link, packet, internet->ideal_ns);
}

static void send_on(Place *place, VcbPacket *packet)
{
    guint mtu = vcb_link_settings(place->place.link)->mtu;
    VcbPacket *fragments;

    packet->next = NULL;
    if (packet->skips_links) {
        arrive(place, packet);
        return;
    }
    if (mtu == 0 || packet->length <= mtu || !(fragments = vcb_ip_fragment(packet, mtu))) {
        send_one(place, packet);
    } else {
        while (fragments) {
            VcbPacket *fragment = fragments;

            fragments = fragment->next;
            fragment->next = NULL;
            send_one(place, fragment);
        }
    }
    vcb_forward_replan(place);
}

static void link_delivers(VcbLink *link, VcbPacket *packet, gint64 now_ns, void *user_data)
{
    Place *place = user_data;
    VcbInternet *internet = place->router->internet;

    if (internet->events.fate)
        internet->events.fate(&place->place, packet, VCB_FATE_DELIVERED, internet->now_ns,
                              internet->user_data);
    arrive(place, packet);
}

/* Too long for the link: the router at its near end says so. What goes up has the addresses of the outer side already. */
static void tell_too_big(Place *place, const VcbPacket *packet)
{
    Router *router = place->router, *near = place->direction == UP ? router : router->parent;
    const VcbLinkSettings *settings = vcb_link_settings(place->place.link);
    VcbPacket *copy;
    VcbIp ip;

    if (!settings->mtu_icmp)
        return;
    copy = vcb_packet_copy(packet);
    if (vcb_ip_parse(copy, &ip))
        send_error(near, router->network, copy, &ip, VCB_ICMP_TOO_BIG, settings->mtu,
                   place->direction == UP ? MADE_OUTSIDE : MADE_INSIDE);
    vcb_packet_free(copy);
}

static void link_drops(VcbLink *link, const VcbPacket *packet, VcbFate fate, gint64 now_ns, void *user_data)
{
    Place *place = user_data;
    VcbInternet *internet = place->router->internet;

    if (internet->events.fate)
        internet->events.fate(&place->place, packet, fate, internet->now_ns, internet->user_data);
    if (fate == VCB_FATE_MTU)
        tell_too_big(place, packet);
}

const VcbLinkEvents vcb_forward_link_events = {.deliver = link_delivers, .dropped = link_drops};

static void output(VcbInterface *interface, VcbPacket *packet)
{
    Router *router = interface->router;
    VcbInternet *internet = router->internet;

    if (!interface->up)
        drop(router, interface->network, packet, VCB_FATE_NO_ROUTE);
    else if (internet->events.output(interface, packet, internet->now_ns, internet->user_data))
        vcb_packet_free(packet);
    else
        drop(router, interface->network, packet, VCB_FATE_HOST_FULL);
}

/* Whose the destination is, where that is below this router. */
static const Target *find_below(const Router *at, const VcbIp *ip)
{
    const Target *target = ip->is_v6 ? vcb_tree_lookup_v6(at->internet, ip->destination)
                                     : vcb_tree_lookup_v4(at->realm, ip->destination);

    if (!target || target->router->depth < at->depth || target->router->path[at->depth] != at)
        return NULL;
    return target;
}

static void send_down(Router *at, const Target *target, VcbPacket *packet)
{
    if (target->router->is_direct)
        packet->skips_links = TRUE;
    if (target->router == at)
        output(target->interface, packet);
    else
        send_on(&target->router->path[at->depth + 1]->places[DOWN], packet);
}

/* After a NAT or firewall has looked: FALSE: it is dropped, and gone. */
static gboolean passed(VcbFate fate, Router *at, VcbNetwork *network, VcbPacket *packet)
{
    if (fate == VCB_FATE_DELIVERED)
        return TRUE;
    drop(at, network, packet, fate);
    return FALSE;
}

static gboolean pass_firewall(Router *at, VcbNetwork *network, VcbPacket *packet, const VcbIp *ip,
                              Direction direction)
{
    if (!at->firewall)
        return TRUE;
    return passed(direction == UP ? vcb_firewall_outward(at->firewall, packet, ip, packet->due_ns)
                                  : vcb_firewall_inward(at->firewall, packet, ip, packet->due_ns),
                  at, network, packet);
}

static void deliver_below(Router *at, VcbNetwork *network, VcbPacket *packet, const VcbIp *ip)
{
    const Target *target = find_below(at, ip);

    if (target)
        send_down(at, target, packet);
    else
        drop(at, network, packet, VCB_FATE_NO_ROUTE);
}

static void go_from_inside(Router *at, VcbNetwork *network, VcbPacket *packet, VcbIp *ip)
{
    const Target *target;

    if (translates(at, ip) && vcb_nat_owns(at->nat, ip->destination)) {
        if (pass_firewall(at, network, packet, ip, UP) &&
            passed(vcb_nat_hairpin(at->nat, packet, ip, packet->due_ns), at, network, packet) &&
            pass_firewall(at, network, packet, ip, DOWN))
            deliver_below(at, network, packet, ip);
        return;
    }
    target = find_below(at, ip);
    if (target) {
        send_down(at, target, packet);
    } else if (!at->parent) {
        send_error(at, network, packet, ip, VCB_ICMP_NO_ROUTE, 0, MADE_INSIDE);
        drop(at, network, packet, VCB_FATE_NO_ROUTE);
    } else if (pass_firewall(at, network, packet, ip, UP) &&
               (!translates(at, ip) ||
                passed(vcb_nat_outward(at->nat, packet, ip, packet->due_ns), at, network, packet))) {
        send_on(&at->places[UP], packet);
    }
}

static void go_from_outside(Router *at, VcbNetwork *network, VcbPacket *packet, VcbIp *ip)
{
    if ((!translates(at, ip) ||
         passed(vcb_nat_inward(at->nat, packet, ip, packet->due_ns), at, network, packet)) &&
        pass_firewall(at, network, packet, ip, DOWN))
        deliver_below(at, network, packet, ip);
}

/* An error of this router's own. */
static void go_made(Router *at, VcbNetwork *network, VcbPacket *packet, VcbIp *ip, Side side)
{
    gboolean is_to_itself = translates(at, ip) && vcb_nat_owns(at->nat, ip->destination);
    const Target *target;

    if (is_to_itself) {
        if (passed(side == MADE_OUTSIDE ? vcb_nat_inward(at->nat, packet, ip, packet->due_ns)
                                        : vcb_nat_hairpin(at->nat, packet, ip, packet->due_ns),
                   at, network, packet))
            deliver_below(at, network, packet, ip);
        return;
    }
    target = side == MADE_OUTSIDE && translates(at, ip) ? NULL : find_below(at, ip);
    if (target)
        send_down(at, target, packet);
    else if (!at->parent)
        drop(at, network, packet, VCB_FATE_NO_ROUTE);
    else if (side == MADE_OUTSIDE || !translates(at, ip) ||
             passed(vcb_nat_outward(at->nat, packet, ip, packet->due_ns), at, network, packet))
        send_on(&at->places[UP], packet);
}

/* FALSE: it is at its end. */
static gboolean take_hop(Router *at, VcbNetwork *network, VcbPacket *packet, VcbIp *ip, Side side)
{
    if (ip->ttl > 1) {
        vcb_ip_decrement_ttl(packet, ip);
        return TRUE;
    }
    send_error(at, network, packet, ip, VCB_ICMP_TTL, 0, side == FROM_ABOVE ? MADE_OUTSIDE : MADE_INSIDE);
    drop(at, network, packet, VCB_FATE_TTL);
    return FALSE;
}

static void handle(const Arrival *arrival)
{
    VcbPacket *packet = arrival->packet;
    VcbIp ip;

    if (!vcb_ip_parse(packet, &ip)) {
        drop(arrival->at, arrival->network, packet, VCB_FATE_MALFORMED);
        return;
    }
    if (arrival->side == MADE_INSIDE || arrival->side == MADE_OUTSIDE) {
        go_made(arrival->at, arrival->network, packet, &ip, arrival->side);
        return;
    }
    if (!take_hop(arrival->at, arrival->network, packet, &ip, arrival->side))
        return;
    if (arrival->side == FROM_BELOW)
        go_from_inside(arrival->at, arrival->network, packet, &ip);
    else
        go_from_outside(arrival->at, arrival->network, packet, &ip);
}

void vcb_forward_arrivals(VcbInternet *internet)
{
    while (internet->n_arrivals) {
        Arrival arrival = internet->arrivals[internet->first_arrival];

        internet->first_arrival = (internet->first_arrival + 1) & (internet->arrivals_size - 1);
        internet->n_arrivals--;
        handle(&arrival);
    }
}

/* The last address of one of the interface's own IPv4 subnets: its broadcast. */
static gboolean is_broadcast(const VcbInterface *interface, const guint8 *address)
{
    guint32 wanted;

    memcpy(&wanted, address, sizeof wanted);
    wanted = GUINT32_FROM_BE(wanted);
    for (guint i = 0; i < interface->n_addresses; i++) {
        const VcbInterfaceAddress *own = &interface->addresses[i];
        guint32 value, hosts;

        if (own->address.is_v6 || own->prefix_length > 30)
            continue;
        memcpy(&value, own->address.bytes, sizeof value);
        hosts = G_MAXUINT32 >> own->prefix_length;
        if (wanted == (GUINT32_FROM_BE(value) | hosts))
            return TRUE;
    }
    return FALSE;
}

static gboolean owns(const VcbInterface *interface, const VcbIp *ip)
{
    for (guint i = 0; i < interface->n_addresses; i++) {
        const VcbAddress *own = &interface->addresses[i].address;

        if (!own->is_v6 == !ip->is_v6 && memcmp(own->bytes, ip->source, ip->is_v6 ? 16 : 4) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Is it to a host whose path is direct? Every realm on the way up is asked. */
static gboolean goes_direct(const VcbInterface *interface, const VcbIp *ip)
{
    const VcbInternet *internet = interface->router->internet;
    const Target *target = NULL;

    if (interface->router->is_direct)
        return TRUE;
    if (ip->is_v6) {
        target = vcb_tree_lookup_v6(internet, ip->destination);
    } else {
        for (const Realm *realm = interface->router->realm; realm && !target; realm = realm->outer)
            target = vcb_tree_lookup_v4(realm, ip->destination);
    }
    return target && target->router->is_direct;
}

void vcb_forward_input(VcbInterface *interface, VcbPacket *packet)
{
    Router *router = interface->router;
    VcbIp ip;

    if (!vcb_ip_parse(packet, &ip)) {
        drop(router, interface->network, packet, VCB_FATE_MALFORMED);
        return;
    }
    if (vcb_ip_is_local_noise(&ip) || (!ip.is_v6 && is_broadcast(interface, ip.destination))) {
        vcb_packet_free(packet);
        return;
    }
    if (!interface->up) {
        drop(router, interface->network, packet, VCB_FATE_NO_ROUTE);
        return;
    }
    if (!owns(interface, &ip)) {
        drop(router, interface->network, packet, VCB_FATE_MALFORMED);
        return;
    }
    packet->skips_links = router->internet->n_direct > 0 && goes_direct(interface, &ip);
    if (take_hop(router, interface->network, packet, &ip, FROM_BELOW))
        go_from_inside(router, interface->network, packet, &ip);
}
