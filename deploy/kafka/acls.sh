#!/bin/sh
# Gives each service's principal its rights on the brokers, and no other (P36). Run once by whoever
# owns the brokers, and again after a change; a right that is there already stays:
#
#   deploy/kafka/acls.sh --bootstrap-server broker:9093 --command-config owner.properties
#
# A service writes the topic on which it speaks and its own parked messages, reads the topics that
# name what it hears, and belongs to the consumer group of its name. `owner` makes topics. Brokers
# need `authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer`, and without
# `allow.everyone.if.no.acl.found`.
set -eu

allow() { # principal, then what it may do on what
    principal=$1
    shift
    kafka-acls.sh "$@" --add --force --allow-principal "User:$principal" > /dev/null
    echo "$principal may: $*" | sed "s|$at *||"
}

if [ "$#" -ne 4 ]; then
    echo "usage: $0 --bootstrap-server ADDRESS --command-config FILE" >&2
    exit 2
fi
at="$*"

# service: whom it hears
while read -r service sources; do
    allow "$service" "$@" --topic "billing.$service" --topic "billing.$service.parked" \
        --operation Write --operation Describe
    heard="--topic billing.$service.parked"
    for source in $sources; do
        heard="$heard --topic billing.$source"
    done
    # shellcheck disable=SC2086 # topics are words
    allow "$service" "$@" --consumer --group "$service" $heard
done << 'SERVICES'
ingest gateway
invoicing ingest gateway
dunning invoicing gateway
factoring invoicing dunning gateway
gateway ingest invoicing dunning factoring
SERVICES

allow owner "$@" --topic 'billing.' --resource-pattern-type prefixed \
    --operation Create --operation Describe --operation DescribeConfigs --operation Read
