#!/bin/sh
# Compile the lock files: hashes, no index addresses, one set of versions for every extra.
set -eu
uv=$1
compile() { "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" "$@"; }
compile requirements-installer.in --output-file requirements-installer.lock
compile pyproject.toml --output-file requirements.lock
for extra in dashboard semantic serving; do
  compile pyproject.toml --extra "$extra" --constraint requirements.lock --output-file "requirements-$extra.lock"
done
compile pyproject.toml --extra postgres --extra serving --constraint requirements.lock \
  --output-file requirements-postgres.lock
compile pyproject.toml --extra dev --extra dashboard --extra semantic --extra serving --extra site \
  --constraint requirements.lock --output-file requirements-dev.lock
compile bi/superset/requirements.in --output-file bi/superset/requirements.lock
compile requirements-clients.in --excludes requirements-clients.excludes --output-file requirements-clients.lock
