#!/bin/sh
# Spark NLP 5.5.3 in a folder of its own: a virtual environment from PyPI and jars from Maven Central (1 GB, some minutes).
# Needs Python 3.8 to 3.11 with venv, a JDK of version 8, 11 or 17, and Maven.
#
#   setup.sh LAB        PYTHON=python3 by default
set -eu
[ $# -eq 1 ] || { echo "usage: $0 LAB" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
lab=$(cd "$1" && pwd)

cp "$here/pom.xml" "$lab/"
(cd "$lab" && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$lab/jars")
"${PYTHON:-python3}" -m venv "$lab/venv"
"$lab/venv/bin/python" -m pip install -q spark-nlp==5.5.3 pyspark==3.5.5 'numpy<2' setuptools
