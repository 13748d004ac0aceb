#!/usr/bin/env bash
# Goal: a program written from the documents alone reads the golden vectors as ours does.
set -e
python3 "$SRC/tests/vectors/read.py"
exec python3 "$SRC/tests/vectors/read_snapshot.py"
