"""What was promised and what was kept, from the outcomes: figures by manager, team, source, policy, day and hour."""
