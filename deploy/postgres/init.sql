-- Run once by psql as the superuser on an empty server: a database and a role for each service.
--
-- `owner` owns the databases and runs the migrations. A service's role may connect to its own
-- database and to the key store, and gets its rights on tables from `quittance migrate`: it reads
-- and inserts events and may not change or delete them (P15). Passwords are files; SECRETS names
-- their folder where it is not /run/secrets.
\set ON_ERROR_STOP on
\set owner_password `cat "${SECRETS:-/run/secrets}/owner_database_password"`
\set ingest_password `cat "${SECRETS:-/run/secrets}/ingest_database_password"`
\set invoicing_password `cat "${SECRETS:-/run/secrets}/invoicing_database_password"`
\set dunning_password `cat "${SECRETS:-/run/secrets}/dunning_database_password"`
\set factoring_password `cat "${SECRETS:-/run/secrets}/factoring_database_password"`
\set gateway_password `cat "${SECRETS:-/run/secrets}/gateway_database_password"`

CREATE ROLE owner LOGIN PASSWORD :'owner_password';
CREATE ROLE ingest LOGIN PASSWORD :'ingest_password';
CREATE ROLE invoicing LOGIN PASSWORD :'invoicing_password';
CREATE ROLE dunning LOGIN PASSWORD :'dunning_password';
CREATE ROLE factoring LOGIN PASSWORD :'factoring_password';
CREATE ROLE gateway LOGIN PASSWORD :'gateway_password';

-- Nobody logs in as `keys`: it holds the rights on the key store that every service needs.
CREATE ROLE keys NOLOGIN;
GRANT keys TO ingest, invoicing, dunning, factoring, gateway;

CREATE DATABASE ingest OWNER owner;
CREATE DATABASE invoicing OWNER owner;
CREATE DATABASE dunning OWNER owner;
CREATE DATABASE factoring OWNER owner;
CREATE DATABASE gateway OWNER owner;
CREATE DATABASE keys OWNER owner;

REVOKE ALL ON DATABASE ingest, invoicing, dunning, factoring, gateway, keys FROM PUBLIC;
GRANT CONNECT ON DATABASE ingest TO ingest;
GRANT CONNECT ON DATABASE invoicing TO invoicing;
GRANT CONNECT ON DATABASE dunning TO dunning;
GRANT CONNECT ON DATABASE factoring TO factoring;
GRANT CONNECT ON DATABASE gateway TO gateway;
GRANT CONNECT ON DATABASE keys TO keys;
