"""A generator that ONNX Runtime computes, in the place of the one that torch computes."""

import logging
import os
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Engine, Events
from torch import Tensor, nn

from taskgan_ext.errors import CheckpointError
from taskgan_ext.export.onnx_file import EXTRA, INPUT, OUTPUT
from taskgan_ext.io.digest import sha256
from taskgan_ext.io.optional_package import load_optional

logger = logging.getLogger(__name__)


class OnnxNetwork(nn.Module):
    """Run the ONNX file beside a checkpoint; it has no parameters.

    The file is opened when the engine starts that this network is a handler of, or else with the first image:
    reading a configuration needs no file. It is refused if it was made from other weights than those of the
    checkpoint. Where there is no checkpoint, the file alone is used.

    Args:
        checkpoint: the weights; the ONNX file has the same name with the suffix ``.onnx``.
        device: where the images are. On a GPU, ONNX Runtime uses it too if its build can, else the CPU.
        threads: of one operator on the CPU; as many as torch uses by default.
        make_with: the command that makes the file; it ends the message when there is none.
    """

    def __init__(
        self,
        checkpoint: str | os.PathLike[str],
        device: torch.device | str = "cpu",
        threads: int | None = None,
        make_with: str = "",
    ) -> None:
        super().__init__()
        self.checkpoint = Path(checkpoint)
        self.device = torch.device(device)
        self.threads = torch.get_num_threads() if threads is None else threads
        self.make_with = make_with
        self._session: Any = None

    @property
    def path(self) -> Path:
        """The ONNX file."""
        return self.checkpoint.with_suffix(".onnx")

    @property
    def size_multiple(self) -> int:
        """Every spatial axis of an image must be a multiple of this."""
        return int(self.open().get_modelmeta().custom_metadata_map["size_multiple"])

    def attach(self, engine: Engine) -> None:
        """Open the file when the engine starts.

        Args:
            engine: any engine.
        """
        engine.add_event_handler(Events.STARTED, self.open)

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch.

        Args:
            image: shape ``(B, C, ...)``, float32, on any device.

        Returns:
            Shape ``(B, out, ...)`` on the same device.
        """
        array = image.detach().float().cpu().contiguous().numpy()
        (restored,) = self.open().run([OUTPUT], {INPUT: array})
        return torch.from_numpy(restored).to(image.device)

    def open(self) -> Any:  # noqa: ANN401  # ONNX Runtime has no types
        """Open the file, once.

        Returns:
            The ``onnxruntime.InferenceSession``.

        Raises:
            CheckpointError: the file is missing, is none of this package, or belongs to other weights.
            DependencyError: ONNX Runtime is not installed.
        """
        if self._session is None:
            runtime = load_optional("onnxruntime", "inference from an ONNX file", EXTRA)
            if not self.path.is_file():
                raise self._refusal("expected the exported generator, found no file")
            session = open_session(runtime, self.path, self.device, self.threads)
            self._require_own(session.get_modelmeta().custom_metadata_map)
            logger.info("ONNX Runtime %s computes on %s", runtime.__version__, session.get_providers()[0])
            self._session = session
        return self._session

    def _require_own(self, facts: dict[str, str]) -> None:
        if not {"size_multiple", "checkpoint_sha256"} <= facts.keys():
            raise self._refusal("expected a file that was compared with its checkpoint, found another one")
        if self.checkpoint.is_file() and sha256(self.checkpoint) != facts["checkpoint_sha256"]:
            raise self._refusal(f"it was made from other weights than those of {self.checkpoint}")

    def _refusal(self, found: str) -> CheckpointError:
        hint = f"; make it with: {self.make_with} --ckpt_path {self.checkpoint}" if self.make_with else ""
        return CheckpointError(f"{self.path}: {found}{hint}")


def open_session(runtime: Any, path: Path, device: torch.device, threads: int) -> Any:  # noqa: ANN401
    """Open an ONNX file with ONNX Runtime.

    Args:
        runtime: the package ``onnxruntime``.
        path: the file.
        device: where to compute if the build of ONNX Runtime can.
        threads: of one operator on the CPU.

    Returns:
        The ``InferenceSession``.

    Raises:
        CheckpointError: the file cannot be read.
    """
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    providers = choose_providers(device, runtime.get_available_providers())
    try:
        return runtime.InferenceSession(path, options, providers=providers)
    # The errors of ONNX Runtime have no class in common but Exception.
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(
            f"{path}: expected an ONNX file, but ONNX Runtime cannot open it ({reason})"
        ) from error


def choose_providers(device: torch.device, available: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Choose what ONNX Runtime computes with, best first.

    Args:
        device: where the images are.
        available: names of the execution providers of this build.

    Returns:
        Names with options: CUDA for a CUDA device where there is such a provider, without TF32, which would
        keep ten bits of a factor; and the CPU.
    """
    chosen: list[tuple[str, dict[str, Any]]] = [("CPUExecutionProvider", {})]
    if device.type == "cuda" and "CUDAExecutionProvider" in available:
        options = {"device_id": device.index or 0, "use_tf32": 0}
        chosen.insert(0, ("CUDAExecutionProvider", options))
    return chosen
