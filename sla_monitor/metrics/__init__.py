"""What the program shows to Prometheus."""

from .catalogue import CATALOGUE
from .counting import CONTENT_TYPE, DECIDING, SERVING, Metrics
from .state import OwnedPartition, Snapshot

__all__ = ["CATALOGUE", "CONTENT_TYPE", "DECIDING", "SERVING", "Metrics", "OwnedPartition", "Snapshot"]
