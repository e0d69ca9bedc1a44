#!/bin/sh
# Measures the text stages beside the others on an idle machine, unattended, and writes a record: README.md with the
# machine and the tables, raw.csv with every figure. Some minutes.
#
#   run.sh FOLDER [LAB]        such as benches/runs/2026-01-31-xeon-2c/text
#
# LAB, made by spark_nlp/setup.sh, adds Spark NLP. ROUNDS=9 by default.
set -eu
[ $# -ge 1 ] && [ $# -le 2 ] || { echo "usage: $0 FOLDER [LAB]" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
lab=${2:+$(cd "$2" && pwd)}
rounds=${ROUNDS:-9}
cd "$root"

cargo bench --locked -p hearth-benches --features peers --bench text --no-run
before=$(cut -d' ' -f1-3 /proc/loadavg)
# A session of its own: the scheduler shares out processors by session before it looks at priorities.
setsid --wait cargo bench -q --locked -p hearth-benches --features peers --bench text -- \
    --record "$folder" --rounds "$rounds" ${lab:+--spark "$lab"}
after=$(cut -d' ' -f1-3 /proc/loadavg)

fact() { sed -n "s/^$1[^:]*: *//p" "$2" | head -n 1; }
{
    echo "# The text stages on one core"
    echo
    echo "| | |"
    echo "|---|---|"
    echo "| date | $(date -u +%F) |"
    echo "| processor | $(fact 'model name' /proc/cpuinfo), family $(fact 'cpu family' /proc/cpuinfo), model $(fact model /proc/cpuinfo), $(nproc) cores |"
    echo "| memory | $(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo) |"
    echo "| system | $(uname -sr) |"
    echo "| compiler | $(rustc --version) |"
    echo "| peers | $(awk -F'"' '/^name = / && $2 ~ /^(icu_segmenter|tokenizers|unicode-segmentation)$/ { name = $2; getline; print name, $2 }' Cargo.lock | paste -sd ';' | sed 's/;/, /g') |"
    [ -z "$lab" ] || echo "| Java | $(java -version 2>&1 | head -n 1) |"
    echo "| load before, after | $before; $after |"
    echo
    echo "Command: \`benches/text/run.sh FOLDER${lab:+ LAB}\` (ROUNDS=$rounds). Every program runs in every round, in reversed order every"
    echo "second round; a ratio is taken within a round. All figures: [raw.csv](raw.csv)."
    echo
    cat "$folder/summary.md"
} > "$folder/README.md"
rm "$folder/summary.md"
