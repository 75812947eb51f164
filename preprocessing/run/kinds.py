"""The kinds of cases that a cohort file can ask for."""

from preprocessing.needed_module import import_needed
from preprocessing.run.case_kind import CaseKind
from preprocessing.run.cell_problems import did_you_mean
from taskgan_ext.errors import ConfigError

KINDS = {
    "pet-import": ("preprocessing.run.pet_import_kind", "PetImportKind", "pet"),
    "pet-listmode": ("preprocessing.run.pet_listmode_kind", "PetListModeKind", "pet"),
    "mr-import": ("preprocessing.run.mr_import_kind", "MRImportKind", "mr"),
}
"""Name to module, class and the optional packages that it needs; each needs others, so none is imported."""


def find_kind(name: str) -> CaseKind:
    """Give the kind of that name.

    Args:
        name: a key of ``KINDS``.

    Raises:
        ConfigError: there is none.
        DependencyError: a package that it needs is not installed.
    """
    if name not in KINDS:
        raise ConfigError(
            f"expected a kind among {', '.join(KINDS)}, got {name!r}{did_you_mean(name, KINDS)}"
        )
    module, of_class, extra = KINDS[name]
    kind: CaseKind = getattr(import_needed(module, f"kind {name}", extra), of_class)()
    return kind
