"""The page in headless Chromium, before a real `trawl serve`.

    make test-page
    TRAWL=path/to/trawl python3 Tests/page/test_page.py [-v] [PageTests.test_name]
"""

import time
import unittest
import urllib.parse
import urllib.request

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness import CONTRASTS, DOCUMENTS, KEY, PageTestCase
from proxy import PAGE


def setUpModule():
    PageTestCase.start()


def tearDownModule():
    PageTestCase.stop()


class PageTests(PageTestCase):
    def test_a_search_shows_its_hits_with_what_matched(self):
        self.open()
        self.search("spring tides")
        expected = self.answer()
        self.assertEqual(self.texts(".hit .title"), [hit["title"] for hit in expected["hits"]])
        self.assertRegex(self.one("#status").text, rf"^{len(expected['hits'])} hits in ")
        self.assertEqual(self.one("#status").get_attribute("role"), "status")
        first = self.one(".hit")
        marks = [mark.text for mark in first.find_elements(By.CSS_SELECTOR, "mark.lexical")]
        self.assertEqual(marks, ["spring tides"] if "spring tides" in marks else ["spring", "tides"])
        self.assertEqual(first.find_element(By.TAG_NAME, "dl").text.split(), ["tags", "sea", "year", "2004"])
        self.assertEqual(self.state(), {"q": "spring tides", "index": "tides"})
        self.assertEqual(self.browser.title, "spring tides – Trawl")

    def test_every_stage_has_its_score_a_bar_and_what_it_added(self):
        self.open(q="spring tides", index="tides")
        for row, stage in zip(self.all(".hit:first-child .stages tbody tr"), self.answer()["hits"][0]["stages"]):
            cells = [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
            self.assertEqual(cells[0], stage["stage"])
            self.assertAlmostEqual(float(cells[2]), stage["score"], delta=0.001)
            self.assertEqual(cells[3] != "", "added" in stage)
            self.assertEqual(cells[4], f"#{stage['rank']}")
            width = row.find_element(By.CSS_SELECTOR, ".bar i").rect["width"]
            self.assertGreater(width, 2)

    def test_highlights_are_right_after_characters_outside_the_basic_plane(self):
        self.open(q="moon tides", index="tides", mode="lexical")
        hit = self.one("[data-key='moon#0']")
        self.assertEqual([mark.text for mark in hit.find_elements(By.TAG_NAME, "mark")], ["moon", "tides", "tides"])

    def test_markup_in_a_query_and_in_documents_shows_as_text(self):
        query = "<img src=x onerror=\"document.title='pwned'\"> element"
        self.open()
        self.search(query)
        self.assertEqual(self.one("[name=q]").get_attribute("value"), query)
        title = self.one("[data-key='markup#0'] .title")
        self.assertEqual(title.text, DOCUMENTS[-1]["title"])
        self.assertIn("<img src=x onerror=alert(2)>", self.texts("[data-key='markup#0'] dd"))
        self.assertIn(DOCUMENTS[-1]["text"], self.texts(".passage"))
        title.click()
        self.until(lambda: self.one("#document .text").text == DOCUMENTS[-1]["text"])
        self.assertEqual(self.all("main script, main img, main b, dialog script, dialog img"), [])
        self.assertEqual(self.browser.title, f"markup – {query} – Trawl")

    def test_the_generators_n_grams_lead_to_where_they_occur_and_what_follows(self):
        self.open(q="spring tides", index="tides")
        ngrams = self.answer()["ngrams"]
        rows = [row.text for row in self.all(".ngrams tbody tr")]
        self.assertEqual(len(rows), len(ngrams))
        self.assertTrue(rows[0].startswith(ngrams[0]["text"]))
        self.assertIn(f"{ngrams[0]['weight']:.2f}", rows[0])
        self.assertIn(f"{ngrams[0]['log_probability']:.1f}", rows[0])
        link = self.one(".ngrams tbody a")
        link.click()
        found = self.server.post("/v1/ngrams/find", {"index": "tides", "phrase": ngrams[0]["text"]})
        self.until(lambda: self.one("#figure strong").text == str(found["count"]))
        self.assertEqual(self.state()["ngram"], ngrams[0]["text"])
        self.assertEqual(len(self.all("#explorer .found li")), found["passage_count"])
        self.assertEqual({mark.text.lower() for mark in self.all("#explorer mark")}, {ngrams[0]["text"]})
        self.keys(Keys.ESCAPE)
        self.until(lambda: not self.all("dialog[open]"))
        self.assertNotIn("ngram", self.state())
        self.assertEqual(self.focused("textContent"), ngrams[0]["text"])

    def test_a_next_token_extends_the_phrase_and_back_takes_it_away(self):
        self.open(index="tides", ngram="the sun and")
        self.assertEqual(self.one("#figure strong").text, "3")
        following = {row.text.split()[0]: row for row in self.all("#explorer .next tbody tr")}
        self.assertEqual(set(following), {"the", "water"})
        self.assertIn("66.7%", following["the"].text)
        following["the"].find_element(By.TAG_NAME, "a").click()
        self.until(lambda: self.one("#figure strong").text == "2")
        self.assertEqual(self.one("[name=ngram]").get_attribute("value"), "the sun and the")
        self.browser.back()
        self.until(lambda: self.one("[name=ngram]").get_attribute("value") == "the sun and")

    def test_pieces_of_words_extend_a_phrase_without_a_blank(self):
        self.open(index="tides", ngram="neap")
        pieces = self.server.post("/v1/ngrams/find", {"index": "tides", "phrase": "ne"})["next"]
        self.assertEqual([piece["text"] for piece in pieces], ["##ap"])
        self.open(index="tides", ngram="ne")
        self.one("#explorer .next a").click()
        self.until(lambda: self.state()["ngram"] == "neap")

    def test_the_ends_of_titles_and_passages_extend_no_phrase(self):
        self.open(index="tides", ngram="spring tides")
        following = {token.text: token for token in self.all("#explorer .next tbody th")}
        self.assertEqual(set(following), {"are", "<end of title>"})
        self.assertTrue(following["are"].find_elements(By.TAG_NAME, "a"))
        self.assertFalse(following["<end of title>"].find_elements(By.TAG_NAME, "a"))

    def test_labels_and_pieces_of_n_grams_are_not_searched_for(self):
        self.open()
        found = self.browser.execute_async_script(
            "const [texts, done] = arguments; import('./view.js').then((view) => done(texts.map(view.phraseOf)))",
            ["neap tides", "title: tides … the moon", "query: why … because", "…ap tides", "salt AND sand"])
        self.assertEqual(found, [
            {"ngram": "neap tides", "anyspace": ""}, {"ngram": "tides AND the moon", "anyspace": ""},
            {"ngram": "why AND because", "anyspace": ""}, {"ngram": "ap tides", "anyspace": "1"},
            {"ngram": '"salt AND sand"', "anyspace": ""}])

    def test_the_explorer_counts_other_forms_of_a_phrase(self):
        self.open(index="tides", ngram="tides")
        for name in ["anycase", "anyspace"]:
            self.one(f"[name={name}]").click()
            self.until(lambda: self.state().get(name) == "1")
            self.settle()
        sent = [body for path, body in self.server.proxy.requests if path == "/v1/ngrams/find"]
        self.assertEqual(sent[-1], {"index": "tides", "phrase": "tides", "k": 10, "any_case": True, "any_space": True})

    def test_the_explorer_takes_any_phrase_without_a_search(self):
        self.open(index="tides")
        self.one("#open-explorer").click()
        self.until(lambda: self.focused("name") == "ngram")
        self.keys("moon AND line", Keys.ENTER)
        self.until(lambda: "1 passage of 1 document" in self.one("#figure").text)
        self.assertEqual({mark.text for mark in self.all("#explorer mark")}, {"moon", "line"})
        self.keys(Keys.CONTROL, "a", Keys.NULL, "green half moon", Keys.ENTER)
        self.until(lambda: "longest ending" in self.one("#phrase-answer").text)
        self.assertEqual(self.texts("#phrase-answer a"), ["half moon"])
        self.keys(Keys.CONTROL, "a", Keys.NULL, "moon AND", Keys.ENTER)
        self.until(lambda: "no phrase at the end" in self.one("#phrase-answer [role=alert]").text)

    def test_everything_is_done_by_keyboard(self):
        self.open(q="tides", index="tides", mode="lexical")
        self.browser.execute_script("document.activeElement.blur()")
        self.one("body").send_keys("/")
        self.assertEqual(self.focused("name"), "q")
        self.keys(Keys.ARROW_DOWN)
        hits = [hit.get_attribute("data-key") for hit in self.all(".hit")]
        self.assertEqual(self.focused("dataset.key"), hits[0])
        self.keys(Keys.ARROW_DOWN)
        self.assertEqual(self.focused("dataset.key"), hits[1])
        self.assertNotEqual(self.focused("computedStyleMap().get('outline-style').toString()"), "none")
        self.keys(Keys.END)
        self.assertEqual(self.focused("dataset.key"), hits[-1])
        self.keys(Keys.HOME, Keys.ARROW_UP)
        self.assertEqual(self.focused("name"), "q")
        self.keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
        self.until(lambda: self.all("#document[open] .text"))
        self.assertEqual(self.state()["doc"], hits[1].split("#")[0])
        self.keys(Keys.ESCAPE)
        self.until(lambda: not self.all("dialog[open]"))
        self.assertEqual(self.focused("dataset.key"), hits[1])

    def test_tab_reaches_every_control_in_their_order(self):
        self.open()

        def reached(times, *keys):
            names = []
            for _ in range(times):
                self.keys(*keys)
                names.append(next(filter(None, map(self.focused, ["name", "id", "className", "textContent"]))))
            return names
        self.assertEqual(
            reached(8, Keys.TAB), ["Search", "index", "mode", "k", "rerank", "passages", "compare", "where"])
        self.one("[name=q]").click()
        self.assertEqual(reached(4, Keys.SHIFT, Keys.TAB), ["theme", "open-explorer", "name", "skip"])
        self.assertGreater(self.one(".skip").rect["width"], 50)

    def test_dark_and_light_follow_the_system_and_the_switch_which_is_remembered(self):
        def ground():
            return self.one("html").value_of_css_property("background-color")
        self.open()
        light = ground()
        self.media(**{"prefers-color-scheme": "dark"})
        dark = ground()
        self.assertNotEqual(light, dark)
        self.one("#theme option[value=light]").click()
        self.assertEqual(ground(), light)
        self.browser.refresh()
        self.settle()
        self.assertEqual(ground(), light)
        self.one("#theme option[value='']").click()
        self.assertEqual(ground(), dark)

    def test_comparison_shows_which_documents_are_in_both_and_how_ranks_moved(self):
        self.open(q="spring tides", index="tides", compare="late", k=3)
        left, right = ([hit["document"] for hit in self.answer(mode=mode, k=3)["hits"]] for mode in ["hybrid", "late"])
        columns = self.all(".column")
        self.assertEqual([name.split()[0] for name in self.texts(".column > h2")], ["hybrid", "late"])
        for column, here, there, name in zip(columns, [left, right], [right, left], ["late", "hybrid"]):
            for hit, document in zip(column.find_elements(By.CSS_SELECTOR, ".hit"), here):
                twin = hit.find_element(By.CSS_SELECTOR, ".twin").text
                if document in there:
                    self.assertTrue(twin.startswith(f"{name} #{there.index(document) + 1}"), twin)
                    self.assertEqual("▲" in twin, here.index(document) < there.index(document))
                else:
                    self.assertEqual(twin, "only here")
        self.assertEqual(self.one("#status").text, f"{len(set(left) & set(right))} of 3 documents in both")
        columns[0].find_element(By.CSS_SELECTOR, ".hit").click()
        self.browser.execute_script("document.querySelector('.hit').focus()")
        self.keys(Keys.ARROW_RIGHT)
        self.assertEqual(self.focused("closest('.column').getAttribute('aria-label')"), "late")

    def test_an_address_holds_the_whole_search(self):
        self.open(q="tides", index="tides", mode="lexical", k="2", where="year>=2000", passages="1", compare="dense")
        self.assertEqual(self.one("[name=mode]:checked").get_attribute("value"), "lexical")
        self.assertEqual(self.one("[name=k]").get_attribute("value"), "2")
        self.assertEqual(self.one("[name=where]").get_attribute("value"), "year>=2000")
        self.assertTrue(self.one("[name=passages]").is_selected())
        self.assertEqual(self.one("[name=compare]").get_attribute("value"), "dense")
        sent = [body for path, body in self.server.proxy.requests if path == "/v1/search"]
        same = {"index": "tides", "query": "tides", "k": 2, "filter": "year>=2000", "passages": True, "explain": True}
        self.assertCountEqual(sent, [{**same, "mode": "lexical"}, {**same, "mode": "dense"}])

    def test_back_and_forward_go_through_searches(self):
        self.open(index="tides")
        self.search("bread")
        self.assertEqual(self.one(".title").text, "Bread")
        self.search("leaves")
        self.assertEqual(self.one(".title").text, "Leaves")
        self.one("[name=mode][value=lexical]").send_keys(Keys.SPACE)
        self.until(lambda: self.state().get("mode") == "lexical")
        self.assertEqual(self.focused("value"), "lexical")
        self.browser.back()
        self.browser.back()
        self.until(lambda: self.one(".title").text == "Bread")
        self.assertEqual(self.one("[name=q]").get_attribute("value"), "bread")
        self.browser.forward()
        self.until(lambda: self.one(".title").text == "Leaves")

    def test_a_faulty_filter_is_explained_beside_it_with_the_fault_marked(self):
        self.open(q="tides", index="tides")
        box = self.one("[name=where]")
        box.send_keys("tags=sea AND year=> 3", Keys.ENTER)
        self.until(lambda: self.all("#filter-problem .fault"))
        self.assertEqual(self.one(".fault").text, ">")
        self.assertIn("Expected a value after '='", self.one("#filter-problem").text)
        self.assertEqual(box.get_attribute("aria-invalid"), "true")
        self.assertEqual(box.get_attribute("aria-describedby"), "filter-problem")
        box.clear()
        box.send_keys("yaer=3", Keys.ENTER)
        self.until(lambda: self.one(".fault").text == "yaer")
        box.clear()
        box.send_keys("year=2011", Keys.ENTER)
        self.until(lambda: self.texts(".title") == ["Neap tides"])
        self.assertEqual(self.one("#filter-problem").text, "")
        self.assertIsNone(box.get_attribute("aria-invalid"))

    def test_a_value_of_a_documents_metadata_becomes_a_filter(self):
        self.open(q="the", index="tides", mode="dense")
        next(link for link in self.all("dd a") if link.text == "<img src=x onerror=alert(2)>").click()
        self.until(lambda: self.texts(".title") == [DOCUMENTS[-1]["title"]])
        self.open(q="the", index="tides", mode="dense", where="year>1")
        next(link for link in self.all("dd a") if link.text == "2004").click()
        self.until(lambda: sorted(self.texts(".title")) == ["Leaves", "Spring tides"])
        self.assertEqual(self.state()["where"], "(year>1) AND year=2004")

    def test_hits_show_at_once_and_again_when_they_are_reranked(self):
        self.server.proxy.pause = 3
        self.open(index="tides")
        self.one("[name=rerank]").click()
        self.one("[name=q]").send_keys("moon and sun", Keys.ENTER)
        self.until(lambda: "reranking…" in self.one("#status").text)
        before = self.texts(".hit:first-child .stages th[scope=row]")
        self.assertIn("fusion", before)
        self.assertNotIn("rerank", before)
        self.one("[name=q]").send_keys(Keys.ARROW_DOWN)
        focused = self.focused("dataset.key")
        self.until(lambda: "rerank" in self.texts(".hit:first-child .stages th[scope=row]"))
        self.settle()
        self.assertNotIn("reranking", self.one("#status").text)
        self.assertEqual(self.focused("dataset.key"), focused, "the focus stays on the hit")
        expected = self.answer(query="moon and sun", rerank=True)
        self.assertEqual(self.texts(".title"), [hit["title"] for hit in expected["hits"]])

    def test_a_suggestion_is_a_search(self):
        self.open(q="spring tidez", index="tides", mode="lexical")
        suggestion = self.one(".suggestion a")
        self.assertEqual(suggestion.text, "spring tides")
        suggestion.click()
        self.until(lambda: self.state()["q"] == "spring tides")

    def test_an_empty_result_says_so(self):
        self.open(q="zebra", index="tides", mode="lexical")
        self.assertEqual(self.one("#status").text, "No hits")
        self.assertIn("No document matches the query", self.one(".empty").text)
        self.open(q="bread", index="tides", mode="lexical", where="year=1999")
        self.one(".empty a").click()
        self.until(lambda: self.texts(".title") == ["Bread"])

    def test_a_document_shows_whole_with_its_passage_marked(self):
        self.open(q="gale lantern", index="files", mode="lexical")
        hit = self.one(".hit")
        self.assertEqual(hit.find_element(By.CSS_SELECTOR, ".section").text, "Storms › The great storm")
        self.assertIn("gale", [mark.text for mark in hit.find_elements(By.TAG_NAME, "mark")])
        hit.find_element(By.CSS_SELECTOR, ".title").click()
        self.until(lambda: self.all("#document .here"))
        self.assertIn("lantern", [mark.text for mark in self.all("#document .here mark")])
        self.assertTrue(self.one("#document .text").text.startswith("Lighthouse"))
        self.assertTrue(self.one("#document .here mark").is_displayed())

    def test_ids_with_any_characters_open(self):
        self.open(q="bread", index="tides", mode="lexical")
        self.one(".title").click()
        self.until(lambda: self.one("#document .source code").text == "bread/rye & <i>oats</i>")

    def test_an_index_without_n_grams_offers_none(self):
        self.open(q="gale lantern", index="files")
        self.assertEqual([label.text for label in self.all("#modes label")], ["hybrid", "lexical", "dense"])
        self.one(".matches summary").click()
        self.assertEqual(self.all(".matches a"), [])

    def test_highlights_of_a_method_can_be_hidden(self):
        self.open(q="spring tides", index="tides")
        mark = self.one(".hit mark.lexical")
        before = mark.value_of_css_property("background-color")
        self.one("#legend input").click()
        self.assertNotEqual(mark.value_of_css_property("background-color"), before)


class ProblemTests(PageTestCase):
    def test_a_busy_or_loading_server_is_asked_again(self):
        for status, message in [(429, "64 requests are waiting"), (503, "The models are loading")]:
            with self.subTest(status):
                self.server.proxy.fail("/v1/search", status, message=message, headers={"Retry-After": "1"})
                self.open(index="tides")
                self.one("[name=q]").send_keys("bread", Keys.ENTER)
                self.until(lambda: message in self.one(".problem").text)
                self.assertIn("Trying again", self.one(".problem").text)
                self.until(lambda: self.one(".title").text == "Bread")
                self.assertEqual(self.all(".problem"), [])

    def test_a_server_that_cannot_be_reached_is_asked_again_by_hand(self):
        self.open(index="tides")
        for _ in range(3):
            self.server.proxy.fail("/v1/search", 0)
        self.one("[name=q]").send_keys("bread", Keys.ENTER)
        self.until(lambda: "cannot be reached" in self.one(".problem[role=alert]").text)
        self.server.proxy.faults.clear()
        self.one(".problem button").click()
        self.until(lambda: self.one(".title").text == "Bread")

    def test_other_errors_show_the_servers_words(self):
        self.open(q="bread", index="nothing")
        self.assertIn('No index "nothing" is served', self.one(".problem").text)
        self.open(q="bread", index="tides", doc="missing")
        self.until(lambda: 'No document "missing"' in self.one("#document .problem").text)

    def test_a_new_search_cancels_a_slow_one(self):
        self.open(index="tides", mode="lexical")
        self.server.proxy.fail("/v1/search", delay=2)
        self.one("[name=q]").send_keys("leaves", Keys.ENTER)
        self.until(lambda: self.one("#status").text == "Searching…")
        self.search("bread")
        self.assertEqual(self.texts(".title"), ["Bread"])
        time.sleep(2.5)
        self.assertEqual(self.texts(".title"), ["Bread"])

    def test_a_key_is_asked_for_kept_for_the_tab_and_sent(self):
        self.current = self.locked
        self.browser.get(self.locked.proxy.url + "?q=bread&mode=lexical")
        self.until(lambda: self.all("#key[open]"))
        self.keys("wrong", Keys.ENTER)
        requests = self.locked.proxy.requests
        self.until(lambda: requests.count(("/v1/indexes", None)) == 2 and self.all("#key[open]"))
        self.keys(KEY, Keys.ENTER)
        self.until(lambda: self.texts(".title") == ["Bread"])
        self.browser.refresh()
        self.until(lambda: self.texts(".title") == ["Bread"])
        self.assertNotIn(urllib.parse.quote(KEY), self.browser.current_url)

    def test_without_a_key_the_page_says_so(self):
        self.current = self.locked
        self.browser.get(self.locked.proxy.url)
        self.until(lambda: self.all("#key[open]"))
        self.keys(Keys.ESCAPE)
        self.until(lambda: "no key" in self.one(".problem").text)
        self.assertEqual(self.all("dialog[open]"), [])


class LayoutTests(PageTestCase):
    def test_nothing_is_wider_than_a_phone(self):
        self.size(360, 740)
        for state in [{}, {"q": "spring tides"}, {"q": "spring tides", "compare": "late"},
                      {"q": "gale", "index": "files"}, {"ngram": "the sun and"}, {"q": "bread", "doc": "moon"},
                      {"q": "a", "where": "year=> 3"}]:
            with self.subTest(**state):
                self.open(**{"index": "tides", **state})
                for element in self.all("html, dialog[open]"):
                    self.assertLessEqual(element.get_property("scrollWidth"), 360)

    def test_text_has_the_contrast_of_wcag_aa(self):
        for theme in ["light", "dark"]:
            self.media(**{"prefers-color-scheme": theme})
            for state in [{"compare": "late"}, {"rerank": "1"}, {"ngram": "the sun and"}, {"where": "year=> 3"},
                          {"doc": "moon", "at": "0"}]:
                with self.subTest(theme=theme, **state):
                    self.open(q="spring tides", index="tides", **state)
                    self.assertEqual(self.browser.execute_script(CONTRASTS), [])

    def test_paper_has_the_hits_and_no_controls(self):
        self.open(q="spring tides", index="tides")
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        self.assertFalse(self.one(".options").is_displayed())
        self.assertFalse(self.one("#theme").is_displayed())
        self.assertTrue(self.one(".hit .passage").is_displayed())

    def test_nothing_moves_for_those_who_ask_for_it(self):
        self.media(**{"prefers-reduced-motion": "reduce"})
        self.open()
        animations = self.browser.execute_script(
            "document.body.classList.add('busy'); return document.getAnimations().length")
        self.assertEqual(animations, 0)

    def test_controls_have_names_and_the_page_has_landmarks(self):
        self.open(q="spring tides", index="tides")
        tree = self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        nodes = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]]
        roles = {role for role, _ in nodes}
        self.assertLessEqual({"banner", "search", "main", "navigation", "status", "article"}, roles)
        unnamed = [role for role, name in nodes if not name and role in
                   {"button", "link", "textbox", "searchbox", "checkbox", "radio", "spinbutton", "combobox", "dialog"}]
        self.assertEqual(unnamed, [])


class ServerTests(PageTestCase):
    def test_the_binary_has_these_files_and_sends_them_under_a_strict_policy(self):
        for file in PAGE.iterdir():
            path = "" if file.name == "index.html" else file.name
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}/{path}") as response:
                self.assertTrue(response.read() == file.read_bytes(), f"{file.name} differs: build trawl again")
                self.assertIn("default-src 'self'; img-src 'self' data:", response.headers["Content-Security-Policy"])

    def test_the_page_is_small(self):
        files = list(PAGE.iterdir())
        self.assertLess(sum(file.stat().st_size for file in files), 64_000)


if __name__ == "__main__":
    unittest.main()
