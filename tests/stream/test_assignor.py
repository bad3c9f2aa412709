"""Which worker gets which partitions."""

from __future__ import annotations

from collections import Counter

from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from sla_monitor.stream.kafka.assignor import Retaining, share

COUNTS = {"desk": 1, "events": 6, "phones": 6, "leads": 6}
TOPICS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 7), min_size=1)
MEMBERS = st.sets(st.sampled_from("uvwxyz"), min_size=1)


class Topics:
    """The one question that an assignor asks of a cluster."""

    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self._counts[topic])) if topic in self._counts else None


def grown(counts: dict[str, int], *members: str) -> dict[str, list[TopicPartition]]:
    """Shares of members that join one after the other."""
    shares: dict[str, list[TopicPartition]] = {}
    for name in members:
        shares = share(counts, {**shares, name: []})
    return shares


@given(TOPICS, MEMBERS, st.data())
def test_every_partition_is_given_once_and_each_topic_evenly_whatever_is_claimed(counts, members, data):
    known = [TopicPartition(topic, number) for topic in (*counts, "gone") for number in range(9)]
    claims = {name: data.draw(st.lists(st.sampled_from(known), unique=True)) for name in members}
    shares = share(counts, claims)
    given_out = Counter(at for some in shares.values() for at in some)
    assert given_out == {TopicPartition(topic, n): 1 for topic, count in counts.items() for n in range(count)}
    for topic in counts:
        sizes = [sum(at.topic == topic for at in some) for some in shares.values()]
        assert max(sizes) - min(sizes) <= 1


@given(TOPICS, st.lists(st.sampled_from("uvwxyz"), min_size=1, unique=True))
def test_nothing_moves_when_nobody_came_or_went(counts, members):
    shares = grown(counts, *members)
    assert {name: set(some) for name, some in share(counts, shares).items()} == {
        name: set(some) for name, some in shares.items()
    }


def test_who_stays_keeps_everything_when_another_leaves():
    shares = grown(COUNTS, "a", "b", "c")
    shares.pop("b")
    left = share(COUNTS, shares)
    assert all(set(had) <= set(left[name]) for name, had in shares.items())


def test_who_joins_takes_no_more_than_an_even_share():
    before = grown(COUNTS, "a", "b")
    after = share(COUNTS, {**before, "c": []})
    moved = sum(len(set(before[name]) - set(after[name])) for name in before)
    assert moved == len(after["c"]) == 6


def test_all_topics_together_are_spread_evenly_too():
    sizes = [len(some) for some in grown({"a": 1, "b": 1, "c": 1, "d": 2, "e": 4}, "u", "v", "w").values()]
    assert sizes == [3, 3, 3]


def test_a_partition_that_two_claim_is_given_once():
    both = [TopicPartition("events", n) for n in range(6)]
    shares = share({"events": 6}, {"a": both, "zombie": both})
    assert sorted(shares["a"] + shares["zombie"]) == both


def test_members_say_what_they_were_given_last():
    first, second = Retaining(), Retaining()
    cluster = Topics(COUNTS)
    given_out = first.assign(cluster, {"a": first.metadata(COUNTS)})
    first.on_assignment(ConsumerProtocolMemberAssignment.decode(given_out["a"].encode()))
    again = second.assign(cluster, {"a": first.metadata(COUNTS), "b": second.metadata(COUNTS)})
    assert set(again["a"].partitions()) < set(given_out["a"].partitions())
    assert not set(again["b"].partitions()) & set(again["a"].partitions())


def test_a_topic_that_is_not_there_is_nobodys():
    only = Retaining()
    assert only.assign(Topics({}), {"a": only.metadata(["gone"])})["a"].partitions() == []
