#!/bin/sh
# The same rows through the command with 1 and 2 jobs, shuffled, and in small files: the vectors of a row must have the
# same bits, which show as equal decimals.
#
#   same_bits.sh HEARTH MODEL CORPUS.jsonl
set -eu
[ $# -eq 3 ] || { echo "usage: $0 HEARTH MODEL CORPUS.jsonl" >&2; exit 2; }
hearth=$1 model=$2 corpus=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cp "$corpus" "$work/as_is.jsonl"
shuf --random-source="$corpus" "$corpus" > "$work/shuffled.jsonl"
mkdir "$work/split"
split -l 7 --additional-suffix=.jsonl "$corpus" "$work/split/part-"

run() { # NAME JOBS INPUT
    "$hearth" embed "$3" -o - -m "$model" -j "$2" -q | LC_ALL=C sort | sha256sum | cut -d' ' -f1 > "$work/$1.sum"
    printf '%-24s %s\n' "$1" "$(cat "$work/$1.sum")"
}
run one_job 1 "$work/as_is.jsonl"
run two_jobs 2 "$work/as_is.jsonl"
run shuffled 2 "$work/shuffled.jsonl"
run files_of_7_rows 2 "$work/split"
[ "$(cat "$work"/*.sum | sort -u | wc -l)" -eq 1 ] && echo "the same bits" || { echo "bits differ" >&2; exit 1; }
