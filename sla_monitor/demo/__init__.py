"""`sla-monitor demo`: a morning of leads and calls, in two minutes.

Read in this order: `morning.py` what happens, `feed.py` how it is sent, `people.py` how the team reacts,
`tally.py` what the outcomes say, `news.py` and `table.py` how it is shown, `run.py` all of it.
"""
