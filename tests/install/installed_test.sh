#!/bin/sh
# After `meson install`, vcbench works from anywhere and knows its scenarios by name.
# installed_test.sh BUILD_FOLDER PREFIX
set -eu
build=$1 prefix=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

DESTDIR=$folder/root meson install -C "$build" --no-rebuild --quiet
mkdir "$folder/elsewhere"
cd "$folder/elsewhere"
# The one path that is fixed at build time is the data folder's: the root is not the real one here.
export VCBENCH_DATA_DIR="$folder/root$prefix/share/vcbench"
vcbench=$folder/root$prefix/bin/vcbench

"$vcbench" --version
"$vcbench" validate scenarios/lan.yaml
"$vcbench" chat.yaml
test -s results/chat/latest/report.html
test -s "$folder/root$prefix/share/man/man1/vcbench.1"
test -s "$folder/root$prefix/share/bash-completion/completions/vcbench"
test -s "$folder/root$prefix/share/zsh/site-functions/_vcbench"
echo "ok: installed, and run from elsewhere"
