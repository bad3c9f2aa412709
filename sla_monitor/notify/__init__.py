"""Telling managers: render a notice, send it to one channel address, say how it ended."""
