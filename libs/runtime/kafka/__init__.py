"""Envelopes over Kafka; the only package that imports aiokafka.

The relay sends through `KafkaSender`, the host hears through `kafka_feeds`, operators look through
`topics`.
"""

from libs.runtime.kafka.cluster import Cluster
from libs.runtime.kafka.feed import KafkaFeed, kafka_feeds
from libs.runtime.kafka.group import KafkaGroup
from libs.runtime.kafka.mirrored import MirroredTopic
from libs.runtime.kafka.sender import KafkaSender, NotSent
from libs.runtime.kafka.topics import (
    TopicState,
    WrongTopic,
    apply_parked_topics,
    apply_topics,
    group_lag,
)
from libs.runtime.kafka.whole import NoTopic, whole

__all__ = [
    "Cluster",
    "KafkaFeed",
    "KafkaGroup",
    "KafkaSender",
    "MirroredTopic",
    "NoTopic",
    "NotSent",
    "TopicState",
    "WrongTopic",
    "apply_parked_topics",
    "apply_topics",
    "group_lag",
    "kafka_feeds",
    "whole",
]
