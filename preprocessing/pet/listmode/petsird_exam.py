"""What a PETSIRD header tells of the exam that names nobody."""

from collections.abc import Mapping
from typing import Any

import numpy as np

_NANOSECONDS = 1e9


def exam_facts(exam: Mapping[str, Any] | None) -> dict[str, Any]:
    """Facts for quantification: dose, body weight and the time between injection and scan.

    Identifiers, dates and free text are left out.

    Args:
        exam: the exam of the header, None if there is none.

    Returns:
        What the file tells; fields that are 0 or not finite count as not told.
    """
    if exam is None:
        return {"exam": "none"}
    facts: dict[str, Any] = {}
    _add_number(facts, "body_weight_kg", exam["patient"]["patientsWeight"])
    start = exam["startOfAcquisition"] or exam["startOfStudy"]
    tracers: list[dict[str, Any]] = []
    for tracer in exam["radiopharmaceuticals"]:
        told: dict[str, Any] = {}
        _add_number(told, "dose", tracer["radionuclideTotalDose"])
        injected = tracer["radiopharmaceuticalStartDateTime"]
        if injected and start:
            told["injection_to_scan_s"] = round((start - injected) / _NANOSECONDS, 3)
        tracers.append(told)
    if tracers:
        facts["tracers"] = tracers
    return facts


def _add_number(facts: dict[str, Any], name: str, value: float) -> None:
    if np.isfinite(value) and value > 0:
        facts[name] = round(float(value), 6)
