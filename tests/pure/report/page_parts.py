"""A page taken apart, without a browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any


class Parsed(HTMLParser):
    """A page's elements with their attributes, and the text in each kind of element."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(data.decode("ascii"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._open, []).append(data)


def facts_of(data: bytes) -> dict[str, Any]:
    [text] = re.findall(rb'<script type="application/json" id="facts">(.*?)</script>', data)
    facts: dict[str, Any] = json.loads(text)
    return facts
