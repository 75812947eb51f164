"""The data list of a run: its complete subjects, each in the section that it once got."""

from collections.abc import Mapping, Sequence
from typing import Any

from preprocessing.cohort import DATALIST_FILE
from preprocessing.collect import STRATUM, extend_split
from preprocessing.run.cohort_file import CohortFile
from taskgan_ext.io.atomic import write_json
from taskgan_ext.keys import PROPERTY


def write_cohort_list(
    cohort: CohortFile, subjects: Sequence[str], sections: Mapping[str, str]
) -> dict[str, list[str]]:
    """Write the data list of the complete subjects, or remove it where there is no pair at all.

    Args:
        cohort: what was asked for.
        subjects: those that are complete.
        sections: subject to section, of all runs so far: a subject that fails once and works later comes back
            to where it was, so that nothing learnt from it is tested on it.

    Returns:
        Section to its subjects.
    """
    path = cohort.out / DATALIST_FILE
    items = {subject: cohort.kind.subjects.list_items(cohort.out, subject) for subject in sorted(subjects)}
    strata = {subject: _stratum(pairs) for subject, pairs in items.items() if pairs}
    split = extend_split(sections, strata, seed=cohort.seed)
    if not strata:
        path.unlink(missing_ok=True)
        return split
    write_json(
        path,
        {
            "name": cohort.name,
            "description": cohort.kind.subjects.description,
            "modality": cohort.kind.subjects.modality,
            PROPERTY: dict(cohort.kind.subjects.property_info),
            **{
                section: [item for name in members for item in items[name]]
                for section, members in split.items()
            },
        },
    )
    return split


def _stratum(pairs: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - of the kind
    """What sections shall have the same mix of: as ``collect`` does it."""
    found = {item.get(STRATUM, item[PROPERTY]) for item in pairs}
    return found.pop() if len(found) == 1 else None
