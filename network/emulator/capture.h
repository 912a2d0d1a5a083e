/* Every packet that came to a link, and what became of it, as a pcapng file (the IETF's draft-ietf-opsawg-pcapng): what
 * docs/network-emulator.md promises under "The capture".
 *
 *   fate of a packet -> block -> buffer of whole blocks -> (full, or a second old) -> writer's thread -> file
 *
 * The loop never waits for the disk: a thread of its own writes. Where the disk is full, or so slow that 64 MiB wait for it, the
 * capture ends at a whole block, and says so once. All calls are on one thread, the loop's. */
#pragma once

#include "network/link/packet.h"

typedef struct VcbCapture VcbCapture;

/* Opens (and empties) the file. VCB_ERROR_INVALID where that fails. */
VcbCapture *vcb_capture_open(const char *path, GError **error);

/* The capture is over: writes what is left and waits for the disk; vcb_capture_take_problem then knows of everything. */
void vcb_capture_finish(VcbCapture *capture);

/* Finishes it, frees. NULL is fine. */
void vcb_capture_close(VcbCapture *capture);

/* A new interface; its number. */
guint vcb_capture_add_interface(VcbCapture *capture, const char *name);

/* A packet whose fate is known: came_ns and due_ns are read from it; actual_ns is the present. */
void vcb_capture_packet(VcbCapture *capture, guint interface, const VcbPacket *packet, VcbFate fate,
                        gint64 actual_ns);

/* Hand what is buffered to the writer. Once a second is enough. */
void vcb_capture_flush(VcbCapture *capture);

/* Why the capture has ended early; new string, once, or NULL. */
char *vcb_capture_take_problem(VcbCapture *capture);
