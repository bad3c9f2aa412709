"""Which worker of the group gets which partitions: each topic spread evenly, and what a worker has stays with it.

Round-robin, which Faust takes where there are no tables, moves most partitions whenever a worker joins or leaves; each
that moves has to be opened anew, and its timers wait for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.structs import TopicPartition

Shares = Mapping[str, Iterable[TopicPartition]]
"""The partitions of each member."""


class Retaining(AbstractPartitionAssignor):
    """One a member: it remembers what the member was given last, and claims it at the next rebalance.

    A claim is a wish: one that is out of date costs an opening, for what is true is decided by fencing.
    """

    name = "sla-retaining"

    def __init__(self) -> None:
        self._ours = b""

    def metadata(self, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        return ConsumerProtocolMemberMetadata(0, sorted(topics), self._ours)

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        self._ours = assignment.encode()

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """All members subscribe to the same topics: they run the same program on the same prefix."""
        topics = {topic for member in members.values() for topic in member.subscription}
        counts = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in topics}
        shares = share(counts, {name: _claims(member) for name, member in members.items()})
        return {name: _assignment(partitions) for name, partitions in shares.items()}


def share(counts: Mapping[str, int], claims: Shares) -> dict[str, list[TopicPartition]]:
    """What each member gets. counts: partitions of each topic. claims: of each member, those that it would keep.

    Of a topic all members have as many, or one more; the more go to those who have the least of the topics before it,
    beginning with the smallest topics.
    """
    shares: dict[str, list[TopicPartition]] = {name: [] for name in sorted(claims)}
    owners = {partition: name for name in sorted(claims) for partition in claims[name]}
    for topic, count in sorted(counts.items(), key=lambda item: (item[1], item[0])):
        partitions = [TopicPartition(topic, number) for number in range(count)]
        _share_topic(partitions, owners, shares)
    return shares


def _share_topic(
    partitions: list[TopicPartition], owners: Mapping[TopicPartition, str], shares: dict[str, list[TopicPartition]]
) -> None:
    claimed = {name: [at for at in partitions if owners.get(at) == name] for name in shares}
    rest, more = divmod(len(partitions), len(shares))
    in_order = sorted(shares, key=lambda name: (len(shares[name]), -len(claimed[name])))
    room = {name: rest + (n < more) for n, name in enumerate(in_order)}
    kept = {name: claimed[name][: room[name]] for name in in_order}
    left = [at for at in partitions if at not in {kept for some in kept.values() for kept in some}]
    for name in in_order:
        missing = room[name] - len(kept[name])
        shares[name] += kept[name] + left[:missing]
        left = left[missing:]


def _claims(member: ConsumerProtocolMemberMetadata) -> list[TopicPartition]:
    return ConsumerProtocolMemberAssignment.decode(member.user_data).partitions() if member.user_data else []


def _assignment(partitions: Iterable[TopicPartition]) -> ConsumerProtocolMemberAssignment:
    by_topic: dict[str, list[int]] = {}
    for topic, number in sorted(partitions):
        by_topic.setdefault(topic, []).append(number)
    return ConsumerProtocolMemberAssignment(0, list(by_topic.items()), b"")
