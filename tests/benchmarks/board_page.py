"""Whether the page stays smooth: `python -m tests.benchmarks.board_page [leads] [seconds]`

A headless Chromium shows so many open leads (10,000) and scrolls through all of them, first while nothing changes,
then while 100 leads a second come and 100 go. What is told is the time between two frames: 17 ms at 60 a second.
It is drawn without a graphics card, and everything shares the two cores of this machine.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from functools import partial
from itertools import count
from pathlib import Path

from tests.benchmarks.running import machine, say, share
from tests.e2e.browser import DESK, PHONE, Browser, driving
from tests.e2e.process import event
from tests.e2e.test_board import Place, make

KNOWN = "return document.getElementById('list').getAttribute('aria-rowcount') > arguments[0]"
SCROLL = """
const [seconds] = arguments;
const list = document.getElementById("list");
const began = performance.now();
const frames = [];
return new Promise((done) => {
  let last = began;
  const step = (now) => {
    frames.push(now - last);
    last = now;
    const part = (now - began) / 1000 / seconds;
    list.scrollTop = part * (list.scrollHeight - list.clientHeight);
    part < 1 ? requestAnimationFrame(step) : done(frames.slice(1));
  };
  requestAnimationFrame(step);
});
"""


def change(place: Place, stopped: threading.Event) -> None:
    """100 leads a second come, and go a moment later."""
    for number in count():
        now = place.monitor.clock.now()
        coming = [
            event("lead.created.v1", now, lead_id=f"brief-{number}-{n}", owner_id="anna", channel="long")
            for n in range(20)
        ]
        going = [event("lead.closed.v1", now, lead_id=f"brief-{number - 1}-{n}", reason="junk") for n in range(20)]
        place.monitor.post_all([*coming, *going])
        if stopped.wait(0.2):
            return


def scroll(browser: Browser, seconds: int, name: str) -> None:
    frames = sorted(browser.run(SCROLL, seconds))
    say(f"{name}: frames/s", [len(frames) / seconds])
    for part in (50, 95, 99):
        say(f"{name}: between frames, ms, p{part}", [share(frames, part)])


def main(leads: int = 10_000, seconds: int = 10) -> None:
    sys.stdout.write(f"{machine()}; {leads:,} leads\n")
    with driving() as driver, tempfile.TemporaryDirectory() as path, make(Path(path), driver) as place:
        now = place.monitor.clock.now()
        made = [
            event("lead.created.v1", now + n, lead_id=f"many-{n}", owner_id="anna", channel="long")
            for n in range(leads)
        ]
        for start in range(0, leads, 500):
            place.monitor.post_all(made[start : start + 500])
        for size in (DESK, PHONE):
            with place.board("boris", size) as browser:
                browser.until(partial(browser.run, KNOWN, leads))
                time.sleep(2)
                scroll(browser, seconds, f"{size[0]} px, still")
                stopped = threading.Event()
                changing = threading.Thread(target=change, args=(place, stopped))
                changing.start()
                scroll(browser, seconds, f"{size[0]} px, changing")
                stopped.set()
                changing.join()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
