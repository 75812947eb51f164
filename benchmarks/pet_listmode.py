"""Speed and memory of list-mode files: decoding and thinning, PETSIRD beside its own SDK in the same run.

python benchmarks/pet_listmode.py

The large files repeat some random events, whose bytes the SDK wrote. Speeds are per second of the processor,
so that other work on the machine changes them little.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import petsird
from petsird.helpers.create import initialize_scanner_information_dimensions
from results_file import save_results

from preprocessing.pet.listmode.event_part import RandomPart
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.petsird_events import encode_varint
from preprocessing.pet.thinning import event_uniforms, keep_mask

NUM_MODULES, NUM_ELEMENTS, NUM_TOF = 112, 400, 351
REPEATED = 100_000
"""Events that are drawn; the large files repeat them."""
PART = RandomPart((0.0, 0.01), 1)
SIEMENS_HEADER = """!INTERFILE:=
!originating system:=2008
%SMS-MI header name space:=PETLINK bin address
name of data file :=scan.l
data format:=CoincidenceList
number of rings:=64
distance between rings (cm):=0.40625
gantry crystal radius (cm):=32.8
%LM event and tag words format (bits):=32
%axial compression:=1
%maximum ring difference:=60
%number of projections:=344
%number of views:=252
"""
CHILD = """
import json, re, sys
from pathlib import Path
from preprocessing.pet.listmode.event_part import RandomPart
from preprocessing.pet.listmode.open_listmode import open_listmode
source = open_listmode(Path(sys.argv[1]))
if sys.argv[2] == "thin":
    source.copy_part(Path(sys.argv[3]), RandomPart((0.0, 0.01), 1))
else:
    for chunk in source.events():
        pass
# ru_maxrss of a child begins with the memory of its parent.
status = Path("/proc/self/status").read_text()
print(json.dumps(int(re.search(r"VmHWM:\\s*(\\d+) kB", status)[1]) / 1024))
"""


def seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """Return the processor time of the fastest of several calls."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def make_header() -> petsird.Header:
    """A ring of modules; only the number of its detectors matters here."""
    transform = petsird.RigidTransformation(matrix=np.eye(4, dtype=np.float32)[:3])
    box = petsird.BoxSolidVolume(shape=petsird.BoxShape(), material_id=1)
    box.shape.corners = [petsird.Coordinate(c=np.zeros(3, np.float32))] * 8
    elements = petsird.ReplicatedBoxSolidVolume(object=box, transforms=[transform] * NUM_ELEMENTS)
    module = petsird.DetectorModule(detecting_elements=elements)
    modules = petsird.ReplicatedDetectorModule(object=module, transforms=[transform] * NUM_MODULES)
    scanner = petsird.ScannerInformation(model_name="benchmark")
    scanner.scanner_geometry = petsird.ScannerGeometry(replicated_modules=[modules])
    initialize_scanner_information_dimensions(scanner, 1, False, False)
    edges = np.linspace(-342, 342, NUM_TOF + 1, dtype=np.float32)
    scanner.tof_bin_edges[0][0] = petsird.BinEdges(edges=edges)
    scanner.event_energy_bin_edges[0] = petsird.BinEdges(edges=np.array([430, 650], np.float32))
    return petsird.Header(scanner=scanner)


def random_events(rng: np.random.Generator) -> list[petsird.CoincidenceEvent]:
    """Draw the events that are repeated."""
    bins = np.sort(rng.integers(0, NUM_MODULES * NUM_ELEMENTS, (REPEATED, 2)), axis=1)[:, ::-1].tolist()
    tof = rng.integers(0, NUM_TOF, REPEATED).tolist()
    return [petsird.CoincidenceEvent(detection_bins=b, tof_idx=t) for b, t in zip(bins, tof, strict=True)]


def write_by_sdk(path: Path, prompts: list[petsird.CoincidenceEvent]) -> None:
    """Write one time block with a list of prompts."""
    block = petsird.EventTimeBlock(
        time_interval=petsird.TimeInterval(start=0, stop=1), prompt_events=[[prompts]]
    )
    with petsird.BinaryPETSIRDWriter(str(path)) as writer:
        writer.write_header(make_header())
        writer.write_time_blocks([petsird.TimeBlock.EventTimeBlock(block)])


def thin_by_sdk(source: Path, destination: Path) -> None:
    """Thin a file with the official reader and writer."""
    with (
        petsird.BinaryPETSIRDReader(str(source)) as reader,
        petsird.BinaryPETSIRDWriter(str(destination)) as writer,
    ):
        writer.write_header(reader.read_header())
        writer.write_time_blocks(thinned_blocks(reader.read_time_blocks()))


def thinned_blocks(blocks: Iterable[petsird.TimeBlock]) -> Iterable[petsird.TimeBlock]:
    """Thin blocks of one list of prompts each."""
    first_event = 0
    for block in blocks:
        events = block.value.prompt_events[0][0]
        mask = keep_mask(event_uniforms(PART.key, first_event, len(events)), PART.keep)
        first_event += len(events)
        block.value.prompt_events[0][0] = [events[k] for k in np.flatnonzero(mask)]
        yield block


def read_by_sdk(source: Path) -> None:
    """Read all events with the official reader."""
    with petsird.BinaryPETSIRDReader(str(source)) as reader:
        reader.read_header()
        for _ in reader.read_time_blocks():
            pass


def write_large(path: Path, small: Path, num_events: int, num_lists: int) -> None:
    """Write many time blocks, or one, by repeating the bytes of the events of a small file."""
    empty = small.with_name("empty.petsird")
    write_by_sdk(empty, [])
    content, without = small.read_bytes(), empty.read_bytes()
    # stream count, kind, start 0, stop 1, no singles, one row of one list, its count; then the events
    head = without[: without.index(bytes([1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0]), len(without) - 16)]
    start = len(head) + 7 + len(encode_varint(REPEATED))
    events, tail = content[start:-4], content[-4:-1]
    per_list = num_events // num_lists
    with path.open("wb") as file:
        file.write(head)
        for k in range(num_lists):
            times = encode_varint(k) + encode_varint(k + 1)
            file.write(bytes([1, 0]) + times + bytes([0, 1, 1]) + encode_varint(per_list))
            for _ in range(per_list // REPEATED):
                file.write(events)
            file.write(tail)
        file.write(b"\0")


def write_siemens(path: Path, num_words: int) -> None:
    """Write random prompts and delayeds of an mMR with a time mark before every 400."""
    rng = np.random.default_rng(0)
    header = path.with_name(f"{path.name}.hdr")
    header.write_text(SIEMENS_HEADER.replace("scan.l", path.name), encoding="ascii")
    with path.open("wb") as file:
        for start in range(0, num_words, 1 << 22):
            size = min(1 << 22, num_words - start)
            words = rng.integers(0, 354_033_792, size).astype("<u4")
            words[rng.random(size) < 0.85] |= np.uint32(1 << 30)
            words[::401] = (1 << 31) + np.arange(start // 401, start // 401 + words[::401].size)
            file.write(words.tobytes())


def child_memory(path: Path, action: str, folder: Path) -> float:
    """Peak memory in MiB of a process that does nothing but one thing."""
    command = [sys.executable, "-c", CHILD, str(path), action, str(folder / f"copy{path.suffix}")]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    return json.loads(ended.stdout)


def decode(path: Path) -> int:
    """Decode all events and count them."""
    return sum(chunk.tof.size for chunk in open_listmode(path).events())


def measure_petsird(folder: Path, num_events: int) -> list[dict[str, Any]]:
    """Thin and decode PETSIRD with the SDK and with ours."""
    small = folder / "small.petsird"
    write_by_sdk(small, random_events(np.random.default_rng(0)))
    sdk_thin = REPEATED / seconds(lambda: thin_by_sdk(small, folder / "sdk.petsird"), 2) / 1e6
    sdk_read = REPEATED / seconds(lambda: read_by_sdk(small), 2) / 1e6
    open_listmode(small).copy_part(folder / "ours.petsird", PART)
    if (folder / "ours.petsird").read_bytes() != (folder / "sdk.petsird").read_bytes():
        raise RuntimeError("the SDK thins to other bytes")
    rows = [
        row("PETSIRD SDK, thin to 1 %", sdk_thin, "M events/s", "-"),
        row("PETSIRD SDK, read", sdk_read, "M events/s", "-"),
    ]
    for num_lists, name in ((1, "one list"), (num_events // REPEATED, f"lists of {REPEATED}")):
        large = folder / f"large{num_lists}.petsird"
        write_large(large, small, num_events, num_lists)
        source = open_listmode(large)
        thin = seconds(lambda source=source: source.copy_part(folder / "low.petsird", PART), 2)
        read = seconds(lambda large=large: decode(large), 2)
        speeds = num_events / thin / 1e6, num_events / read / 1e6
        rows += [
            row(f"PETSIRD thin to 1 %, {name}", speeds[0], "M events/s", ">= 5"),
            row(f"PETSIRD decode, {name}", speeds[1], "M events/s", ">= 6"),
            row(f"PETSIRD thin, {name}: times the SDK", speeds[0] / sdk_thin, "", "-"),
            row(f"PETSIRD decode, {name}: times the SDK", speeds[1] / sdk_read, "", "-"),
            row(f"peak memory, thin, {name}", child_memory(large, "thin", folder), "MiB", "<= 1024"),
            row(f"peak memory, decode, {name}", child_memory(large, "decode", folder), "MiB", "<= 1024"),
        ]
        large.unlink()
    return rows


def measure_siemens(folder: Path, num_words: int) -> list[dict[str, Any]]:
    """Thin and decode Siemens words."""
    path = folder / "scan.l"
    write_siemens(path, num_words)
    source = open_listmode(path)
    thin = seconds(lambda: source.copy_part(folder / "low.l", PART))
    read = seconds(lambda: decode(path))
    return [
        row("Siemens thin to 1 %", num_words / thin / 1e6, "M words/s", ">= 20"),
        row("Siemens decode", num_words / read / 1e6, "M words/s", ">= 15"),
        row("peak memory, thin Siemens", child_memory(path, "thin", folder), "MiB", "<= 1024"),
    ]


def row(what: str, value: float, unit: str, target: str) -> dict[str, Any]:
    """One line of the table."""
    return {"what": what, "value": value, "unit": unit, "target": target}


def main() -> None:
    """Measure, print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=60_000_000, help="events of the large PETSIRD files")
    parser.add_argument("--words", type=int, default=60_000_000, help="words of the Siemens file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            *measure_petsird(folder, arguments.events),
            *measure_siemens(folder, arguments.words),
        ]
    for entry in rows:
        print(f"{entry['what']:52} {entry['value']:10.2f}  {entry['unit']:10} {entry['target']}")
    settings = {"events": arguments.events, "words": arguments.words, "threads": 1}
    print(save_results("pet_listmode", settings, rows))


if __name__ == "__main__":
    main()
