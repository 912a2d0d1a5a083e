#!/usr/bin/env python3
"""Write 4g-drive.trace: the capacity of a phone's line in a car, in Mahimahi's format.

4g_drive.py > 4g-drive.trace

The car passes a cell every 15 s. Capacity follows the distance to its mast (strong at the middle, weak at the edges), times
fading that wanders from one 100 ms to the next; at the change of cells nothing goes for some hundred milliseconds. The
numbers are drawn from a stream with a fixed seed, so that the same file comes out each time.
"""
import math
import random

LENGTH_MS = 60000
STEP_MS = 100
CELL_MS = 15000
STRONGEST_BPS = 7e6
WEAKEST_BPS = 0.4e6
PACKET_BITS = 1500 * 8
# Where each change of cells leaves the phone without a line: from, to.
GAPS_MS = [(14800, 15100), (29700, 30300), (44900, 45100), (59600, 59900)]


def main():
    stream = random.Random(8867)
    fading, credit = 0.0, 0.0

    for start in range(0, LENGTH_MS, STEP_MS):
        # AR(1) in the logarithm: half of a deviation is gone after about a second.
        fading = 0.93 * fading + 0.18 * (2 * stream.random() - 1) * math.sqrt(3)
        nearness = math.sin(math.pi * (start % CELL_MS) / CELL_MS)
        bps = min(STRONGEST_BPS, (WEAKEST_BPS + (STRONGEST_BPS - WEAKEST_BPS) * nearness ** 2 * 0.7) * math.exp(fading))
        for ms in range(start + 1, start + STEP_MS + 1):
            if any(begin <= ms < end for begin, end in GAPS_MS):
                continue
            credit += bps / 1000
            while credit >= PACKET_BITS:
                credit -= PACKET_BITS
                print(ms)
    print(LENGTH_MS)


main()
