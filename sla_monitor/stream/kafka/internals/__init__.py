"""All that is read or overridden inside aiokafka and Faust, for the versions below and no others.

`tests/integration/test_kafka_internals.py` says what has changed when one of them moves. Private names are theirs: each
`noqa: SLF001` here stands for a look inside.
"""

VERSIONS = {"aiokafka": "0.14.0", "faust-streaming": "0.15.3"}
"""What these modules were written against."""
