"""The auditor: whether every lead was decided as it was promised, found out from the logs alone.

It reads what every worker reads and writes, and shares no code with what decides there, so a defect of ours is not
repeated here. It changes nothing.

    rows.py, accepted.py, outcomes.py    what is read: leads, what came in, what was published
    late.py                              when a decision is late
    checks.py                            what is wrong with one lead now
    past.py                              what was wrong once, and stays wrong
    ledger.py                            whether what was counted is what was published
    auditor.py                           the order in which it reads, and looks twice before it accuses
    rounds.py, figures.py                again and again, and what it shows then
"""

from .auditor import Auditor
from .figures import Figures
from .findings import Finding, Report, Wrong
from .rounds import Rounds

__all__ = ["Auditor", "Figures", "Finding", "Report", "Rounds", "Wrong"]
