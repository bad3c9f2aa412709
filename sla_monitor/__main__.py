"""`python -m sla_monitor` and the installed command `sla-monitor`."""

from .cli import main

if __name__ == "__main__":
    main()
