"""What the consumer group has been told, asked of whichever broker knows."""

from __future__ import annotations

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition

from sla_monitor.errors import Unavailable
from sla_monitor.records import Partition
from sla_monitor.stream.kafka.access import Access
from sla_monitor.stream.kafka.group import Group
from tests.kafka import Cluster


async def test_a_broker_that_is_the_coordinator_no_more_is_not_believed_and_the_new_one_is_asked(three: Cluster):
    access, at = Access(servers=three.address), TopicPartition("told", 0)
    admin = AIOKafkaAdminClient(bootstrap_servers=three.address)
    await admin.start()
    await admin.create_topics([NewTopic("told", 1, 3)])
    told = aiokafka.AIOKafkaConsumer(bootstrap_servers=three.address, group_id="asked", enable_auto_commit=False)
    group = Group(access, "asked")
    try:
        await told.start()
        told.assign([at])
        await told.commit({at: 5})
        assert await group.places([Partition(*at)]) == {Partition(*at): 5}
        coordinator = await admin.find_coordinator("asked")
        for moved_from in {1, 2, 3} - {coordinator}:
            group._coordinator = moved_from
            with pytest.raises(Unavailable, match="NotCoordinatorForGroup"):
                await group.places([Partition(*at)])
            assert await group.places([Partition(*at)]) == {Partition(*at): 5}
    finally:
        await told.stop()
        await group.stop()
        await admin.close()
