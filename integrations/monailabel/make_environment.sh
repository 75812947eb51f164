#!/usr/bin/env bash
# Make the environment of the MONAI Label server with the library of this clone in it:
#   integrations/monailabel/make_environment.sh [DIR]      (by default .venv-label in the clone)
# PYTHON names another Python than python3; torch may be there already as pip is configured (CPU or CUDA).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
clone="$(cd "$here/../.." && pwd)"
environment="${1:-$clone/.venv-label}"
python="${PYTHON:-python3}"

# MONAI Label 0.8.5 needs numpy < 2, of which there is no build for a later Python.
"$python" -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 12) or sys.exit("error: expected Python 3.11 or 3.12, got %d.%d; name another one, for example: PYTHON=python3.11 make_environment.sh" % v)'
"$python" -m venv "$environment"
in_environment="$environment/bin/python"
pip=("$in_environment" -m pip --disable-pip-version-check install --quiet)

"${pip[@]}" -r "$here/requirements.txt"
# Without what they ask for: MONAI Label would bring 2 GB that no bundle uses (SAM 2, the rest of ITK).
"${pip[@]}" --no-deps -r "$here/requirements_alone.txt"
"${pip[@]}" --no-deps -e "$clone"

if ! "$in_environment" -c 'import torchvision' 2> /dev/null; then
  echo 'note: the torchvision of the package index does not fit this torch; a stand-in takes its place' >&2
  "$in_environment" -m pip uninstall --quiet --yes torchvision
  cp "$here/stand_in/torchvision.py" "$("$in_environment" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/"
fi

"$in_environment" -c 'import monailabel.app, monailabel.tasks.infer.bundle, taskgan_ext' > /dev/null
echo "ready: $environment"
