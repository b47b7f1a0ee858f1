// Elements made of answers. Data only ever becomes text nodes and attributes, never markup.

/** Makes an element; properties that are functions are event listeners, `undefined` and `false` ones are left out. */
export function h(name, properties, ...children) {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === false) continue
    if (typeof value === "function") element.addEventListener(key, value)
    else element.setAttribute(key, value === true ? "" : value)
  }
  element.append(...children.flat(Infinity).filter((child) => child || child === 0))
  return element
}

const whole = new Intl.NumberFormat("en")

export const plural = (count, one, many = `${one}s`) => `${whole.format(count)} ${count === 1 ? one : many}`

/** A score with three decimals, so that columns of them line up, and more where it is small. */
export function score(value) {
  const size = Math.abs(value)
  if (size !== 0 && size < 0.001) return value.toPrecision(2)
  return value.toFixed(size >= 1000 ? 1 : size >= 0.1 || size === 0 ? 3 : 4)
}

export const seconds = (value) => value < 1 ? `${Math.max(1, Math.round(value * 1000))} ms` : `${value.toFixed(2)} s`

/** Stages have colours by method; blocks of a fusion and rerankers share one each. */
const kind = (stage) => /^(lexical|dense|generative|late|fusion|phrase)$/.test(stage) ? stage
  : stage.startsWith("block ") ? "fusion" : "rerank"

// Bars

/** A bar of parts `[share, class]`; a reader hears the numbers beside it. */
function bar(...parts) {
  return h("span", { class: "bar", "aria-hidden": "true" }, parts.map(([share, name]) => {
    const part = h("i", { class: name })
    part.style.width = `${100 * Math.min(1, Math.max(0, share || 0))}%`
    return part
  }))
}

// Text with highlights

/** Offsets in UTF-16 units of the Unicode scalars of a text; undefined where both are the same. */
function unitsOfScalars(text) {
  if (!/[\ud800-\udfff]/.test(text)) return undefined
  const units = []
  let unit = 0
  for (const scalar of text) {
    units.push(unit)
    unit += scalar.length
  }
  units.push(unit)
  return units
}

/** The ranges of `matches` in UTF-16 units, each with its match, ordered by start. */
export function rangesIn(text, matches) {
  const units = unitsOfScalars(text)
  const unit = (scalar) => units ? units[Math.min(scalar, units.length - 1)] : Math.min(scalar, text.length)
  return matches
    .flatMap((match) => match.ranges.map((range) => ({ match, start: unit(range.start), end: unit(range.end) })))
    .filter((range) => range.start < range.end)
    .sort((a, b) => a.start - b.start || a.end - b.end)
}

const described = (match) => match.contribution === undefined ? match.text
  : `${match.stage}: ${match.text}, +${score(match.contribution)}`

/** The part of `text` from `start` to `end` with its ranges marked; where ranges overlap, a mark has the classes of all. */
export function marked(text, ranges, start = 0, end = text.length) {
  const inside = ranges.filter((range) => range.start < end && range.end > start)
  const edges = new Set([start, end])
  for (const range of inside) {
    edges.add(Math.max(start, range.start)).add(Math.min(end, range.end))
  }
  const places = [...edges].sort((a, b) => a - b)
  return places.slice(0, -1).map((from, index) => {
    const piece = text.slice(from, places[index + 1])
    const here = inside.filter((range) => range.start <= from && range.end > from)
    if (here.length === 0) return piece
    const stages = [...new Set(here.map((range) => range.match.stage))]
    return h("mark", { class: stages.map(kind).join(" "), title: here.map((range) => described(range.match)).join("\n") },
      piece)
  })
}

const snippetLength = 480

/** The window of a long text that holds the matches that contributed most. */
function bestWindow(text, ranges) {
  if (text.length <= snippetLength * 1.4) return [0, text.length]
  const value = (from) => {
    const seen = new Set()
    let sum = 0
    for (const { match, start, end } of ranges) {
      if (start < from || end > from + snippetLength) continue
      sum += (match.contribution ?? 1) * (seen.has(match) ? 0.1 : 1)
      seen.add(match)
    }
    return sum
  }
  let best = 0
  for (const { start } of ranges) {
    const from = Math.max(0, start - 60)
    if (value(from) > value(best)) best = from
  }
  const end = Math.min(text.length, best + snippetLength)
  const first = best === 0 ? 0 : text.indexOf(" ", best) + 1
  const last = end === text.length ? end : text.lastIndexOf(" ", end)
  return [first > best + 40 ? best : first, last < end - 40 ? end : last]
}

/** A passage: short ones whole, of others the best part and a button for the rest. */
function passage(text, matches) {
  const ranges = rangesIn(text, matches)
  const [start, end] = bestWindow(text, ranges)
  const shown = h("p", { class: "passage" })
  const isWhole = start === 0 && end === text.length
  const withoutBlankLines = (piece) => typeof piece === "string" ? piece.replace(/\n\s*\n/g, "\n") : piece
  const show = (whole) => shown.replaceChildren(...(whole || isWhole ? marked(text, ranges)
    : [start > 0 ? "… " : "", ...marked(text, ranges, start, end), end < text.length ? " …" : ""]).map(withoutBlankLines))
  show(false)
  if (isWhole) return [shown]
  const button = h("button", {
    type: "button", class: "plain more", "aria-expanded": "false",
    click() {
      const opens = button.getAttribute("aria-expanded") === "false"
      button.setAttribute("aria-expanded", opens)
      button.textContent = opens ? "Less" : "Whole passage"
      show(opens)
    },
  }, "Whole passage")
  return [shown, button]
}

// Metadata

/** A filter that the value of a field meets; undefined where none can say it. */
function condition(field, value) {
  const quoted = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`
  const name = /^[\p{L}_][\p{L}\p{N}_.-]*$/u.test(field) && !/^(AND|OR|NOT|IN|EXISTS)$/.test(field) ? field : quoted(field)
  if (typeof value === "number") return `${name}=${value}`
  if (typeof value === "string") return `${name}=${/^[\p{L}\p{N}_-]+$/u.test(value) && !/^(AND|OR|NOT|IN|EXISTS)$/.test(value)
    ? value : quoted(value)}`
  return undefined
}

/** The fields of a document; a value is a link to the search that has it as a filter too. What is brief leaves much out. */
export function metadata(fields, filtered, isBrief = false) {
  const entries = Object.entries(fields)
  if (entries.length === 0) return undefined
  const shown = isBrief ? entries.slice(0, 12) : entries
  return h("dl", { class: "metadata" }, shown.map(([field, value]) =>
    h("div", {}, h("dt", {}, field), [value].flat().map((one) => {
      const text = typeof one === "object" ? JSON.stringify(one) : String(one)
      const short = isBrief && text.length > 100 ? `${[...text].slice(0, 80).join("")}…` : text
      const filter = condition(field, one)
      return h("dd", {}, filter ? h("a", { href: filtered(filter), title: `Only documents with ${filter}` }, short) : short)
    }))), shown.length < entries.length && h("div", {}, h("dt", {}, `and ${entries.length - shown.length} more`)))
}

// Hits

/** The largest and the least score of every stage among hits, which bars are drawn by. */
export function scalesOf(hits) {
  const scales = new Map()
  for (const { stage, score } of hits.flatMap((hit) => hit.stages)) {
    if (score === undefined) continue
    const scale = scales.get(stage) ?? { least: Math.min(0, score), most: 0 }
    scales.set(stage, { least: Math.min(scale.least, score), most: Math.max(scale.most, score) })
  }
  return scales
}

function stages(hit, scales) {
  const added = hit.stages.filter((stage) => stage.added !== undefined)
  return h("table", { class: "stages" },
    h("caption", { class: "unseen" }, "Score of every stage"),
    h("thead", { class: "unseen" }, h("tr", {}, ["Stage", "Bar", "Score", "Added to the fusion", "Rank"].map((name) =>
      h("th", { scope: "col" }, name)))),
    h("tbody", {}, hit.stages.map(({ stage, score: value, rank, added: part }) => {
      const { least, most } = scales.get(stage) ?? { least: 0, most: 0 }
      const share = (value - least) / (most - least)
      const sum = added.reduce((sum, one) => sum + Math.max(0, one.added), 0)
      const parts = stage === "fusion" && sum > 0
        ? added.map((one) => [share * Math.max(0, one.added) / sum, kind(one.stage)]) : [[share, kind(stage)]]
      return h("tr", {}, h("th", { scope: "row" }, stage), h("td", {}, bar(...parts)),
        h("td", {}, value === undefined ? (part === undefined ? "–" : "") : score(value)),
        h("td", {}, part === undefined ? "" : `+${score(part)}`.replace("+-", "−")),
        h("td", {}, rank === undefined ? "" : `#${rank}`))
    })))
}

function matchTable(hit, href, canExplore) {
  if (hit.matches.length === 0) return undefined
  const most = Math.max(...hit.matches.map((match) => match.contribution))
  const rows = hit.matches.toSorted((a, b) => b.contribution - a.contribution)
  const hasCounts = rows.some((match) => match.stage !== "late")
  return h("details", { class: "matches" },
    h("summary", {}, plural(hit.matches.length, "match", "matches")),
    h("table", {}, h("thead", {}, h("tr", {},
      ["Method", "Matched", "Contribution", hasCounts && "Count"].map((name) => name && h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map((match) => {
      // A term is a stem; what can be counted is the text that it matched.
      const [range] = rangesIn(hit.text, [match])
      const phrase = match.stage === "generative" ? phraseOf(match.text)
        : range && { ngram: quoted(hit.text.slice(range.start, range.end)) }
      return h("tr", {}, h("td", {}, h("span", { class: `swatch ${kind(match.stage)}` }, match.stage)),
        h("td", {}, canExplore && phrase ? h("a", { href: href(phrase) }, match.text) : match.text),
        h("td", { class: "number" }, bar([match.contribution / most, kind(match.stage)]), score(match.contribution)),
        hasCounts && h("td", { class: "number" }, match.stage === "late" ? "" : whole.format(match.count)))
    }))))
}

/** A phrase in which AND and OR are words. */
const quoted = (phrase) => /(^|\s)(AND|OR)(\s|$)/.test(phrase) && !phrase.includes('"') ? `"${phrase}"` : phrase

/**
 * The state of the explorer for an n-gram. Parts with labels, such as `title: tides … the moon`, must be in a passage
 * together; a part that begins with … continues a word.
 */
export function phraseOf(ngram) {
  const parts = ngram.split(" … ").map((part) => part.replace(/^(title|query): /, ""))
  return {
    ngram: parts.map((part) => quoted(part.replace(/^…/, ""))).join(" AND "),
    anyspace: parts.some((part) => part.startsWith("…")) ? "1" : "",
  }
}

const keyOf = (hit) => `${hit.document}#${hit.passage}`

/** How far the last stage moved a hit, as text. */
function moved(from, to) {
  return from === to ? "=" : from > to ? `▲${from - to}` : `▼${to - from}`
}

/**
 * A hit.
 * - context: `href` makes links of changes to the state, `filtered` those of filters; `scales` are those of all hits;
 *   `twin` says where the other method of a comparison has the document; `canExplore` whether phrases can be counted.
 */
export function hit(hit, { href, filtered, scales, twin, canExplore }) {
  const title = hit.title || hit.document
  const ranks = hit.stages.map((stage) => stage.rank)
  const isReranked = hit.stages.length > 1 && kind(hit.stages.at(-1).stage) === "rerank" && ranks.at(-2) !== undefined
  return h("li", {}, h("article", { class: "hit", tabindex: "-1", "data-key": keyOf(hit), "aria-label": `${hit.rank}. ${title}` },
    h("p", { class: "rank" }, String(hit.rank), isReranked && ranks.at(-2) !== hit.rank
      && h("small", { title: `Rank ${ranks.at(-2)} before reranking` }, moved(ranks.at(-2), hit.rank))),
    h("div", { class: "body" },
      h("h3", {}, h("a", { class: "title", href: href({ doc: hit.document, at: hit.passage }) }, title)),
      h("p", { class: "source" },
        hit.section?.length > 0 && h("span", { class: "section" }, hit.section.join(" › ")),
        h("code", {}, keyOf(hit)),
        twin),
      passage(hit.text, hit.matches ?? []),
      metadata(hit.metadata ?? {}, filtered, true),
      matchTable(hit, href, canExplore)),
    stages(hit, scales)))
}

/** Where the other method of a comparison ranks a document. */
export function twinOf(hit, other) {
  if (!other) return undefined
  const twin = other.hits.find((one) => one.document === hit.document)
  if (!twin) return h("span", { class: "twin alone" }, "only here")
  return h("span", { class: "twin" }, `${other.label} #${twin.rank} `,
    twin.rank !== hit.rank && h("span", { title: `Rank ${twin.rank} there, ${hit.rank} here` }, moved(twin.rank, hit.rank)))
}

// N-grams

/** What the generator wrote. */
export function ngrams(list, href) {
  const most = Math.max(...list.map((ngram) => ngram.weight))
  return h("details", { class: "ngrams", open: true },
    h("summary", {}, h("h2", {}, "N-grams of the generator")),
    h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "N-gram"), h("th", { scope: "col" }, "Count"),
        h("th", { scope: "col", title: "Log-probability, in nats" }, h("abbr", { title: "Log-probability, in nats" }, "log p")),
        h("th", { scope: "col" }, "Weight"))),
      h("tbody", {}, list.map((ngram) => h("tr", {},
        h("td", {}, h("a", { href: href(phraseOf(ngram.text)) }, ngram.text),
          ngram.origin !== "body" && h("small", {}, ` ${ngram.origin}`)),
        h("td", { class: "number" }, whole.format(ngram.count)),
        h("td", { class: "number" }, ngram.log_probability?.toFixed(1) ?? ""),
        h("td", { class: "number weight" }, bar([ngram.weight / most, "generative"]), ngram.weight.toFixed(2)))))))
}

/** The methods that matched in hits, each with a switch for its highlights. */
export function legend(hits, hidden, change) {
  const found = new Set(hits.flatMap((hit) => hit.matches ?? []).map((match) => match.stage))
  return ["lexical", "generative", "late"].filter((stage) => found.has(stage)).map((stage) =>
    h("label", {}, h("input", { type: "checkbox", checked: !hidden.has(stage), change: (event) => change(stage, event.target.checked) }),
      h("mark", { class: stage }, stage)))
}

// Problems

export const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`

export function problem({ message, remedy }, ...actions) {
  return h("div", { class: "problem", role: "alert" },
    h("p", {}, h("strong", {}, sentence(message)), remedy && ` ${sentence(remedy)}`), actions)
}

/** A faulty filter with the place of the fault marked: a column of the message, or the name that it quotes. */
export function filterProblem({ message, remedy }, filter) {
  const column = message.match(/ at column (\d+): (.*)$/s)
  const name = message.match(/'([^']+)'/)?.[1]
  let start = -1
  let length = 0
  if (column) {
    start = unitsOfScalars(filter)?.[column[1] - 1] ?? column[1] - 1
    length = filter.slice(start).match(/^\s*(\S[\p{L}\p{N}_]*)/u)?.[0].length ?? 0
  } else if (name) {
    start = filter.indexOf(name)
    length = name.length
  }
  const text = column ? column[2] : message
  return [
    start >= 0 && h("code", {}, filter.slice(0, start),
      h("mark", { class: "fault" }, filter.slice(start, start + length) || "\u00a0"), filter.slice(start + length)),
    `${sentence(text)} `, remedy && h("span", { class: "hint" }, sentence(remedy)),
  ].filter(Boolean)
}

// The explorer

/** What is listed among next tokens and is not text. */
const isEnd = (token) => token === "<end of passage>" || token === "<end of title>"

/** The phrase with a next token. Word pieces are joined; so are the tokens of byte-level vocabularies, which have their spaces. */
function extended(phrase, token, hasSpaces) {
  if (token.startsWith("##")) return phrase + token.slice(2)
  return hasSpaces ? phrase + token : `${phrase} ${token}`
}

/** How often and where a phrase occurs. */
export function figure({ count, document_count, passage_count, is_estimate }) {
  return [is_estimate ? "about " : "", h("strong", {}, whole.format(count)), count === 1 ? " occurrence" : " occurrences",
    count > 0 ? ` in ${plural(passage_count, "passage")} of ${plural(document_count, "document")}` : ""]
}

/** The tokens that follow a phrase, and passages that have it. */
export function phrase(found, { href, more }) {
  const { count, passage_count, next, passages } = found
  const isPlain = !/(^|\s)(AND|OR)(\s|$)|^"/.test(found.phrase)
  const hasSpaces = next.some(({ text }) => /^\s/.test(text))
  const rest = count - next.reduce((sum, token) => sum + token.count, 0)
  const most = Math.max(...next.map((token) => token.count), 1)
  return [
    next.length > 0 && h("section", { class: "next" }, h("h3", {}, "Next tokens"),
      h("table", {}, h("thead", { class: "unseen" }, h("tr", {}, ["Token", "Share", "Count"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, next.map((token) => h("tr", {},
          h("th", { scope: "row" }, isPlain && !isEnd(token.text)
            ? h("a", { href: href({ ngram: extended(found.phrase, token.text, hasSpaces) }) }, token.text) : token.text),
          h("td", {}, bar([token.count / most, "generative"])),
          h("td", { class: "number" }, `${whole.format(token.count)} `, h("small", {}, `${(100 * token.count / count).toFixed(1)}%`)))),
        isPlain && rest > 0 && h("tr", { class: "rest" }, h("th", { scope: "row" }, "others"), h("td", {}, bar([0, ""])),
          h("td", { class: "number" }, `${whole.format(rest)} `, h("small", {}, `${(100 * rest / count).toFixed(1)}%`)))))),
    passages.length > 0 && h("section", { class: "found" }, h("h3", {}, "Passages"),
      h("ol", {}, passages.map((one) => h("li", {},
        h("h4", {}, h("a", { href: href({ ngram: undefined, doc: one.document, at: one.passage }) }, one.title || one.document),
          one.count > 1 && h("small", {}, ` ${one.count} times`)),
        passage(one.text, [{ ...one, text: found.phrase, stage: "phrase" }])))),
      passages.length < passage_count && h("button", { type: "button", class: "plain more", click: more }, "More passages")),
  ].filter(Boolean)
}

/** A document with the passage that was found, its matches marked. */
export function documentView(found, { at, matches, filtered }) {
  const range = found.passages?.[at]
  const [whole] = range ? rangesIn(found.text, [{ ranges: [range] }]) : []
  const inner = range ? matches.map((match) => ({
    ...match, ranges: match.ranges.map(({ start, end }) => ({ start: start + range.start, end: end + range.start })),
  })) : []
  const ranges = rangesIn(found.text, inner)
  return [
    h("p", { class: "source" }, h("code", {}, found.document), found.passages && ` ${plural(found.passages.length, "passage")}`),
    metadata(found.metadata ?? {}, filtered),
    h("div", { class: "text" }, whole && found.passages.length > 1
      ? [found.text.slice(0, whole.start), h("span", { class: "here" }, marked(found.text, ranges, whole.start, whole.end)),
        found.text.slice(whole.end)]
      : marked(found.text, ranges)),
  ].filter(Boolean)
}
