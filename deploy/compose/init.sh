#!/bin/sh
# Roles and databases at the first start of a server; FANGKONG_HOLDS says which: `databases` or `keys`.
# Passwords go from their files through a pipe and stand in no command line.
set -eu
passwords=${FANGKONG_PASSWORDS:-/etc/fangkong/secrets}

for service in registry gate observation sanitation reporting; do
    case $FANGKONG_HOLDS in
        keys) database=${service}_keys ;;
        *) database=$service ;;
    esac
    {
        for kind in owner app; do
            printf "\\set password '"
            tr -d '\n' <"$passwords/${service}_$kind"
            printf "'\ncreate role %s_%s login password :'password';\n" "$service" "$kind"
        done
        printf 'create database %s owner %s_owner;\n' "$database" "$service"
        printf 'revoke all on database %s from public;\n' "$database"
        printf 'grant connect, temporary on database %s to %s_app;\n' "$database" "$service"
        printf "alter role %s_app set idle_in_transaction_session_timeout = '60s';\n" "$service"
    } | psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres
done
