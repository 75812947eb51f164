import json

import numpy as np
import pytest

from taskgan_ext.io.evaluation_files import MetricInfo, SummaryRow, write_summary, write_table


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
        summary.append(SummaryRow(arm, "psnr", psnr, 0.5, 4, low=psnr - 0.25, high=psnr + 0.25))
    write_table(tmp_path / "cases.csv", list(rows[0]), rows)
    write_summary(tmp_path / "summary.csv", summary)
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


GROUPS = ("T1w", "T<2>w", "PDw")
GROUP_ARMS = {"tuned & slow": 20.0, "restored": 22.0, "reference": None}


@pytest.fixture
def grouped_dir(tmp_path):
    """The files of an evaluation of three groups with a comparison; the first subject lacks a group."""
    metrics = {
        "psnr": MetricInfo("PSNR", "Definition.", "dB", 2, "higher", headline=True, plot="paired"),
        "judge_error": MetricInfo(
            "Judge", "", digits=0, percent=True, counted=True, better="lower", headline=True
        ),
        "judge_decision": MetricInfo("Judge: decision", "Class.", digits=2),
    }
    rows, summary, differences = [], [], []
    cases = [(subject, number) for subject in range(3) for number in range(3) if (subject, number) != (0, 1)]
    (tmp_path / "preview").mkdir()
    for subject, number in cases:
        name = f"sub-{subject}_{number}"
        row = {
            "case": name,
            "subject": f"sub-{subject}",
            "contrast": GROUPS[number],
            "property": float(number),
        }
        for arm, psnr in GROUP_ARMS.items():
            # Real images are decided rightly; synthesised ones of the last class are taken for the first.
            decided = float(number) if arm == "reference" else number % 2.0
            values = {"psnr": psnr, "judge_error": float(decided != number), "judge_decision": decided}
            rows.append(row | {"arm": arm} | values)
        arms = make_preview(number)
        pictures = {
            "tuned & slow": arms["input"],
            "restored": arms["restored"],
            "reference": arms["reference"],
        }
        size = np.array([2.0, 2.0])
        np.savez(
            tmp_path / "preview" / f"{name}.npz", name=name, property=str(number), pixel_mm=size, **pictures
        )
    for place, group in enumerate(("", *GROUPS)):
        for arm, psnr in list(GROUP_ARMS.items())[:2]:
            mean = psnr + place - 4 * (group == "PDw" and arm == "restored")
            summary.append(SummaryRow(arm, "psnr", mean, 0.5, 8, group, mean - 0.5, mean + 0.5))
        differences.append(SummaryRow("tuned & slow", "psnr", 2.0 + place, 0.1, 8, group, 1.5, 2.5))
    summary.append(SummaryRow("restored", "judge_error", 0.375, 0.5, 8))
    write_table(tmp_path / "cases.csv", list(rows[0]), rows)
    write_summary(tmp_path / "summary.csv", summary)
    write_summary(tmp_path / "differences.csv", differences)
    evaluation = {
        "presentation": {
            "property_name": "contrast",
            "class_names": list(GROUPS),
            "comparisons": {"analytic": "tuned & slow"},
            "group_key": "contrast",
        },
        "arms": list(GROUP_ARMS),
        "metrics": {name: info.__dict__ for name, info in metrics.items()},
    }
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    return tmp_path
