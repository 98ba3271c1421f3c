#!/bin/sh
# Serve the bundle in Apache Superset on this machine until Ctrl-C; `make superset` calls it.
#   bi/superset/try.sh BIN    BIN is the bin/ folder of an environment with requirements.lock
# VALUEGAP_SUPERSET_URI    SQLAlchemy address of the warehouse; the last export's DuckDB file by default
# VALUEGAP_SUPERSET_PORT   8088 by default
# VALUEGAP_SUPERSET_SHOT   write a screenshot of the dashboard here and end, instead of serving on
set -eu
bin=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
home=${VALUEGAP_DATA_DIR:-$root/data}/superset
port=${VALUEGAP_SUPERSET_PORT:-8088}
shot=${VALUEGAP_SUPERSET_SHOT:-}
export_file=${VALUEGAP_DATA_DIR:-$root/data}/exports/latest/duckdb/valuegap.duckdb
if [ -z "${VALUEGAP_SUPERSET_URI:-}" ] && [ ! -e "$export_file" ]; then
  echo "try.sh: there is no $export_file; run a night with duckdb among VALUEGAP_EXPORTS: make run" >&2
  exit 1
fi
# Without the last two, whoever may use SQL Lab may read and write files of this machine.
uri=${VALUEGAP_SUPERSET_URI:-duckdb:///$export_file?access_mode=read_only&enable_external_access=false&lock_configuration=true}

umask 077
mkdir -p "$home"
[ -s "$home/secret" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$home/secret"
[ -s "$home/password" ] || od -An -N12 -tx1 /dev/urandom | tr -d ' \n' > "$home/password"
SUPERSET_HOME=$home
SUPERSET_SECRET_KEY=$(cat "$home/secret")
FLASK_APP=superset
SUPERSET_CONFIG_PATH=$root/bi/superset/superset_config.py
PYTHONWARNINGS=ignore
export SUPERSET_HOME SUPERSET_SECRET_KEY FLASK_APP SUPERSET_CONFIG_PATH PYTHONWARNINGS

log=$home/superset.log
step() { "$bin/superset" "$@" >> "$log" 2>&1 || { echo "try.sh: superset $1 failed; see $log" >&2; exit 1; }; }
echo "superset  metadata in $home"
step db upgrade
step init
step fab create-admin --username admin --firstname Valuegap --lastname Admin --email admin@localhost.example \
  --password "$(cat "$home/password")"
rm -rf "$home/bundle"
"$root/bi/superset/bundle.sh" "$uri" "$home/bundle"
step import-directory --overwrite --force "$home/bundle"
echo "superset  bundle imported"

"$bin/gunicorn" --workers 1 --worker-class gthread --threads 8 --timeout 120 --bind "127.0.0.1:$port" \
  --control-socket "$home/gunicorn.ctl" "superset.app:create_app()" >> "$log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT INT TERM
url=http://127.0.0.1:$port/superset/dashboard/valuegap/
until "$bin/python" -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/health', timeout=5)" 2>/dev/null; do
  kill -0 $server 2>/dev/null || { echo "try.sh: Superset ended; see $log" >&2; exit 1; }
  sleep 2
done
echo "superset  $url  user admin, password in $home/password; Ctrl-C ends it"
if [ -n "$shot" ]; then
  "${VALUEGAP_PYTHON:-$root/.venv/bin/python}" "$root/bi/superset/screenshot.py" "$url" "$home/password" "$shot"
else
  wait $server
fi
