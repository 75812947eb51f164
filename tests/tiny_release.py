"""Bundles to pack, as small as they can be: those of the project with small networks, and plain files."""

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from bundle_runs import TINY, config_files, run_workflow
from monai.bundle import ConfigParser

from taskgan_ext.release.manifest import MANIFEST, FileEntry, Manifest
from taskgan_ext.release.pack import make_manifest


def copy_with_small_networks(bundle: Path, folder: Path) -> Path:
    """A bundle without data and weights, whose configuration names small generators and task networks."""
    copy = folder / bundle.name
    shutil.copytree(bundle, copy, ignore=shutil.ignore_patterns("data", "models", "eval"))
    for file in (copy / "configs").glob("*.json"):
        content = json.loads(file.read_text(encoding="utf-8"))
        for id_, value in TINY[bundle.name].items():
            network, _, key = id_.partition("::")
            if network in content and key:
                content[network][key] = value
        file.write_text(json.dumps(content, indent=2), encoding="utf-8")
    (copy / "models").mkdir()
    return copy


def fresh_weights(bundle: Path) -> None:
    """Write weights of a generator that was never trained."""
    (file,) = config_files(bundle, "inference")
    network = ConfigParser(ConfigParser.load_config_file(file)).get_parsed_content("network_def")
    torch.save(network.state_dict(), bundle / "models" / "model.pt")


def trained_bundle(bundle: Path, cohort: Path, folder: Path) -> Path:
    """A copy with small networks that were trained for an epoch."""
    copy = copy_with_small_networks(bundle, folder)
    run_workflow(copy, "train", run_id="training", dataset_dir=str(cohort), epochs=1)
    return copy


def plain_bundle(folder: Path) -> Path:
    """A folder with a manifest and files that nobody could run, to check and to unpack."""
    bundle = folder / "plain"
    contents: dict[str, bytes] = {
        "LICENSE": b"Apache-2.0\n",
        "configs/metadata.json": b'{"name": "plain", "version": "1.2.3"}',
        "configs/inference.json": b'{"run": [{"_target_": "Compose"}, '
        b'{"_target_": "taskgan_ext.data.images_root"}]}',
        "configs/logging.conf": b"[loggers]\nkeys=root\n",
        "models/model.pt": bytes(range(256)) * 8,
    }
    for path, content in contents.items():
        (bundle / path).parent.mkdir(parents=True, exist_ok=True)
        (bundle / path).write_bytes(content)
    write_manifest(bundle)
    return bundle


def write_manifest(bundle: Path, **fields: Any) -> Manifest:
    """List what lies in a folder; ``fields`` replace those of the manifest."""
    paths = [path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()]
    found = make_manifest(bundle, [path for path in paths if path != MANIFEST])
    manifest = Manifest(**{**vars(found), **fields})
    (bundle / MANIFEST).write_bytes(manifest.to_bytes())
    return manifest


def manifest_of(files: dict[str, FileEntry]) -> Manifest:
    """A manifest of these files."""
    return Manifest("plain", "1.2.3", "0.1.0", files)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Address of a server on this machine that gives the files of a folder while the block runs."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
