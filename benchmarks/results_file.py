"""Where benchmark results are kept: one JSON file each, with its settings and versions."""

import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import monai
import numpy as np
import torch

import taskgan_ext
from taskgan_ext.io.atomic import write_json

RESULTS_DIR = Path(__file__).parent / "results"


def _command() -> str:
    """The command that is running; absolute paths by their last name, since they are nobody else's."""
    words = (Path(word).name if Path(word).is_absolute() else word for word in sys.argv)
    return " ".join(["python", *words])


def save_results(name: str, settings: Mapping[str, Any], results: Any) -> Path:  # noqa: ANN401
    """Write ``results/<name>.json`` with all that is needed to make it again."""
    path = RESULTS_DIR / f"{name}.json"
    versions = {
        "taskgan-ext": taskgan_ext.__version__,
        "torch": torch.__version__,
        "monai": monai.__version__,
    }
    content = {
        "command": _command(),
        "date": date.today().isoformat(),
        "settings": dict(settings),
        "versions": versions,
        "results": results,
    }
    write_json(path, json.loads(json.dumps(content, default=float)))
    return path


def mean_sd(values: list[float], digits: int) -> str:
    """Print the mean over seeds and, for several, the standard deviation."""
    spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{spread}"
