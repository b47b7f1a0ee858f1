"""A `trawl serve` of small indexes, a browser, and what tests of the page do with both."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from proxy import Proxy

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRAWL = os.path.abspath(os.environ.get("TRAWL", ROOT / ".build/release/trawl"))
KEY = "open sesame"

SENTENCE = "The keeper of the lighthouse wrote down the height of the sea every hour of the day and of the night. "
DOCUMENTS = [
    {"_id": "moon", "title": "Tides", "year": 1999, "tags": ["sea", "sky"],
     "text": "🌊🌊 The moon pulls the océans. Twice a day the tides rise and the tides fall."},
    {"_id": "spring", "title": "Spring tides", "year": 2004, "tags": ["sea"],
     "text": "At new moon the sun and the moon pull in line, and spring tides are high. The sun and the sea meet."},
    {"_id": "neap", "title": "Neap tides", "year": 2011, "tags": ["sea"],
     "text": "At half moon the sun pulls across the moon, and neap tides are low."},
    {"_id": "leaf", "title": "Leaves", "year": 2004, "tags": ["garden"],
     "text": "Plants turn the light of the sun and water into sugar."},
    {"_id": "bread/rye & <i>oats</i>", "title": "Bread", "year": 2020, "tags": ["kitchen"],
     "text": "Rye, water and salt make a bread that keeps for a week."},
    {"_id": "markup", "title": "<b>Bold</b> & <script>document.title = 'pwned'</script>",
     "tags": ["<img src=x onerror=alert(2)>"],
     "text": "The element <script>document.title = 'pwned'</script> & "
             "<img src=x onerror=\"document.title='pwned'\"> are text."},
]


def free_port():
    with socket.socket() as socket_:
        socket_.bind(("127.0.0.1", 0))
        return socket_.getsockname()[1]


class Server:
    """A `trawl serve` and a proxy before it."""

    def __init__(self, indexes, *arguments):
        self.port = free_port()
        self.process = subprocess.Popen(
            [TRAWL, "serve", *map(str, indexes), "--port", str(self.port), "--quiet", *arguments])
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready").close()
                break
            except OSError as error:
                if self.process.poll() is not None:
                    raise RuntimeError(f"{TRAWL} serve has ended with {self.process.returncode}") from error
                if getattr(error, "code", None) == 401:
                    break
                time.sleep(0.1)
        self.proxy = Proxy(self.port)
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()

    def post(self, path, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def stop(self):
        self.proxy.shutdown()
        self.proxy.server_close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def build_indexes(folder):
    """Two indexes: of short documents with everything, and of a long file without n-grams."""
    (folder / "corpus.jsonl").write_text("".join(json.dumps(one) + "\n" for one in DOCUMENTS))
    (folder / "files").mkdir()
    (folder / "files/lighthouse.md").write_text(
        "# Lighthouse\n\n" + SENTENCE * 12 + "\n\n## Storms\n\n### The great storm\n\n" + SENTENCE * 14
        + "A gale broke the lantern.")
    for name, corpus, methods in [
            ("tides", "corpus.jsonl", "lexical,dense,generative,late"), ("files", "files", "lexical,dense")]:
        index = folder / f"{name}.trawl"
        subprocess.run(
            [TRAWL, "index", folder / corpus, "--output", index, "--build", methods, "--quiet"], check=True)
        yield index


def open_browser():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)


class PageTestCase(unittest.TestCase):
    """`server` serves both indexes, `locked` one of them to those who have the key."""

    @classmethod
    def start(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="trawl-page-"))
        indexes = list(build_indexes(cls.folder))
        cls.server = Server(indexes)
        cls.locked = Server(indexes[:1], "--api-key", KEY)
        cls.browser = open_browser()

    @classmethod
    def stop(cls):
        cls.browser.quit()
        cls.server.stop()
        cls.locked.stop()
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.current = self.server
        self.media()
        self.size(1280, 1000)
        self.server.proxy.faults.clear()
        self.server.proxy.requests.clear()
        self.locked.proxy.requests.clear()
        self.server.proxy.pause = 0
        # A file of the same origin, where storage can be emptied before the page itself runs.
        for each in [self.locked, self.server]:
            self.browser.get(each.proxy.url + "page.css")
            self.browser.execute_script("localStorage.clear(); sessionStorage.clear()")
        self.browser.get_log("browser")

    def tearDown(self):
        for entry in self.browser.get_log("browser"):
            failed = "Failed to load resource" in entry["message"]
            self.assertFalse(entry["level"] == "SEVERE" and not failed, entry["message"])

    def media(self, **features):
        features = {"prefers-color-scheme": "light", "prefers-reduced-motion": "no-preference", **features}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "media": "", "features": [{"name": name, "value": value} for name, value in features.items()]})

    def size(self, width, height):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def open(self, **state):
        self.browser.get(self.current.proxy.url + ("?" + urllib.parse.urlencode(state) if state else ""))
        self.settle()

    def settle(self):
        self.until(lambda: not self.all("[aria-busy=true]"))

    def until(self, condition, message="", seconds=20):
        def holds(_):
            try:
                return condition()
            except (NoSuchElementException, StaleElementReferenceException, IndexError):
                return False
        return WebDriverWait(self.browser, seconds, 0.05).until(holds, message)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        return [element.text for element in self.all(selector)]

    def state(self):
        query = urllib.parse.urlsplit(self.browser.current_url).query
        return dict(urllib.parse.parse_qsl(query, keep_blank_values=True))

    def keys(self, *keys):
        self.browser.switch_to.active_element.send_keys(*keys)

    def focused(self, expression):
        return self.browser.execute_script(f"return document.activeElement.{expression}")

    def search(self, query):
        box = self.one("[name=q]")
        box.clear()
        box.send_keys(query, Keys.ENTER)
        self.until(lambda: self.state().get("q") == query)
        self.settle()

    def choose(self, name, value):
        self.browser.execute_script(
            "const e = document.querySelector(`#search [name=${arguments[0]}]`); e.value = arguments[1];"
            "e.dispatchEvent(new Event('change', {bubbles: true}))", name, value)
        self.settle()

    def answer(self, **body):
        return self.server.post("/v1/search", {"index": "tides", "query": "spring tides", "explain": True, **body})


# Texts whose contrast with their ground is below 4.5, or 3 for large ones.
CONTRASTS = """
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1)
  canvas.fillStyle = colour
  canvas.fillRect(0, 0, 1, 1)
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data
  return [r, g, b, a / 255]
}
const over = (top, ground) => top.slice(0, 3).map((value, at) => value * top[3] + ground[at] * (1 - top[3])).concat(1)
function ground(element) {
  if (element === null) return [255, 255, 255, 1]
  const colour = rgba(getComputedStyle(element).backgroundColor)
  return colour[3] === 1 ? colour : over(colour, ground(element.parentElement))
}
function luminance(colour) {
  const [r, g, b] = colour.slice(0, 3).map((value) => value / 255)
    .map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
const low = new Set()
while (walker.nextNode()) {
  const text = walker.currentNode.data.trim()
  const element = walker.currentNode.parentElement
  const isShown = element.checkVisibility({ visibilityProperty: true }) && !element.closest(".unseen, .skip")
  if (!text || !isShown) continue
  const behind = ground(element)
  const style = getComputedStyle(element)
  const [dark, light] = [luminance(over(rgba(style.color), behind)), luminance(behind)].sort((a, b) => a - b)
  const contrast = (light + 0.05) / (dark + 0.05)
  if (contrast < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) low.add(`${text.slice(0, 30)}: ${contrast.toFixed(2)}`)
}
return [...low]
"""
