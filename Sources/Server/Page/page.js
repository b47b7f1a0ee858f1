// The page: its state is the query string, which every link and control changes and `show` makes visible.

import * as api from "./api.js"
import * as view from "./view.js"

const { h } = view
const one = (selector) => document.querySelector(selector)
const controls = one("#search").elements
const phraseControls = one("#phrase").elements
const methods = ["hybrid", "lexical", "dense", "generative", "late"]

// State

/** Parameters of the query string; those that are missing have these values. `ngram` may be empty: an empty explorer. */
const defaults = {
  q: "", index: "", mode: "", k: "10", where: "", rerank: "", passages: "", compare: "",
  ngram: undefined, anycase: "", anyspace: "", doc: undefined, at: undefined,
}
/** What decides the hits; the rest opens panels above them. */
const searchKeys = ["q", "index", "mode", "k", "where", "rerank", "passages", "compare"]

const closed = { ngram: undefined, anycase: "", anyspace: "", doc: undefined, at: undefined }

let state = { ...defaults }
let served = []
let columns = []
const hidden = new Set()
/** Texts and matches of passages that were shown, so that their documents can be opened with highlights. */
const seen = new Map()

const currentIndex = () => served.find((index) => index.name === state.index) ?? served[0]
const indexName = () => state.index || currentIndex()?.name
const mode = () => state.mode || currentIndex()?.default_mode || "hybrid"

function read() {
  const parameters = new URLSearchParams(location.search)
  return Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, parameters.get(key) ?? value]))
}

function href(changes) {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries({ ...state, ...closed, ...changes })) {
    if (value !== undefined && value !== defaults[key]) parameters.set(key, value)
  }
  return `?${parameters}`
}

/** The search that has a filter too. */
const filtered = (filter) => href({ where: state.where ? `(${state.where}) AND ${filter}` : filter })

function go(address) {
  if (address !== (location.search || "?")) history.pushState(null, "", address)
  show()
}

function show() {
  const before = state
  state = read()
  fillControls(before)
  one("#open-explorer").href = href({ ngram: "" })
  if (searchKeys.some((key) => state[key] !== before[key])) {
    scrollTo(0, 0)
    search()
  }
  showExplorer(before)
  showDocument(before)
  document.title = [state.doc ?? state.ngram, state.q, "Trawl"].filter(Boolean).join(" – ")
}

// Controls

const option = (value, text) => h("option", { value }, text)

/** Fills the lists of indexes and methods. Lists that stay the same are left alone, since one of them may have the focus. */
function fillLists() {
  const index = currentIndex()
  const names = methods.filter((name) => !index || index.modes.includes(name))
  const made = JSON.stringify([served.map(({ name }) => name), names])
  if (one("#search").dataset.made === made) return
  one("#search").dataset.made = made
  controls.index.replaceChildren(...served.map(({ name }) => option(name, name)))
  one("#index-field").hidden = served.length < 2
  one("#modes").replaceChildren(one("#modes legend"), ...names.map((name) =>
    h("label", {}, h("input", { type: "radio", name: "mode", value: name }), name)))
  controls.compare.replaceChildren(option("", "nothing"),
    h("optgroup", { label: "method" }, names.map((name) => option(name, name))),
    h("optgroup", { label: "method, reranked" }, names.map((name) => option(`${name}-reranked`, `${name} reranked`))))
}

function fillControls(before) {
  fillLists()
  // What is typed and not yet searched for stays when a panel opens.
  if (state.q !== before.q) controls.q.value = state.q
  controls.index.value = currentIndex()?.name ?? ""
  controls.mode.value = mode()
  controls.k.value = state.k
  controls.where.value = state.where
  controls.rerank.checked = state.rerank !== ""
  controls.passages.checked = state.passages !== ""
  controls.compare.value = state.compare
}

function submit() {
  if (!one("#search").reportValidity()) return
  const index = served.length > 1 ? controls.index.value : ""
  const { modes, default_mode } = served.find(({ name }) => name === index) ?? currentIndex() ?? { modes: methods }
  // Another index may have other methods.
  const known = (name) => modes.includes(name.split("-")[0]) ? name : ""
  const mode = known(controls.mode?.value ?? "")
  const address = href({
    q: controls.q.value.trim(), index, mode: mode === default_mode ? "" : mode, k: String(Number(controls.k.value)),
    where: controls.where.value.trim(), rerank: controls.rerank.checked ? "1" : "",
    passages: controls.passages.checked ? "1" : "", compare: known(controls.compare.value),
  })
  if (address !== (location.search || "?")) go(address)
  // Enter in a field reports a change first, whose search then runs already.
  else if (!columns.some((column) => column.runs)) search()
}

one("#search").addEventListener("submit", (event) => {
  event.preventDefault()
  submit()
})
one("#search").addEventListener("change", (event) => {
  if (event.target !== controls.q) submit()
})
controls.q.addEventListener("search", () => {
  if (controls.q.value === "" && state.q !== "") submit()
})

// Links that change the state are real links, so that they can be opened in another tab.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='?']")
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  go(link.getAttribute("href"))
})
addEventListener("popstate", show)

// Searching

let running = new AbortController()

function request(column) {
  const body = { index: indexName(), query: state.q, mode: column.mode, k: Number(state.k), explain: true }
  if (state.where) body.filter = state.where
  if (state.passages) body.passages = true
  if (column.rerank) body.rerank = true
  return body
}

async function search() {
  running.abort()
  running = new AbortController()
  const { signal } = running
  const [other, reranks] = state.compare.split("-")
  columns = state.q === "" ? [] : [{ mode: mode(), rerank: state.rerank !== "" }]
  if (columns.length > 0 && other) columns.push({ mode: other, rerank: reranks === "reranked" })
  for (const column of columns) {
    column.runs = true
    column.label = column.mode + (column.rerank ? " reranked" : "")
  }
  one("#filter-problem").replaceChildren()
  controls.where.removeAttribute("aria-invalid")
  showStatus()
  if (columns.length === 0) showColumns()
  await Promise.all(columns.map((column) => run(column, signal)))
}

async function run(column, signal) {
  for (;;) {
    try {
      for await (const answer of api.search(request(column), signal)) {
        if (signal.aborted) return
        column.answer = answer
        column.problem = undefined
        column.reranks = answer.stage === "search" && column.rerank
        showColumns()
        showStatus()
      }
    } catch (problem) {
      if (signal.aborted) return
      column.reranks = false
      if (problem.passes && await wait(column, problem, signal)) continue
      if (signal.aborted) return
      column.problem = problem
      column.answer = undefined
      if (problem.param?.startsWith("$.filter")) showFilterProblem(problem)
    }
    break
  }
  if (signal.aborted) return
  column.runs = false
  showColumns()
  showStatus()
}

/** Waits before a request is sent again; false when the user stops it. */
async function wait(column, problem, signal) {
  const pause = problem.retryAfter ?? 2
  const until = Date.now() + 1000 * pause
  const left = h("span", { "aria-hidden": "true" })
  let stops = false
  column.notice = view.problem({ message: problem.message, remedy: problem.remedy },
    h("p", {}, "Trying again ", left, " ", h("button", { type: "button", click: () => { stops = true } }, "Stop")))
  showColumns()
  while (Date.now() < until && !stops && !signal.aborted) {
    left.textContent = `in ${Math.ceil((until - Date.now()) / 1000)} s`
    await new Promise((resume) => setTimeout(resume, 100))
  }
  column.notice = undefined
  return !stops && !signal.aborted
}

function showFilterProblem(problem) {
  controls.where.setAttribute("aria-invalid", "true")
  one("#filter-problem").replaceChildren(...view.filterProblem(problem, state.where))
}

// Results

function showStatus() {
  const answers = columns.map((column) => column.answer).filter(Boolean)
  const runs = columns.some((column) => column.runs)
  one("#results").setAttribute("aria-busy", runs)
  document.body.classList.toggle("busy", runs)
  one("#status").textContent = columns.some((column) => column.reranks) ? `${count(columns[0])}; reranking…`
    : runs ? "Searching…"
    : columns.some(({ problem }) => problem) ? "No hits, because of an error" : answers.length === 2 ? inBoth(answers) : answers.length === 1 ? count(columns[0]) : ""
}

function count({ answer }) {
  if (!answer) return ""
  return answer.hits.length === 0 ? "No hits" : `${view.plural(answer.hits.length, "hit")} in ${view.seconds(answer.seconds)}`
}

function inBoth([first, second]) {
  const there = new Set(second.hits.map((hit) => hit.document))
  const here = new Set(first.hits.map((hit) => hit.document))
  const both = [...here].filter((document) => there.has(document)).length
  return `${both} of ${view.plural(here.size, "document")} in both`
}

function showColumns() {
  const focused = document.activeElement?.closest?.(".hit")?.dataset.key
  const place = [...one("#columns").children].findIndex((column) => column.contains(document.activeElement))
  one("#start").hidden = columns.length > 0
  one("#columns").className = columns.length === 2 ? "compared" : ""
  one("#columns").replaceChildren(...columns.map((column, at) => columnView(column, columns[1 - at])))
  const hits = columns.flatMap((column) => column.answer?.hits ?? [])
  const switches = view.legend(hits, hidden, (stage, shows) => {
    if (shows) hidden.delete(stage)
    else hidden.add(stage)
    hideHighlights()
  })
  one("#legend").hidden = switches.length === 0
  one("#legend").replaceChildren(one("#legend legend"), ...switches)
  hideHighlights()
  const again = [...one("#columns").children[place]?.querySelectorAll(".hit") ?? []].find((hit) => hit.dataset.key === focused)
  if (place >= 0) (again ?? one("#results")).focus({ preventScroll: true })
  drawDocument()
}

function hideHighlights() {
  for (const stage of ["lexical", "generative", "late"]) one("#results").classList.toggle(`without-${stage}`, hidden.has(stage))
}

function columnView(column, other) {
  const { answer, problem, notice } = column
  const parts = [columns.length === 2 ? h("h2", {}, column.label, answer && h("small", {}, ` ${count(column)}`))
    : h("h2", { class: "unseen" }, "Hits")]
  if (notice) parts.push(notice)
  if (problem && !problem.param?.startsWith("$.filter")) {
    const mayPass = problem.status === 0 || problem.status >= 500 || problem.passes
    parts.push(view.problem(problem, mayPass && h("p", {}, h("button", { type: "button", click: search }, "Try again"))))
  }
  if (!answer) return h("section", { class: "column", "aria-label": column.label }, parts)
  if (answer.suggestion) parts.push(h("p", { class: "suggestion" }, "Did you mean ", h("a", { href: href({ q: answer.suggestion }) }, answer.suggestion), "?"))
  parts.push(...(answer.notes ?? []).map((note) => h("p", { class: "note" }, note)))
  if (answer.hits.length === 0) {
    parts.push(h("p", { class: "empty" }, state.where ? "No document that meets the filter matches the query. " : "No document matches the query. ",
      state.where && h("a", { href: href({ where: "" }) }, "Search without the filter")))
  }
  const canExplore = currentIndex()?.modes.includes("generative") ?? true
  const context = {
    href, filtered, canExplore, scales: view.scalesOf(answer.hits),
  }
  const otherAnswer = other?.answer && { hits: other.answer.hits, label: other.label }
  for (const hit of answer.hits) seen.set(`${hit.document}#${hit.passage}`, hit.matches ?? [])
  const hits = h("ol", { class: "hits" }, answer.hits.map((hit) =>
    view.hit(hit, { ...context, twin: view.twinOf(hit, otherAnswer) })))
  const aside = answer.ngrams?.length > 0 && view.ngrams(answer.ngrams, href)
  if (aside && (columns.length === 2 || matchMedia("(max-width: 62rem)").matches)) aside.open = false
  return h("section", { class: `column${aside ? " with-ngrams" : ""}${column.reranks ? " pending" : ""}`, "aria-label": column.label },
    parts, h("div", { class: "answer" }, aside, hits))
}

// Panels

/** Opens or closes a dialog as the state says. */
function toggle(dialog, opens) {
  if (opens && !dialog.open) dialog.showModal()
  if (!opens && dialog.open) dialog.close()
}

function close() {
  go(href({}))
}

for (const dialog of document.querySelectorAll("dialog.panel")) {
  dialog.querySelector(".close").addEventListener("click", close)
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault()
    close()
  })
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) close()
  })
}

let counting = new AbortController()

async function showExplorer(before) {
  const { ngram, anycase, anyspace } = state
  toggle(one("#explorer"), ngram !== undefined)
  if (["ngram", "anycase", "anyspace", "index"].every((key) => state[key] === before[key])) return
  counting.abort()
  counting = new AbortController()
  phraseControls.ngram.value = ngram ?? ""
  phraseControls.anycase.checked = anycase !== ""
  phraseControls.anyspace.checked = anyspace !== ""
  one("#figure").replaceChildren()
  one("#phrase-answer").replaceChildren()
  if (ngram) await find(10, counting.signal)
  else phraseControls.ngram.focus()
}

async function find(passages, signal) {
  const answer = one("#phrase-answer")
  const body = { index: indexName(), phrase: state.ngram, k: passages }
  if (state.anycase) body.any_case = true
  if (state.anyspace) body.any_space = true
  answer.setAttribute("aria-busy", "true")
  try {
    const found = await api.find(body, signal)
    for (const passage of found.passages) {
      seen.set(`${passage.document}#${passage.passage}`, [{ ...passage, text: found.phrase, stage: "phrase" }])
    }
    const more = () => find(Math.min(1000, passages * 5), signal)
    const link = (changes) => href({ anycase: state.anycase, anyspace: state.anyspace, ...changes })
    const isTyping = document.activeElement === phraseControls.ngram
    one("#figure").replaceChildren(...view.figure(found))
    answer.replaceChildren(...view.phrase(found, { href: link, more }))
    // The link or button that asked is gone.
    if (!isTyping && passages === 10) one("#figure").focus()
    if (found.count === 0) await showLongestEnding(answer, signal)
  } catch (problem) {
    if (!signal.aborted) answer.replaceChildren(view.problem(problem))
  }
  answer.removeAttribute("aria-busy")
}

/** What of a phrase that does not occur does: its longest ending. */
async function showLongestEnding(answer, signal) {
  const { context, count } = await api.next({ index: indexName(), context: state.ngram, k: 1 }, signal)
  if (!context || count === 0) return
  answer.append(h("p", {}, "The longest ending that occurs is ", h("a", { href: href({ ngram: context }) }, context),
    `, ${view.plural(count, "time")}.`))
}

function explore() {
  const { ngram, anycase, anyspace } = phraseControls
  go(href({ ngram: ngram.value.trim(), anycase: anycase.checked ? "1" : "", anyspace: anyspace.checked ? "1" : "" }))
}

one("#phrase").addEventListener("submit", (event) => {
  event.preventDefault()
  explore()
})
phraseControls.anycase.addEventListener("change", explore)
phraseControls.anyspace.addEventListener("change", explore)

let opening = new AbortController()
let opened

async function showDocument(before) {
  const { doc, at, index } = state
  toggle(one("#document"), doc !== undefined)
  if (doc === before.doc && at === before.at && index === before.index) return
  opening.abort()
  opening = new AbortController()
  const { signal } = opening
  const answer = one("#document-answer")
  opened = undefined
  one("#document-name").textContent = doc ?? ""
  answer.replaceChildren()
  if (doc === undefined) return
  try {
    opened = { found: await api.document(indexName(), doc, signal) }
    drawDocument()
  } catch (problem) {
    if (!signal.aborted) answer.replaceChildren(view.problem(problem))
  }
}

/** Draws the open document, and again when a search finds what matches in it. */
function drawDocument() {
  const matches = seen.get(`${state.doc}#${state.at}`) ?? []
  if (!opened || opened.matches === matches || (opened.matches && matches.length === 0)) return
  opened.matches = matches
  one("#document-name").textContent = opened.found.title || opened.found.document
  one("#document-answer").replaceChildren(...view.documentView(opened.found, { at: state.at, matches, filtered }))
  one("#document-answer .here")?.scrollIntoView({ block: "center" })
}

// Keyboard

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return
  const types = event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select")
  if (event.key === "/" && !types) {
    event.preventDefault()
    controls.q.focus()
    controls.q.select()
    return
  }
  const hit = event.target.closest(".hit")
  if (event.target === controls.q && event.key === "ArrowDown") {
    focusHit(one(".hit"), event)
  } else if (hit) {
    const hits = [...hit.closest(".column").querySelectorAll(".hit")]
    const at = hits.indexOf(hit)
    const column = [...one("#columns").children].indexOf(hit.closest(".column"))
    const beside = (step) => {
      const others = one("#columns").children[column + step]?.querySelectorAll(".hit")
      return others?.[Math.min(at, others.length - 1)]
    }
    const target = {
      ArrowDown: () => hits[at + 1], ArrowUp: () => hits[at - 1] ?? controls.q, Home: () => hits[0], End: () => hits.at(-1),
      ArrowLeft: () => beside(-1), ArrowRight: () => beside(1),
    }[event.key]
    if (target) focusHit(target(), event)
    else if (event.key === "Enter" && event.target === hit) hit.querySelector(".title").click()
  }
})

function focusHit(element, event) {
  event.preventDefault()
  element?.focus()
  element?.scrollIntoView({ block: "nearest" })
}

// Colours

const themeItem = "trawl-theme"

function setTheme(theme) {
  one("#theme").value = theme
  document.documentElement.dataset.theme = theme
}

one("#theme").addEventListener("change", (event) => {
  localStorage.setItem(themeItem, event.target.value)
  setTheme(event.target.value)
})
setTheme(localStorage.getItem(themeItem) ?? "")

// The key

api.onKeyNeeded((problem) => new Promise((answer) => {
  const dialog = one("#key")
  const { key } = dialog.querySelector("form").elements
  key.value = ""
  dialog.returnValue = ""
  one("#key-problem").textContent = view.sentence(problem.message)
  dialog.addEventListener("close", () => answer(dialog.returnValue === "use" ? key.value : undefined), { once: true })
  dialog.showModal()
}))
one("#key-cancel").addEventListener("click", () => one("#key").close())

// Start

/** Learns which indexes are served; without them there is nothing to search. */
async function start() {
  try {
    served = (await api.indexes()).indexes
  } catch (problem) {
    if (problem.passes) {
      one("#notices").replaceChildren(view.problem(problem))
      await new Promise((resume) => setTimeout(resume, 1000 * (problem.retryAfter ?? 2)))
      return start()
    }
    one("#notices").replaceChildren(view.problem(problem,
      h("p", {}, h("button", { type: "button", click: () => location.reload() }, "Try again"))))
    one("#results").removeAttribute("aria-busy")
    return
  }
  one("#notices").replaceChildren()
  one("#indexes").replaceChildren(...served.map((index) => h("li", {}, h("a", { href: href({ index: served.length > 1 ? index.name : "" }) }, index.name),
    ` ${view.plural(index.documents, "document")}, ${view.plural(index.passages, "passage")}; ${index.modes.join(", ")}`)))
  show()
  showStatus()
}

fillControls({})
start()
