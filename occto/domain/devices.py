"""The device behind a session in words, from what the browser says of itself."""

import re

_BROWSERS = (
    (re.compile(r"Edg(?:e|A|iOS)?/"), "Edge"),
    (re.compile(r"OPR/|Opera"), "Opera"),
    (re.compile(r"SamsungBrowser/"), "Samsung Internet"),
    (re.compile(r"Firefox/|FxiOS/"), "Firefox"),
    (re.compile(r"Chrome/|CriOS/"), "Chrome"),
    (re.compile(r"Safari/"), "Safari"),
)
_SYSTEMS = (
    (re.compile(r"iPhone"), "iPhone"),
    (re.compile(r"iPad"), "iPad"),
    (re.compile(r"Android"), "Android"),
    (re.compile(r"Windows"), "Windows"),
    (re.compile(r"Mac OS X|Macintosh"), "Mac"),
    (re.compile(r"CrOS"), "Chromebook"),
    (re.compile(r"Linux|X11"), "Linux"),
)


def device_words(agent: str) -> str:
    """Browser and system such as 「Chrome（Windows）」; 「不明な端末」 where neither is known. It can be forged: a hint."""
    browser = next((name for pattern, name in _BROWSERS if pattern.search(agent)), "")
    system = next((name for pattern, name in _SYSTEMS if pattern.search(agent)), "")
    if browser and system:
        return f"{browser}（{system}）"
    return browser or system or "不明な端末"
