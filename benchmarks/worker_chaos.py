"""What is lost, doubled or partial when workers, Orthanc and the destination are killed all the time.

python benchmarks/worker_chaos.py

Needs Orthanc (Debian: apt install orthanc). Two workers with a PET bundle of tiny networks share an Orthanc
that forwards to a second one by DICOM. Small series arrive in disorder: some slices late, some replaced by
others, some sent twice; the bundle is replaced by its next version several times. A full disk is one on which
no file may grow beyond half of an image (RLIMIT_FSIZE).
"""

import argparse
import os
import sys
import tempfile
from dataclasses import asdict, fields
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "bundles")]

from results_file import save_results  # noqa: E402 - the parts of the tests are found only now
from worker_chaos import Chaos, ChaosPlan  # noqa: E402

FULL = ChaosPlan(
    series=52,
    worker_kills=100,
    orthanc_kills=20,
    destination_kills=10,
    full_disks=8,
    versions=4,
    late=12,
    replaced=10,
    resent=12,
)


def main() -> int:
    """Run, print the table and keep it.

    Returns:
        Exit status: 1 where anything is wrong in the end.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    for each in fields(ChaosPlan):
        parser.add_argument(
            f"--{each.name.replace('_', '-')}", type=int, default=getattr(FULL, each.name), metavar="N"
        )
    plan = ChaosPlan(**vars(parser.parse_args()))
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        result = Chaos(Path(folder), plan, lambda text: print(text, flush=True)).run()
    for name, count in result["counts"].items():
        print(f"{name.replace('_', ' '):<32} {count:5d}")
    for name, seconds in result["seconds"].items():
        print(f"{f'seconds, {name}':<32} {seconds:5.0f}")
    print("\n".join(result["faults"]) or "nothing lost, nothing doubled, nothing partial")
    save_results("worker_chaos", asdict(plan), result)
    return 1 if result["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
