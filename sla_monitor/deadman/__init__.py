"""A dead man's switch for the monitoring itself: it runs elsewhere, and speaks when it hears nothing any more.

ear.py hears signs over HTTP, switch.py knows when to speak, voice.py speaks by channels of its own until it was heard,
memory.py knows after a restart what was before; deadman.py is all of it together.
"""

from .deadman import Deadman
from .ear import Ear
from .memory import Memory
from .voice import Voice

__all__ = ["Deadman", "Ear", "Memory", "Voice"]
