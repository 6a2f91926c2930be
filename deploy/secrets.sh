#!/bin/sh
# Makes the secrets of the distributed shape that are missing, one file each, under deploy/secrets.
# The folder is its owner's alone; the files in it can be read by the containers' own users.
set -eu
folder=$(dirname "$0")/secrets
mkdir -p "$folder"
chmod 700 "$folder"
make_secret() {
    [ -s "$folder/$1" ] && return
    head -c 32 /dev/urandom | base64 | tr -d '\n' > "$folder/$1"
    chmod 444 "$folder/$1"
    echo "made $folder/$1"
}
make_secret master_key
make_secret postgres_password
for role in owner ingest invoicing dunning factoring gateway; do
    make_secret "${role}_database_password"
done
