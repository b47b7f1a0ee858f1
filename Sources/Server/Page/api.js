// Requests to the server, its errors, and the key that it may ask for.

const keyItem = "trawl-key"

/** What went wrong: the server's error, or a failure to reach it (status 0). */
export class Problem extends Error {
  constructor(message, { status = 0, param = "", remedy = "", retryAfter } = {}) {
    super(message)
    Object.assign(this, { status, param, remedy, retryAfter })
  }

  /** Whether the same request may succeed a little later. */
  get passes() {
    return this.status === 429 || this.status === 503
  }

  static from(error, status, retryAfter) {
    return new Problem(error?.message ?? `The server answered with status ${status}`, {
      status: error?.code ?? status, param: error?.param, remedy: error?.remedy, retryAfter,
    })
  }
}

let askForKey = async () => undefined
let asking

/** Sets what asks the user for a key: it is given the server's message and returns the key, or nothing. */
export function onKeyNeeded(ask) {
  askForKey = ask
}

/** Requests that fail at the same time ask once. */
async function newKey(problem, used) {
  const stored = sessionStorage.getItem(keyItem)
  if (stored && stored !== used) return stored
  asking ??= askForKey(problem).finally(() => { asking = undefined })
  const key = await asking
  if (!key) throw problem
  sessionStorage.setItem(keyItem, key)
  return key
}

async function problemOf(response) {
  let error
  try {
    error = (await response.json()).error
  } catch {
    // Not the server's own error: a proxy's page, for instance.
  }
  const seconds = Number(response.headers.get("Retry-After") || NaN)
  return Problem.from(error, response.status, Number.isFinite(seconds) ? seconds : undefined)
}

/** Sends a request; without a body it is a GET. Paths are relative, so that a proxy may serve the page in a folder. */
async function send(path, { body, signal } = {}) {
  let key = sessionStorage.getItem(keyItem)
  for (;;) {
    const headers = {}
    if (body) headers["Content-Type"] = "application/json"
    if (key) headers.Authorization = `Bearer ${key}`
    let response
    try {
      response = await fetch(path, {
        method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal,
      })
    } catch (error) {
      throw failure(error)
    }
    if (response.ok) return response
    const problem = await problemOf(response)
    if (response.status !== 401) throw problem
    key = await newKey(problem, key)
  }
}

function failure(error) {
  if (error.name === "AbortError" || error instanceof Problem) return error
  return new Problem("The server cannot be reached", { remedy: "check that it runs and that the network is up" })
}

async function json(path, options) {
  const response = await send(path, options)
  try {
    return await response.json()
  } catch (error) {
    throw failure(error)
  }
}

/** Server-sent events as pairs of name and data. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  for (;;) {
    const { value, done } = await reader.read().catch((error) => { throw failure(error) })
    if (done) return
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n")
    rest = blocks.pop()
    for (const block of blocks) {
      let name = "message"
      const data = []
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) name = line.slice(6).trim()
        if (line.startsWith("data:")) data.push(line.slice(5).trimStart())
      }
      if (data.length > 0) yield [name, JSON.parse(data.join("\n"))]
    }
  }
}

/** The answer to a search; with reranking two answers, of which the first has the `stage` search. */
export async function* search(body, signal) {
  if (!body.rerank) {
    yield await json("v1/search", { body, signal })
    return
  }
  const response = await send("v1/search", { body: { ...body, stream: true }, signal })
  for await (const [name, data] of events(response)) {
    if (name === "hits") yield data
    if (name === "error") throw Problem.from(data.error)
    if (name === "done") return
  }
  throw new Problem("The answer broke off", { remedy: "search again" })
}

export const indexes = (signal) => json("v1/indexes", { signal })

export const document = (index, id, signal) =>
  json(`v1/indexes/${encodeURIComponent(index)}/documents/${encodeURIComponent(id)}`, { signal })

export const find = (body, signal) => json("v1/ngrams/find", { body, signal })

export const next = (body, signal) => json("v1/ngrams/next", { body, signal })
