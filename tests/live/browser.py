"""Chromium without a window, told what to do over two pipes (the DevTools protocol)."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli_support import BOUND, running

PATHS = ("chromium", "google-chrome")
# It reads from 3 and writes to 4. A new descriptor of the shell's own could be one of them.
AT_3_AND_4 = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
START_BOUND = 60.0
"""Seconds for its start: it is a large program, and the first of a machine reads all of it."""


class PageError(AssertionError):
    """The page has said that something is wrong with it."""


class Browser:
    """A tab, and what it was heard to do."""

    def __init__(self, to: int, back: int) -> None:
        self._to = to
        self._back = back
        self._numbers = itertools.count(1)
        self._heard = b""
        self._events: list[dict[str, Any]] = []
        self._session: str | None = None
        made = self.tell("Target.createTarget", START_BOUND, url="about:blank")
        attached = self.tell("Target.attachToTarget", flatten=True, **made)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.tell(f"{domain}.enable")
        self.tell("Page.setLifecycleEventsEnabled", enabled=True)

    def tell(self, method: str, bound: float = BOUND, **params: Any) -> dict[str, Any]:
        """Have it do something; returns what it answers."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = self._hear(lambda each: each.get("id") == number, method, bound)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, url: str, width: int = 1200, height: int = 900, scheme: str = "light") -> float:
        """Open a page, in a tab of that size; returns after how many seconds it was there.

        :raises PageError: a script of it has failed, it was kept from something by its policy, or
            it wanted something from somewhere.
        """
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        prefers = {"name": "prefers-color-scheme", "value": scheme}
        self.tell("Emulation.setEmulatedMedia", features=[prefers])
        # From one that differs in its fragment alone it would not be loaded anew.
        self._go("about:blank", BOUND)
        self._events.clear()
        begun = time.monotonic()
        self._go(url, START_BOUND)
        self.evaluate("new Promise(requestAnimationFrame)")
        took = time.monotonic() - begun
        self.check(url)
        return took

    def _go(self, url: str, bound: float) -> None:
        loader = self.tell("Page.navigate", bound, url=url)["loaderId"]

        def is_its(event: dict[str, Any]) -> bool:
            """That of the page before may come late."""
            told = event.get("params", {})
            return (
                event.get("method") == "Page.lifecycleEvent"
                and told["name"] == "load"
                and told["loaderId"] == loader
            )

        self._hear(is_its, url, bound)

    def check(self, url: str) -> None:
        """Whether it has said that something is wrong."""
        for event in self._events:
            method, params = event.get("method"), event.get("params", {})
            if method in ("Runtime.exceptionThrown", "Log.entryAdded"):
                raise PageError(json.dumps(params))
            if method == "Network.requestWillBeSent" and params["request"]["url"] != url:
                asked = params["request"]["url"]
                if asked != url.partition("#")[0]:
                    raise PageError(f"it asks for {asked}")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        how = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        answer = self.tell("Runtime.evaluate", expression=expression, **how)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def type(self, text: str) -> None:
        """Into what has the focus."""
        self.tell("Input.insertText", text=text)

    def press(self, key: str) -> None:
        for what in ("keyDown", "keyUp"):
            self.tell("Input.dispatchKeyEvent", type=what, key=key)

    def screenshot(self) -> str:
        """A PNG of what can be seen, in base64."""
        data: str = self.tell("Page.captureScreenshot", format="png")["data"]
        return data

    def _hear(self, wanted: Any, what: str, bound: float) -> dict[str, Any]:
        end = time.monotonic() + bound
        while True:
            for place, event in enumerate(self._events):
                if wanted(event):
                    return self._events.pop(place)
            ready, _, _ = select.select([self._back], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"not within {bound:.0f} s: {what}"
            some = os.read(self._back, 1 << 20)
            assert some, f"the browser has ended: {what}"
            *whole, self._heard = (self._heard + some).split(b"\0")
            self._events += map(json.loads, whole)


def command() -> str:
    """Where it is.

    :raises AssertionError: nowhere.
    """
    found = next(filter(None, map(shutil.which, PATHS)), None)
    assert found is not None, "the tests of the page need a browser: apt-get install chromium"
    return found


@contextlib.contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser that runs meanwhile, and keeps what it keeps in a folder."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (theirs_in, theirs_out)]
    options = ["--headless", "--remote-debugging-pipe", f"--user-data-dir={folder}"]
    options += ["--no-first-run", "--disable-gpu", "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # it refuses to run as root with it
    start = ["bash", "-c", AT_3_AND_4, "bash", *map(str, theirs), command(), *options]
    how = {"pass_fds": theirs, "env": {**os.environ, "HOME": str(folder)}}
    try:
        with (folder / "stderr").open("wb") as said, running(start, **how, stderr=said):
            for fd in (theirs_in, theirs_out, *theirs):
                os.close(fd)
            yield Browser(ours_out, ours_in)
    finally:
        os.close(ours_out)
        os.close(ours_in)
