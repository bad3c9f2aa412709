"""The logs on Apache Kafka."""
