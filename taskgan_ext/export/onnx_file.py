"""A generator as an ONNX file, for ONNX Runtime and whatever else reads the format."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from taskgan_ext.export.torch_program import AXES, quiet_exporter
from taskgan_ext.io.optional_package import load_optional

INPUT, OUTPUT = "image", "pred"
OPSET = 20
"""Version of the ONNX operators: the one that torch translates to, so that nothing is converted again."""
EXTRA = "taskgan-ext[export]"


def save_onnx(program: ExportedProgram, path: Path, facts: Mapping[str, str]) -> None:
    """Translate a program to ONNX and write it in one file, weights included.

    Args:
        program: of ``capture``.
        path: the file.
        facts: short texts that the file carries along as its metadata properties, by their names.

    Raises:
        DependencyError: a package of the extra ``export`` is not installed.
    """
    onnx, _ = (load_optional(package, "an ONNX file", EXTRA) for package in ("onnx", "onnxscript"))
    with quiet_exporter():
        translated = torch.onnx.export(
            program,
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert translated is not None
    model = translated.model_proto
    _name_axes(model.graph)
    onnx.helper.set_model_props(model, dict(facts))
    onnx.save(model, path)


def _name_axes(graph: Any) -> None:  # noqa: ANN401  # onnx.GraphProto, of an optional package
    """Give dimensions the names of the program, which the translation numbers (``s40``)."""
    image = [axis.dim_param for axis in graph.input[0].type.tensor_type.shape.dim if axis.dim_param]
    names = {text.rpartition("*")[2]: name for text, name in zip(image, AXES, strict=False)}
    for value in (*graph.input, *graph.output, *graph.value_info):
        for axis in value.type.tensor_type.shape.dim:
            if axis.dim_param:
                axis.dim_param = re.sub(r"\w+", lambda word: names.get(word[0], word[0]), axis.dim_param)
