"""Times Trawl's generative search and a PyTorch program that does the same work, and compares what they find.

    TRAWL_BENCHMARKS=1 swift build -c release --product BeamSearchSpeed -Xswiftc -enable-testing
    PEERS/bin/python eval/speed/search/constrained_search.py SCIFACT/ --index INDEX --generator NAME --complete FOLDER
        [--trawl .build/release/trawl] [--benchmark .build/release/BeamSearchSpeed] [--queries N] [--rounds N] [--turns N]

NAME is a generator of Trawl's, FOLDER the same one in transformers' layout (`trawl train generator --complete`). The PyTorch
program (twin_corpus.py, twin_decoder.py, twin_search.py) generates under the corpus's constraint with a cache of keys and
values, scores the query's n-grams and ranks passages; what it does in plain Python its files say. Float32, two threads,
15 beams of 10 tokens, SEAL's weights on both sides. No index is built and no model loaded while the clock runs; tokenising the
queries is timed on both sides.

First the decoder is held against transformers' own. Then, for each query: which weighted n-grams both find, by text and count,
how far their log-probabilities are apart, and which passages both have among their ten best. Then the two run by turns: Trawl,
PyTorch, Trawl and so on, each on the first N judged test queries. Prints medians over turns and rounds of the median query.

PyTorch's threads spin while they wait, which is fast on an idle machine and very slow on a busy one; there, set
OMP_WAIT_POLICY=passive.
"""
import argparse
import collections
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time

from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import models  # noqa: F401  before transformers, which would ask a hub
import torch
import twin_corpus
from twin_decoder import START, Decoder
from twin_search import Search

THREADS, HITS = 2, 10
KINDS = {"decoding": "decoding alone", "seal": "whole search"}


def judged_queries(folder: str, count: int) -> dict[str, str]:
    """The first test queries, by their names."""
    with open(folder + "/qrels/test.tsv") as rows:
        names = list(dict.fromkeys(row["query-id"] for row in csv.DictReader(rows, delimiter="\t")))[:count]
    with open(folder + "/queries.jsonl") as lines:
        texts = {query["_id"]: query["text"] for query in map(json.loads, lines)}
    return {name: texts[name] for name in names}


def output(*command: str) -> list[str]:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


@torch.inference_mode()
def decoder_difference(search: Search, query: str) -> float:
    """The largest difference of logits to transformers' model behind the query's own tokens, step by step."""
    ids = search.tokenizer.encode(query).ids
    forced = [START] + ids[1:-1][:9]
    theirs = search.decoder.model(input_ids=torch.tensor([ids]), decoder_input_ids=torch.tensor([forced])).logits[0]
    steps = search.decoder.steps(search.decoder.encode([ids]))
    ours = torch.cat([steps.advance(torch.tensor([token]).numpy()) for token in forced])
    return float((ours - theirs).abs().max())


# Parity


def twin_ngrams(search: Search, keys) -> dict:
    """Log-probabilities by text and count: Trawl prints no tokens."""
    texts = search.tokenizer.decode_batch([list(key.tokens) for key in keys])
    found = collections.defaultdict(list)
    for text, key in zip(texts, keys):
        found[text.removeprefix("##") or text, key.count].append(key.log_probability)
    return found


def trawl_ngrams(options, query: str) -> dict:
    found = collections.defaultdict(list)
    for line in output(options.trawl, "generate", options.index, query, "--generator", options.generator, "--seal-weights",
                       "--json", "-k", "100000", "--documents", "0"):
        ngram = json.loads(line)
        found[ngram["text"], ngram["count"]].append(ngram["log_probability"])
    return found


def trawl_hits(options, queries: str) -> dict[str, list[tuple[str, float]]]:
    hits = collections.defaultdict(list)
    with tempfile.NamedTemporaryFile(suffix=".trec") as run:
        output(options.trawl, "query", options.index, "--queries", queries, "--mode", "generative", "--generator",
               options.generator, "--seal-weights", "--depth", str(HITS), "--run", run.name)
        with open(run.name) as lines:
            for query, _, document, _, score, _ in map(str.split, lines):
                hits[query].append((document, float(score)))
    return hits


def compare_ngrams(ours: dict, theirs: dict) -> tuple[int, int, float]:
    """How many n-grams both have, how many only one, and the largest difference of log-probabilities."""
    both, alone, worst = 0, 0, 0.0
    for name in ours.keys() | theirs.keys():
        pairs = list(zip(sorted(ours.get(name, [])), sorted(theirs.get(name, []))))
        both += len(pairs)
        alone += len(ours.get(name, [])) + len(theirs.get(name, [])) - 2 * len(pairs)
        worst = max([worst, *(abs(left - right) for left, right in pairs)])
    return both, alone, worst


def parity(options, search: Search, names: list[str], queries: dict[str, str], file: str) -> None:
    hits = trawl_hits(options, file)
    totals = []
    for name, query in queries.items():
        [(keys, ranking)] = search.search([query], HITS)
        both, alone, worst = compare_ngrams(trawl_ngrams(options, query), twin_ngrams(search, keys))
        theirs = {names[passage]: score for passage, score in ranking}
        shared = [(score, theirs[document]) for document, score in hits[name] if document in theirs]
        order = [document for document, _ in hits[name]] == list(theirs)
        apart = max((abs(left / right - 1) for left, right in shared), default=0)
        totals.append((both, alone, worst, len(shared), len(hits[name]), order, apart))
        if alone or not order:
            print(f"query {name}: {alone} n-grams only on one side, {len(shared)} of {len(hits[name])} passages shared, "
                  f"{'same' if order else 'another'} order")
    both, alone, worst, shared, listed, order, apart = zip(*totals)
    print(f"parity, {len(totals)} queries: {sum(both)} n-grams on both sides, {sum(alone)} on one; log-probabilities differ "
          f"by {max(worst):.1e} at most; {sum(shared)} of {sum(listed)} best passages shared, {sum(order)} rankings "
          f"the same, scores differ by {max(apart):.1e} (relative) at most")


# Time


def seconds(body) -> float:
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def time_twin(search: Search, queries: list[str], rounds: int) -> dict[str, tuple[float, float]]:
    """Seconds a query one at a time (the median query) and all together."""
    times = {}
    for kind, run in zip(KINDS, (search.decode, search.search)):
        run(queries)
        turns = [(statistics.median(seconds(lambda: run([query])) for query in queries),
                  seconds(lambda: run(queries)) / len(queries)) for _ in range(rounds)]
        times[kind] = tuple(map(statistics.median, zip(*turns)))
    return times


def time_trawl(options, file: str) -> dict[tuple[str, str], tuple[float, float]]:
    rows = (line.split("\t") for line in output(
        options.benchmark, options.index, file, str(options.queries), options.generator, ",".join(KINDS)))
    return {(precision, kind): (float(alone), float(together)) for precision, kind, alone, together in rows}


def medians(runs: list[dict]) -> dict:
    return {kind: tuple(statistics.median(run[kind][place] for run in runs) for place in (0, 1)) for kind in runs[0]}


def report(ours: list[dict], theirs: list[dict], count: int) -> None:
    twin, trawl = medians(theirs), medians(ours)
    print(f"\n| | seconds alone | ratio | seconds in a batch of {count} | ratio |\n|---|---:|---:|---:|---:|")
    for kind, name in KINDS.items():
        alone, together = twin[kind]
        print(f"| PyTorch {torch.__version__.split('+')[0]}, f32, {name} | {alone:.3f} | 1.0 | {together:.3f} | 1.0 |")
        for precision in dict.fromkeys(precision for precision, _ in trawl):
            fast = trawl[precision, kind]
            print(f"| trawl, {precision}, {name} | {fast[0]:.3f} | {alone / fast[0]:.1f} | {fast[1]:.3f} "
                  f"| {together / fast[1]:.1f} |")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("scifact", help="folder with corpus.jsonl, queries.jsonl and qrels/test.tsv")
    parser.add_argument("--index", required=True)
    parser.add_argument("--generator", required=True)
    parser.add_argument("--complete", required=True)
    parser.add_argument("--trawl", default=".build/release/trawl")
    parser.add_argument("--benchmark", default=".build/release/BeamSearchSpeed")
    parser.add_argument("--queries", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turns", type=int, default=2, help="how often PyTorch runs; 0 compares results only")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    torch.set_num_threads(THREADS)
    tokenizer = twin_corpus.load_tokenizer(options.complete)
    names, passages = twin_corpus.passages(options.scifact + "/corpus.jsonl", tokenizer)
    search = Search(Decoder(options.complete), tokenizer, twin_corpus.Corpus(passages))
    queries = judged_queries(options.scifact, options.queries)
    texts = list(queries.values())
    print(f"logits differ from transformers' by {max(decoder_difference(search, text) for text in texts):.1e} at most")
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps({"_id": name, "text": text}) + "\n" for name, text in queries.items())
        file.flush()
        parity(options, search, names, queries, file.name)
        if options.turns == 0:
            return
        ours, theirs = [time_trawl(options, file.name)], []
        for _ in range(options.turns):
            theirs.append(time_twin(search, texts, options.rounds))
            ours.append(time_trawl(options, file.name))
            print(f"turn: PyTorch {theirs[-1]}\n      trawl {ours[-1]}", file=sys.stderr)
    report(ours, theirs, len(texts))


if __name__ == "__main__":
    main()
