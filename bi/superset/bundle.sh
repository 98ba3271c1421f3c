#!/bin/sh
# Write the bundle for one database into a folder that `superset import-directory` reads:
#   bi/superset/bundle.sh SQLALCHEMY_URI FOLDER
# The marts stand in schema `marts` of a DuckDB file, and in schema `valuegap` of PostgreSQL.
set -eu
uri=$1 folder=$2
case $uri in
  duckdb:*) schema=marts ;;
  postgresql*) schema=valuegap ;;
  *) echo "bundle.sh: $uri begins neither with duckdb: nor with postgresql." >&2; exit 1 ;;
esac
[ ! -e "$folder" ] || { echo "bundle.sh: $folder exists; name a folder that does not." >&2; exit 1; }
cp -R "$(dirname "$0")/bundle" "$folder"
for dataset in "$folder"/datasets/valuegap/*.yaml; do
  sed "s/^schema: .*/schema: $schema/" "$dataset" > "$dataset.new"
  mv "$dataset.new" "$dataset"
done
database=$folder/databases/valuegap.yaml
{ grep -v '^sqlalchemy_uri:' "$database"; printf "sqlalchemy_uri: '%s'\n" "$uri"; } > "$database.new"
mv "$database.new" "$database"
