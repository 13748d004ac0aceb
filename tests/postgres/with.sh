#!/usr/bin/env bash
# with.sh DIR PROGRAM: a test on the database that server.sh has started in DIR.
[ -e "$1/dsn" ] || { echo "there is no PostgreSQL here"; exit 77; }
DBK_TEST_DSN=$(<"$1/dsn") exec "$2"
