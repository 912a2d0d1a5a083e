"""What vcbench itself costs: beside the calls that it measures, and for each peer.

Runs one pair at a time with the default picture, reads the figures out of run.json, and prints them as lines of text. The calls'
own time is fixed by the scenario, so what is left over is start, stop and report.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SCENARIO = """
name: overhead
repeat: {repeat}
jobs: 1
duration: 5s
warmup: 1s
peer: {{data_channel: true{peer}}}
"""


def run(vcbench, folder, label, peer, repeat):
    path = folder / f"{label}.yaml"
    path.write_text(SCENARIO.format(repeat=repeat, peer=peer))
    began = time.monotonic()
    done = subprocess.run([vcbench, "run", "--no-progress", "--format", "json", str(path)], cwd=folder, text=True,
                          stdout=subprocess.PIPE, timeout=300, check=False)
    wall = time.monotonic() - began
    if done.returncode != 0:
        sys.exit(f"{label}: exit status {done.returncode}")
    result = json.loads(done.stdout)
    metrics, timing = result["metrics"], result["timing"]

    def median(name):
        return metrics[name]["median"] if name in metrics else float("nan")

    print(f"{label}: {repeat} calls of 5 s, one at a time, {wall:.1f} s in all")
    print(f"  one peer                  {median('cpu_pct'):.1f} % of a core, {median('pss_bytes') / 2**20:.1f} MiB Pss")
    print(f"  vcbench                   {median('vcbench.cpu_pct'):.2f} % of a core, signaling server "
          f"{median('signald.cpu_pct'):.2f} %; together {median('harness_cpu_share_pct'):.2f} % of the run's CPU time")
    print(f"  beyond the calls          {timing['overhead_ms']:.0f} ms (start {timing['start_ms']:.0f}, stop "
          f"{timing['stop_ms']:.0f}, report {timing['report_ms']:.0f})")
    print(f"  a call's processes        {timing['call_start_ms']:.0f} ms to start, {timing['call_stop_ms']:.0f} ms to stop")
    print(f"  connect time              {median('connect_time_ms'):.0f} ms")


def main():
    vcbench = str(pathlib.Path(sys.argv[1]).resolve())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vcb-bench-"))
    try:
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.2f}")
        for codec in ("vp8", "vp9", "h264"):
            run(vcbench, folder, f"640x360-30-{codec}", f", video: {{codec: {codec}}}", 3)
        run(vcbench, folder, "audio-only", ", video: none", 3)
    finally:
        shutil.rmtree(folder)


main()
