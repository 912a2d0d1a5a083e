/* vcbench-net --probe: what works on this machine, for `vcbench doctor`. */
#pragma once

/* Print one JSON object to stdout; the exit status.
 *
 *   {"combinations": [{"backend": "tun", "namespaces": "root", "works": true}, {..., "works": false, "problem": "why, and what opens it"}],
 *    "backend", "namespaces": what `auto` takes, null where nothing works,
 *    "scheduler": "fifo" or "other", "memory_locked": bool, "scheduler_problem", "memory_problem": why not} */
int vcb_net_probe(void);
