import json

import numpy as np
import pytest

from taskgan_ext.io.evaluation_files import MetricInfo, write_table


def make_preview(value):
    generator = np.random.default_rng(int(value))
    reference = np.zeros((40, 48), np.float32)
    reference[10:30, 8:40] = 1000.0
    noise = generator.normal(0, 200, reference.shape).astype(np.float32)
    return {"reference": reference, "input": reference + noise, "restored": reference + noise / 4}


@pytest.fixture
def evaluation_dir(tmp_path):
    """The files of an evaluation of four cases, with names that would break a careless page."""
    metrics = {
        "psnr": MetricInfo(
            "PSNR", "10 log10(range^2 / mean < square >)", "dB", 2, "higher", headline=True, plot="paired"
        ),
        "suvr": MetricInfo("Cortical SUVR", "Ratio.", plot="agreement"),
        "judge_error": MetricInfo("Judge", "Wrong.", digits=0, percent=True, counted=True, headline=True),
    }
    rows, summary = [], []
    for number in range(4):
        for arm, psnr in (("input", 17.0), ("restored", 26.0), ("reference", None)):
            row = {"case": f"<b>sub-{number}</b>", "subject": "s", "property": number % 2, "arm": arm}
            rows.append(row | {"psnr": psnr, "suvr": 1.0 + 0.1 * number, "judge_error": 0.0})
    for arm, psnr in (("input", 17.0), ("restored", 26.0)):
        summary.append({"arm": arm, "metric": "psnr", "mean": psnr, "sd": 0.5, "n": 4})
    write_table(tmp_path / "cases.csv", list(rows[0]), rows)
    write_table(tmp_path / "summary.csv", ["arm", "metric", "mean", "sd", "n"], summary)
    evaluation = {
        "presentation": {
            "title": "<script>alert(1)</script>",
            "property_name": "amyloid & status",
            "class_names": ["neg<i>", "pos"],
            "unit": "Bq/ml",
        },
        "metrics": {name: info.__dict__ for name, info in metrics.items()},
        "versions": {"torch": "2.8"},
    }
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    (tmp_path / "preview").mkdir()
    for number in range(4):
        np.savez(
            tmp_path / "preview" / f"sub-{number}.npz",
            name=f"<b>sub-{number}</b>",
            property=str(number % 2),
            pixel_mm=np.array([2.0, 2.0]),
            **make_preview(number % 2),
        )
    (tmp_path / "history.csv").write_text(
        "epoch,loss,loss_pixel,val_psnr\n1,1.0,0.5,\n2,0.7,0.4,24.0\n3,0.5,,25.0\n"
    )
    (tmp_path / "settings.json").write_text('{"seed": 0, "generator": {"channels": [32, 64]}}')
    return tmp_path
