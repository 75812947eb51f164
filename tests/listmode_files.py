"""Small list-mode files of every format, made without the code under test where there is another way."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import petsird
from petsird.helpers.create import initialize_scanner_information_dimensions

PROMPT, TAG = 1 << 30, 1 << 31

SIEMENS_HEADER = """!INTERFILE:=
!originating system:=2008
%SMS-MI header name space:=PETLINK bin address
%SMS-MI version number:=3.4
!data offset in bytes:=0
name of data file := {data}
!type of data:=PET
%patient name:=Doe^Jane
%study date (yyyy:mm:dd):=2017:03:27
%study time (hh:mm:ss GMT+00:00):=17:00:35
isotope name:=F-18
isotope gamma halflife (sec):=6586.2
tracer activity at time of injection (Bq):=4.65e+007
%tracer injection date (yyyy:mm:dd):=2017:03:27
%tracer injection time (hh:mm:ss GMT+00:00):=16:07:00
%patient orientation:=HFS
data format:=CoincidenceList
number of rings:={rings}
distance between rings (cm) :=0.40625
gantry crystal radius (cm):=32.8
%number of TOF time bins:={tof}
image duration (sec):=1
%total listmode word counts:={words}
%LM event and tag words format (bits):=32
%axial compression:=1
%maximum ring difference:={difference}
%number of projections:={radial}
%number of views :={views}
%comment:=somebody was here
"""


def siemens_words(num_events: int, num_addresses: int, seed: int = 0) -> np.ndarray:
    """Random prompts and delayeds, a time mark before every 40 events and two other tags."""
    rng = np.random.default_rng(seed)
    events = rng.integers(0, num_addresses, num_events).astype(np.uint32)
    events[rng.random(num_events) < 0.8] |= np.uint32(PROMPT)
    marks = (TAG + np.arange(-(-num_events // 40))).astype(np.uint32)
    words = np.insert(events, np.arange(0, num_events, 40), marks)
    return np.insert(words, [words.size // 3, words.size], np.array([0xFFFF0000, 0xBC000000], np.uint32))


def write_siemens(
    path: Path,
    words: np.ndarray | None = None,
    *,
    shape: tuple[int, int, int, int] = (8, 3, 24, 21),
    tof: int = 1,
    changes: Sequence[tuple[str, str]] = (),
    line_end: str = "\r\n",
) -> Path:
    """Write ``path`` and ``<path>.hdr`` of a scanner of ``shape``: rings, ring difference, views, bins.

    The scanner is an mMR by its code, with fewer crystals. ``changes`` replace text of the header.
    """
    rings, difference, views, radial = shape
    planes = rings + sum(2 * (rings - d) for d in range(1, difference + 1))
    if words is None:
        words = siemens_words(2000, tof * planes * views * radial)
    text = SIEMENS_HEADER.format(
        data=path.name,
        rings=rings,
        tof=tof,
        words=words.size,
        difference=difference,
        radial=radial,
        views=views,
    )
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.with_name(f"{path.name}.hdr").write_bytes(text.replace("\n", line_end).encode())
    words.astype("<u4").tofile(path)
    return path


def petsird_scanner(
    num_modules: int = 16, num_elements: int = 12, *, num_energies: int = 2, num_tof: int = 9
) -> petsird.ScannerInformation:
    """A ring of modules with flat boxes; elements of a module stand along the axis, 4 mm apart."""
    corners = [(x, y, z) for x in (0, 20) for y in (-2, 2) for z in (-2, 2)]
    box = petsird.BoxShape(corners=[petsird.Coordinate(c=np.array(c, np.float32)) for c in corners])
    elements = petsird.ReplicatedBoxSolidVolume(object=petsird.BoxSolidVolume(shape=box, material_id=1))
    for k in range(num_elements):
        matrix = np.eye(4, dtype=np.float32)[:3]
        matrix[:, 3] = (300, 0, 4 * (k - (num_elements - 1) / 2))
        elements.transforms.append(petsird.RigidTransformation(matrix=matrix))
    modules = petsird.ReplicatedDetectorModule(object=petsird.DetectorModule(detecting_elements=elements))
    for k in range(num_modules):
        c, s = np.cos(2 * np.pi * k / num_modules), np.sin(2 * np.pi * k / num_modules)
        rotation = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0]], np.float32)
        modules.transforms.append(petsird.RigidTransformation(matrix=rotation))
    scanner = petsird.ScannerInformation(model_name="small ring")
    scanner.scanner_geometry = petsird.ScannerGeometry(replicated_modules=[modules])
    initialize_scanner_information_dimensions(scanner, 1, False, False)
    edges = np.linspace(-300, 300, num_tof + 1, dtype=np.float32)
    scanner.tof_bin_edges[0][0] = petsird.BinEdges(edges=edges)
    scanner.tof_resolution[0][0] = 60.0
    scanner.event_energy_bin_edges[0] = petsird.BinEdges(
        edges=np.linspace(430, 650, num_energies + 1, dtype="f")
    )
    return scanner


def petsird_events(scanner: petsird.ScannerInformation, num_events: int, rng: np.random.Generator) -> list:
    """Random coincidences in the order of bins that PETSIRD asks for."""
    modules = scanner.scanner_geometry.replicated_modules[0]
    energies = scanner.event_energy_bin_edges[0].edges.size - 1
    num_bins = len(modules.transforms) * len(modules.object.detecting_elements.transforms) * energies
    num_tof = scanner.tof_bin_edges[0][0].edges.size - 1
    bins = np.sort(rng.integers(0, num_bins, (num_events, 2)), axis=1)[:, ::-1].tolist()
    tof = rng.integers(0, num_tof, num_events).tolist()
    return [petsird.CoincidenceEvent(detection_bins=b, tof_idx=t) for b, t in zip(bins, tof, strict=True)]


def petsird_exam() -> petsird.ExamInformation:
    """An exam that names a patient."""
    patient = petsird.DICOMPatientInformation(patient_id="Doe^Jane", patients_weight=70.0)
    second = 10**9
    tracer = petsird.DICOMRadiopharmaceuticalInformation(
        radionuclide_total_dose=3e8,
        radiopharmaceutical_start_date_time=petsird.yardl_types.DateTime(1_500_000_000 * second),
    )
    return petsird.ExamInformation(
        patient=patient,
        start_of_study=petsird.yardl_types.DateTime(1_500_003_600 * second),
        radiopharmaceuticals=[tracer],
    )


def write_petsird(
    path: Path, events_per_block: int = 400, num_blocks: int = 5, seed: int = 0, start_ms: int = 0
) -> Path:
    """Write a file with every kind of time block by the SDK: four prompts to a delayed, blocks of 10 ms."""
    rng, scanner = np.random.default_rng(seed), petsird_scanner()
    still = petsird.RigidTransformation(matrix=np.eye(4, dtype=np.float32)[:3])
    alive_pairs = np.empty((1, 2), object)
    alive_pairs[0, 0], alive_pairs[0, 1] = [[0.5], [0.25, 1.0]], []
    blocks: list[petsird.TimeBlock] = []
    for k in range(num_blocks):
        time = petsird.TimeInterval(start=start_ms + 10 * k, stop=start_ms + 10 * k + 10)
        singles = [petsird.SingleEvent(detection_bin=5, time_offset_in_time_block=3)] * 3
        triples = [petsird.TripleEvent(detection_bins=[200, 150, 3], tof_indices=[1, 2])] * 2
        block = petsird.EventTimeBlock(
            time_interval=time,
            single_events=[singles],
            prompt_events=[[petsird_events(scanner, events_per_block, rng)]],
            delayed_events=[[petsird_events(scanner, events_per_block // 4, rng)]],
            triple_events=[[[triples]]],
        )
        signal = petsird.ExternalSignalTimeBlock(time_interval=time, signal_id=300, signal_values=[1.5, -2.0])
        alive = petsird.AliveTimeFractions(
            singles_alive_time_fractions=[np.ones(4, np.float32)],
            module_pair_alive_time_fractions=[[alive_pairs]],
        )
        histogram = petsird.SinglesHistogramTimeBlock(
            time_interval=time, singles_per_singles_unit_histogram=[[3, 70_000_000_000]]
        )
        blocks += [
            petsird.TimeBlock.EventTimeBlock(block),
            petsird.TimeBlock.ExternalSignalTimeBlock(signal),
            petsird.TimeBlock.BedMovementTimeBlock(
                petsird.BedMovementTimeBlock(time_interval=time, transform=still)
            ),
            petsird.TimeBlock.GantryMovementTimeBlock(
                petsird.GantryMovementTimeBlock(time_interval=time, transforms=[still, still])
            ),
            petsird.TimeBlock.DeadTimeTimeBlock(
                petsird.DeadTimeTimeBlock(time_interval=time, alive_time_fractions=alive)
            ),
            petsird.TimeBlock.SinglesHistogramTimeBlock(histogram),
        ]
    with petsird.BinaryPETSIRDWriter(str(path)) as writer:
        writer.write_header(petsird.Header(scanner=scanner, exam=petsird_exam()))
        writer.write_time_blocks(blocks)
    return path


def read_petsird(path: Path) -> tuple[petsird.Header, list[petsird.TimeBlock]]:
    """Read a file by the SDK."""
    with petsird.BinaryPETSIRDReader(str(path)) as reader:
        return reader.read_header(), list(reader.read_time_blocks())


def ge_record(code: int, low: tuple[int, int], high: tuple[int, int], delta: int) -> bytes:
    """A coincidence of GE RDF9 with the length code 1, 2 or 3; crystals are (transaxial, axial)."""
    words = [code | 1 << 2 | (delta & 511) << 7, high[0] << 6 | high[1], low[0] << 6 | low[1]]
    return np.array(words, "<u2").tobytes().ljust({1: 6, 2: 8, 3: 16}[code], b"\xab")


def ge_time_mark(milliseconds: int, code: int = 1) -> bytes:
    """An extended record of GE RDF9 that holds a time."""
    words = [code, milliseconds & 0xFFFF, milliseconds >> 16]
    return np.array(words, "<u2").tobytes().ljust({1: 6, 2: 8, 3: 16}[code], b"\xcd")


def write_ge(
    path: Path, stream: bytes, *, compressed: int = 0, version: int = 9, scanner: str = "SIGNA"
) -> Path:
    """Write an HDF5 file of the layout of GE RDF9."""
    with h5py.File(path, "w") as file:
        file["HeaderData/RDFConfiguration/fileVersion/majorVersion"] = np.array([version], np.uint32)
        file["HeaderData/ListHeader/isListCompressed"] = np.array([compressed], np.uint32)
        file["HeaderData/ExamData/scannerDesc"] = f"{scanner} PET/MR"
        file["HeaderData/ExamData/patientName"] = "Doe^Jane"
        file["HeaderData/AcqStats/frameDuration"] = np.array([1000], np.uint32)
        file["ListData/listData"] = np.frombuffer(stream, np.uint8)
    return path
