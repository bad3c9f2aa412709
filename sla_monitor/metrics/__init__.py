"""What the program shows to Prometheus."""

from .catalogue import CATALOGUE
from .counting import CONTENT_TYPE, Metrics
from .state import OwnedPartition, Snapshot

__all__ = ["CATALOGUE", "CONTENT_TYPE", "Metrics", "OwnedPartition", "Snapshot"]
