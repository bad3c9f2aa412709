"""The pitfalls of Kafka without their remedies: `python -m tests.integration.kafka_mutants [NAME...]`.

Each must be caught by the test of its pitfall, on a real broker. See tests/properties/mutants.py.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.kafka import Cluster
from tests.properties.mutants import Mutant, main

PITFALLS = "tests/integration/test_kafka_pitfalls.py::test_pitfall_"
HORIZON = "tests/integration/test_kafka_horizon.py::test_"
PORTS = "tests/contract/test_ports.py::test_"

kafka = partial(Mutant, package="stream/kafka")
stream = partial(Mutant, package="stream")

MUTANTS = (
    stream(
        "01: what lies beyond a gap is folded",
        "waiting",
        "            if batch.start <= self.seen:\n",
        "            if True:\n",
        PITFALLS + "01_a_batch_that_is_dropped_on_its_way_is_read_again",
    ),
    kafka(
        "01: the end of a batch is that of its last record",
        "fetch",
        "end = max(passed(consumer, at), found[-1].offset + 1 if found else 0)",
        "end = found[-1].offset + 1 if found else 0",
        PITFALLS + "01_markers_at_the_end_of_a_log_are_passed_without_a_record",
    ),
    kafka(
        "02: what was fetched before a seek is handed out",
        "fetch",
        "if at not in self._seeks and end > start:",
        "if end > start:",
        PITFALLS + "02_what_was_fetched_before_a_seek_is_not_handed_out_after_it",
    ),
    stream(
        "03: a batch without an owner is dropped",
        "agents",
        "        await self._settled.wait()\n",
        "",
        PITFALLS + "03_a_batch_that_comes_before_its_assignment_is_kept",
    ),
    kafka(
        "04: events say no generation",
        "transport",
        "generation = self.app.consumer_generation_id",
        "generation = 0",
        PITFALLS + "04_records_come_through_in_every_generation_of_the_group",
    ),
    stream(
        "05: batches pile up in Faust",
        "app",
        "            stream_buffer_maxsize=16,",
        "",
        PITFALLS + "05_what_waits_is_in_the_partitions_where_one_step_takes_it_all",
    ),
    kafka(
        "06: aiokafka's own pause between two tries",
        "producer",
        '    "retry_backoff_ms": 5,',
        '    "retry_backoff_ms": 100,',
        PITFALLS + "06_a_transaction_waits_for_the_markers_of_the_last_one_no_longer_than_they_take",
    ),
    kafka(
        "07: what is not committed is read",
        "fetch",
        '"isolation_level": "read_committed"',
        '"isolation_level": "read_uncommitted"',
        PITFALLS + "07_what_was_never_committed_is_never_folded",
    ),
    kafka(
        "07: many small batches",
        "producer",
        '    "max_batch_size": 1 << 20,\n',
        "",
        PITFALLS + "07_a_step_writes_one_batch_a_partition",
    ),
    kafka(
        "08: the place in the rows is not used",
        "log",
        "self.place = place.place",
        "self.place = 0",
        PITFALLS + "08_the_place_in_the_rows_is_the_truth_whatever_the_group_was_told",
    ),
    stream(
        "08: the group is not told",
        "telling",
        "            if places:\n",
        "            if False:\n",
        PITFALLS + "08_the_group_is_told_how_far_the_partitions_are",
    ),
    kafka(
        "09: rows are read before the former owner is fenced",
        "log",
        "            producer = await Producer.started(",
        "            self._kept = await load(self._access, self._offsets, partition)\n"
        "            producer = await Producer.started(",
        PITFALLS + "09_nobody_else_can_write_when_the_rows_are_read",
        also=(
            ("kept, topic_id = await load(self._access, self._offsets, partition)\n", "kept, topic_id = self._kept\n"),
        ),
    ),
    stream(
        "10: a failed commit ends the owner",
        "partition",
        "            if not isinstance(error, TryAgain):\n",
        "            raise\n            if not isinstance(error, TryAgain):\n",
        PITFALLS + "10_after_a_failed_commit_the_partition_opens_anew_and_does_nothing_twice",
    ),
    kafka(
        "11: a dead owner's transaction is left to time out",
        "log",
        'f"{partition.topic}-{partition.number}")',
        'f"{partition.topic}-{partition.number}-{id(self)}")',
        PITFALLS + "11_a_dead_owners_open_transaction_is_ended_by_the_next_one",
    ),
    kafka(
        "12: Faust's assignor",
        "transport",
        "            partition_assignment_strategy=[Retaining()],\n",
        "",
        PITFALLS + "12_no_two_logs_need_the_same_owner_so_that_each_topic_is_spread_evenly",
    ),
    kafka(
        "13: ends as a committed reader sees them",
        "horizon",
        "await connected(self._access)",
        'await connected(self._access, isolation_level="read_committed")',
        HORIZON + "ends_count_what_a_strangers_open_transaction_hides_from_intake",
    ),
    stream(
        "14: silence is never looked into",
        "partition",
        "        self._waiting.lost |= silent and self._source.end() > self._waiting.seen\n",
        "",
        PITFALLS + "14_a_last_batch_that_is_dropped_is_missed_in_the_silence_after_it",
    ),
    kafka(
        "14: a worker that runs reads on whatever its log has lost",
        "fetch",
        "                raise lost(at, missing) from error\n",
        "                pass\n",
        PITFALLS + "14_a_log_that_does_not_fit_the_place_ends_a_worker_that_runs",
    ),
    kafka(
        "14: a place before the log's beginning",
        "offsets",
        "        if place < self.first:\n",
        "        if False:\n",
        PORTS + "a_log_that_begins_after_the_place_is_refused_naming_what_is_gone",
    ),
    kafka(
        "14: a log made anew",
        "log",
        "        if place.topic != extent.topic_id:\n",
        "        if False:\n",
        PORTS + "a_log_made_anew_is_refused_even_when_it_has_grown_past_the_place",
    ),
    kafka(
        "14: rows that were deleted",
        "rows",
        "    if first > 0:",
        "    if False:",
        PITFALLS + "14_rows_that_were_deleted_are_missed",
    ),
    kafka(
        "14: rows that are all gone",
        "log",
        "        if kept.place is None and self._group is not None and",
        "        if False and",
        PITFALLS + "14_rows_that_are_all_gone_are_missed_by_what_the_group_was_told",
    ),
    kafka(
        "14: rows that went on in a topic made anew",
        "rows",
        "    if kept.place is not None and kept.place.rows != topic_id:\n",
        "    if False:\n",
        PITFALLS + "14_rows_that_went_on_in_a_topic_made_anew_are_refused",
    ),
    kafka(
        "15: results are not read before the commit",
        "producer",
        "        await asyncio.gather(*results)\n",
        "        results[0].add_done_callback(lambda done: done.exception())\n",
        PITFALLS + "15_a_step_is_not_committed_without_the_record_that_the_broker_does_not_take",
    ),
    kafka(
        "16: an unanswered end is sent again",
        "internals/sending",
        "            await _OnceEndTxn(self, commit_result).do(node)\n",
        "            while not await EndTxnHandler(self, commit_result).do(node):\n                pass\n",
        PITFALLS + "16_an_unanswered_end_of_a_transaction_is_never_sent_again",
    ),
    kafka(
        "17: whoever wants to opens",
        "log",
        "            if not await self._member():\n",
        "            if False:\n",
        PITFALLS + "17_whom_the_group_has_not_confirmed_fences_nobody",
    ),
    kafka(
        "17: every answer is a yes",
        "internals/membership",
        "    return error in (NoError, RebalanceInProgressError)\n",
        "    return True\n",
        PITFALLS + "17_the_group_confirms_its_members_and_nobody_whom_it_has_thrown_out",
    ),
    kafka(
        "18: a commit waits as long as it takes",
        "producer",
        "COMMIT_LIMIT = 6.0\n",
        "COMMIT_LIMIT = 600.0\n",
        PITFALLS + "18_a_commit_ends_before_the_session_though_the_broker_stands_still",
    ),
    stream(
        "18: a revocation waits for the commit",
        "agents",
        "STEP_LIMIT = 4.0\n",
        "STEP_LIMIT = 600.0\n",
        PITFALLS + "18_a_revocation_ends_before_the_session_though_the_broker_stands_still",
    ),
    kafka(
        "19: looks wait behind reads",
        "offsets",
        "    consumer = aiokafka.AIOKafkaConsumer(",
        "    if access.servers in SHARED:\n        return SHARED[access.servers]\n"
        "    consumer = SHARED[access.servers] = aiokafka.AIOKafkaConsumer(",
        PITFALLS + "19_looks_are_answered_while_a_read_waits_at_the_broker",
        also=(("LIMIT = 10.0\n", "LIMIT = 10.0\nSHARED = {}\n"),),
    ),
    kafka(
        "20: segments of a gigabyte",
        "topics",
        '        "segment.bytes": str(64 << 20),\n',
        "",
        PITFALLS + "20_rows_are_compacted_early_and_in_small_segments",
    ),
    kafka(
        "21: rows change before the commit",
        "log",
        "        await self._producer.write(",
        "        step.apply_to(self.rows)\n        await self._producer.write(",
        PITFALLS + "21_rows_change_only_with_the_commit",
    ),
    kafka(
        "a place that the group refuses makes the member join anew",
        "internals/membership",
        " - see the package's docstring\n    for error in",
        "\n    coordinator.reset_generation()\n    for error in",
        "tests/integration/test_kafka_worker.py::test_what_the_group_does_not_want_to_be_told_is_no_reason_to_join_anew",
    ),
    kafka(
        "what an abandoned producer has under way goes on",
        "internals/sending",
        "        for task in {self.sender_task} | self._under_way:\n",
        "        for task in {self.sender_task}:\n",
        "tests/integration/test_kafka_internals.py::test_nothing_goes_on_for_an_abandoned_producer_whose_broker_is_away",
        also=(("        if self._dropped:\n", "        if False:\n"),),
    ),
    kafka(
        "of a failed transaction, what aiokafka refuses after it is told",
        "producer",
        "            raise failure from refused\n",
        "            raise\n",
        "tests/integration/test_kafka_producer.py::test_who_is_fenced_is_told_so",
    ),
    kafka(
        "a broker that is no coordinator is believed",
        "internals/protocol",
        "    codes = [response.error_code]\n",
        "    codes = []\n",
        "tests/integration/test_kafka_group.py::"
        "test_a_broker_that_is_the_coordinator_no_more_is_not_believed_and_the_new_one_is_asked",
    ),
    kafka(
        "what a failed fetch has taken of others is passed",
        "fetch",
        "            self._seeks = {**self._positions, **self._seeks}\n",
        "",
        "tests/integration/test_kafka_fetch.py::"
        "test_where_one_partition_cannot_be_read_the_records_of_others_come_with_the_next_fetch",
    ),
    kafka(
        "a worker has no name in the group",
        "transport",
        "            group_instance_id=self.app.kafka.name,\n",
        "",
        "tests/integration/test_kafka_seat.py::test_a_worker_that_is_back_within_its_session_takes_up_what_it_had_"
        "and_the_group_is_not_rebalanced",
    ),
)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as data:
        cluster = Cluster(Path(data)).start()
        os.environ["SLA_TEST_KAFKA"] = cluster.address
        try:
            code = main(sys.argv[1:], MUTANTS, workers=1)
        finally:
            cluster.stop()
    sys.exit(code)
