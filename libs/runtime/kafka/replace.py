"""Makes a topic anew where it holds what its log has lost, or has lost what its log holds."""

import asyncio
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import UnknownTopicOrPartitionError, for_code

from libs.runtime.kafka.cluster import Cluster

GONE_SECONDS = 120
GONE_ROUNDS = 3
"""Brokers tell each other a little later; a topic seen as gone so often in a row is gone."""


async def delete_topics(cluster: Cluster, names: Sequence[str]) -> None:
    """Delete topics with all that is in them; return when no broker shows them any more."""
    admin = AIOKafkaAdminClient(**cluster.options(client="topics"))
    await admin.start()
    try:
        there = [name for name in names if name in await admin.list_topics()]
        if there:
            answer = await admin.delete_topics(there)
            for name, code, *_ in answer.topic_error_codes:
                if code not in {0, UnknownTopicOrPartitionError.errno}:
                    raise for_code(code)(name)
        quiet = 0
        async with asyncio.timeout(GONE_SECONDS):
            while quiet < GONE_ROUNDS:
                left = set(names) & set(await admin.list_topics())
                quiet = 0 if left else quiet + 1
                await asyncio.sleep(0.2)
    finally:
        await admin.close()
