"""HTTP: events in, views, the board, outcomes out, probes."""
