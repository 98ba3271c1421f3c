#!/bin/sh
# Compile the lock files: hashes, no index addresses, one set of versions for every extra.
set -eu
uv=$1
compile() { "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" "$@"; }
compile requirements-installer.in --output-file requirements-installer.lock
compile pyproject.toml --output-file requirements.lock
compile pyproject.toml --extra dev --constraint requirements.lock --output-file requirements-dev.lock
compile pyproject.toml --extra postgres --constraint requirements.lock --output-file requirements-postgres.lock
compile requirements-clients.in --excludes requirements-clients.excludes --output-file requirements-clients.lock
