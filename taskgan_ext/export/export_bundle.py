"""Write the generator of a trained bundle in other formats, and record how near each comes to it."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from taskgan_ext.errors import ConfigError
from taskgan_ext.export.agreement import TOLERANCE, Agreement, measure_agreement
from taskgan_ext.export.onnx_file import EXTRA, INPUT, OPSET, OUTPUT, save_onnx
from taskgan_ext.export.onnx_network import open_session
from taskgan_ext.export.probe_images import probe_images
from taskgan_ext.export.torch_program import AXES, SMALLEST, capture, load_program, save_program
from taskgan_ext.export.trained_generator import TrainedGenerator, load_generator
from taskgan_ext.io.atomic import atomic_path, read_json, write_json
from taskgan_ext.io.digest import sha256
from taskgan_ext.io.optional_package import load_optional

RECORD = "export.json"
FORMATS = ("pt2", "onnx")
"""Of ``torch.export`` and of ONNX; also the suffixes of the files."""
PACKAGES = ("taskgan-ext", "torch", "onnx", "onnxscript", "onnxruntime")


def export_bundle(
    bundle: str | os.PathLike[str],
    formats: Sequence[str] = FORMATS,
    overrides: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Export the generator of a bundle beside its checkpoint.

    A file is kept only if it gives the numbers of the checkpoint (``measure_agreement``); ``export.json``
    tells the differences, the versions of the packages and the SHA-256 of the checkpoint.

    Args:
        bundle: folder of the bundle, trained.
        formats: some of ``FORMATS``.
        overrides: settings of ``inference.json`` by their ids; ``ckpt_path`` exports other weights.

    Returns:
        The files that were written, the record last.

    Raises:
        CheckpointError: there are no weights, or an export differs from them.
        ConfigError: the configuration or a format is unknown.
        DependencyError: a package of the extra ``export`` is not installed.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ConfigError(f"expected formats among {', '.join(FORMATS)}, got {', '.join(unknown)}")
    if "onnx" in formats:
        for package in ("onnx", "onnxscript", "onnxruntime"):
            load_optional(package, "an export to ONNX", EXTRA)
    generator = load_generator(bundle, overrides)
    program = capture(generator)
    entries, paths = {}, []
    for name in formats:
        path = generator.checkpoint.with_suffix(f".{name}")
        agreement = _export(path, WRITERS[name], READERS[name], program, generator)
        entries[name] = _entry(path, agreement)
        paths.append(path)
    record = generator.checkpoint.with_name(RECORD)
    write_json(record, _record(generator, _other_entries(record, generator) | entries))
    return [*paths, record]


def _export(
    path: Path,
    write: Callable[[ExportedProgram, Path, Mapping[str, str]], None],
    read: Callable[[Path], Callable[[Tensor], Tensor]],
    program: ExportedProgram,
    generator: TrainedGenerator,
) -> list[Agreement]:
    """Write a file and read it again; it gets its name only if its numbers are those of the checkpoint."""
    facts = {"checkpoint_sha256": generator.digest, "size_multiple": str(generator.size_multiple)}
    with atomic_path(path) as temporary:
        write(program, temporary, facts)
        return measure_agreement(path.name, read(temporary), generator, probe_images(generator))


def _read_onnx(path: Path) -> Callable[[Tensor], Tensor]:
    runtime = load_optional("onnxruntime", "an export to ONNX", EXTRA)
    session = open_session(runtime, path, torch.device("cpu"), torch.get_num_threads())
    return lambda image: torch.from_numpy(session.run([OUTPUT], {INPUT: image.numpy()})[0])


WRITERS = {"pt2": save_program, "onnx": save_onnx}
READERS = {"pt2": load_program, "onnx": _read_onnx}


def _entry(path: Path, agreement: list[Agreement]) -> dict[str, Any]:
    entry: dict[str, Any] = {"file": path.name, "sha256": sha256(path), "bytes": path.stat().st_size}
    if path.suffix == ".onnx":
        entry["opset"] = OPSET
    else:
        entry["smallest_axis"] = f"{SMALLEST} * size_multiple"
    return entry | {"checks": [asdict(check) for check in agreement]}


def _record(generator: TrainedGenerator, entries: Mapping[str, Any]) -> dict[str, Any]:
    axes = AXES[1 : 1 + generator.spatial_dims]
    return {
        "checkpoint": generator.checkpoint.name,
        "checkpoint_sha256": generator.digest,
        "network": type(generator.network).__name__,
        "parameters": sum(weight.numel() for weight in generator.network.parameters()),
        "input": {
            "name": INPUT,
            "dtype": "float32",
            "axes": [AXES[0], generator.channels, *(f"{generator.size_multiple} * {axis}" for axis in axes)],
            "value_range": list(generator.value_range),
        },
        "output": OUTPUT,
        "size_multiple": generator.size_multiple,
        "tolerance": TOLERANCE,
        "versions": {name: version for name in PACKAGES if (version := _version(name))},
        "formats": dict(sorted(entries.items())),
    }


def _other_entries(record: Path, generator: TrainedGenerator) -> dict[str, Any]:
    """What an earlier export of the same weights has recorded."""
    if not record.is_file():
        return {}
    earlier = read_json(record)
    return earlier.get("formats", {}) if earlier.get("checkpoint_sha256") == generator.digest else {}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
