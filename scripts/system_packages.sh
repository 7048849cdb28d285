#!/usr/bin/env bash
# Installs the system packages that features stand on, where root or a password-less sudo may;
# otherwise says what is missing and what is off without it. SKIP_SYSTEM_PACKAGES=1 leaves the machine alone.
# `bench` installs what only the peers of benchmarks stand on.
set -euo pipefail
command -v dpkg-query >/dev/null || { echo "no Debian packages here: see scripts/system_packages.sh for what helps"; exit 0; }

needed=(
    "libseccomp2|the sandbox: no code runs"
    "tesseract-ocr|OCR: page orientation and clean English pages are weaker"
    "tesseract-ocr-eng|OCR: as above"
    "tesseract-ocr-chi-sim|OCR: as above"
    "tesseract-ocr-osd|OCR: page orientation is found by trying"
    "libzbar0|barcodes: no second opinion on EAN and UPC"
    "antiword|reading .doc: only through LibreOffice"
    "catdoc|reading .doc: only through LibreOffice"
    "libreoffice-writer-nogui|converting: no office file becomes PDF, and .doc is read as plain text"
    "libreoffice-calc-nogui|converting: no workbook becomes PDF or xls"
    "libreoffice-impress-nogui|converting: no slides become PDF, and .ppt is not read"
    "libreoffice-math-nogui|converting: formulas of office documents are missing in PDF"
    "pandoc|converting: Markdown and HTML do not become docx, odt, epub or LaTeX through pandoc"
    "fonts-liberation|converting: Arial, Times and Courier are replaced by fonts of other widths"
    "fonts-crosextra-carlito|converting: Calibri is replaced by a font of another width"
    "fonts-crosextra-caladea|converting: Cambria is replaced by a font of another width"
    "fonts-wqy-microhei|Chinese text in PDF output and in charts, and in pictures that the tests draw"
    "fonts-dejavu-core|Latin text in pictures that the tests draw"
)
[ "${1:-}" = bench ] && needed=("python3-uno|make bench: unoserver is not measured")
missing=()
for entry in "${needed[@]}"; do
    dpkg-query -W -f '${Status}' "${entry%%|*}" 2>/dev/null | grep -q "ok installed" || missing+=("$entry")
done
[ ${#missing[@]} = 0 ] && exit 0

names=("${missing[@]%%|*}")
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo -n"
if [ -z "${SKIP_SYSTEM_PACKAGES:-}" ] && { [ -z "$sudo" ] || sudo -n true 2>/dev/null; }; then
    echo "installing system packages: ${names[*]}"
    export DEBIAN_FRONTEND=noninteractive
    if $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends "${names[@]}" >/dev/null; then
        exit 0
    fi
fi
echo "these system packages are missing, and what is off without them:"
for entry in "${missing[@]}"; do echo "  ${entry%%|*}: ${entry#*|}"; done
