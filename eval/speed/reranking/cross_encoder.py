"""Scores the same pairs with Trawl and with sentence-transformers' CrossEncoder in alternating runs, on two threads.

    python3 -m venv PEERS && PEERS/bin/pip install -r eval/speed/peers/requirements.txt
    PEERS/bin/python eval/speed/reranking/cross_encoder.py SCIFACT/ MODEL --trawl .build/release/trawl [--peak GFLOPS]
        [--queries N] [--passages N] [--rounds N]

MODEL is the name of an installed cross-encoder that both read, such as one of 'trawl train reranker --complete'. Every query is scored with the same
passages of 20 to 256 tokens. Tokenising is part of the time, loading the model is not. Trawl answers over HTTP (`/rerank`), so its
times have the request and the JSON in them. The share of the peak counts the multiplications for the tokens there are, without
padding. Differences are to sentence-transformers' logits; of an f32 run they are rounding.
"""
import argparse
import json
import statistics
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "peers"), str(HERE.parent / "server")]
import models  # noqa: E402  before the libraries that would ask a hub
import numpy  # noqa: E402
import running  # noqa: E402
import scifact  # noqa: E402
import torch  # noqa: E402
from sentence_transformers import CrossEncoder  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

THREADS = 2
BATCH = 32
REFERENCE = "sentence-transformers"


class TrawlScorer:
    def __init__(self, server: running.Running, model: str):
        self.server, self.model = server, model

    def __call__(self, query: str, passages: list[str]) -> numpy.ndarray:
        body = json.dumps({"query": query, "documents": passages, "model": "cross=" + self.model}).encode()
        request = urllib.request.Request(
            self.server.url + "/rerank", body,
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.server.key}"})
        with urllib.request.urlopen(request, timeout=600) as response:
            results = json.load(response)["results"]
        scores = numpy.empty(len(passages))
        for result in results:
            scores[result["index"]] = result["relevance_score"]
        return scores


def operations(model: CrossEncoder, lengths: list[int]) -> float:
    """Floating-point operations of the encoder's matrix products for pairs of these lengths."""
    sizes = model.config
    width, inner = sizes.hidden_size, sizes.intermediate_size
    projections = 2 * (4 * width * width + 2 * width * inner)
    return float(sum(sizes.num_hidden_layers * length * (projections + 4 * length * width) for length in lengths))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scifact", help="folder with corpus.jsonl and queries.jsonl")
    parser.add_argument("model", help="name of a cross-encoder among Trawl's models")
    parser.add_argument("--trawl", required=True, help="the binary")
    parser.add_argument("--peak", type=float, help="the machine's sgemm peak on two threads, in GFLOP/s")
    parser.add_argument("--queries", type=int, default=4)
    parser.add_argument("--passages", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    torch.set_num_threads(THREADS)
    folder = models.folder(options.model)
    tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    passages = scifact.passages(options.scifact, tokenizer, options.passages)
    with open(options.scifact + "/queries.jsonl") as lines:
        queries = [json.loads(line)["text"] for line, _ in zip(lines, range(options.queries))]
    lengths = [len(tokenizer.encode(query, passage)) for query in queries for passage in passages]

    # Half precision is how the weights are stored; torch computes in it slowly.
    peer = CrossEncoder(folder, device="cpu", max_length=512, model_kwargs={"dtype": torch.float32})
    identity = torch.nn.Identity()

    def reference(query: str, texts: list[str]) -> numpy.ndarray:
        pairs = [(query, text) for text in texts]
        return numpy.asarray(peer.predict(pairs, batch_size=BATCH, show_progress_bar=False, activation_fn=identity))

    with ExitStack() as stack:
        scorers = {}
        for precision in ("f32", "int8"):
            server = stack.enter_context(running.trawl(options.trawl, options=["--precision", precision]))
            scorers[f"trawl, {precision}"] = TrawlScorer(server, options.model)
        scorers[REFERENCE] = reference
        seconds: dict[str, list[float]] = {name: [] for name in scorers}
        scores: dict[str, list[numpy.ndarray]] = {}
        for name, score in scorers.items():
            score(queries[0], passages[:BATCH])
        for number in range(options.rounds):
            for name, score in scorers.items():
                start = time.perf_counter()
                scores[name] = [score(query, passages) for query in queries]
                seconds[name].append(time.perf_counter() - start)
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    base = statistics.median(seconds[REFERENCE])
    logits = numpy.concatenate(scores[REFERENCE])
    print(f"{len(lengths)} pairs of {min(lengths)} to {max(lengths)} tokens, {sum(lengths)} in all\n")
    print("| engine | pairs/s | tokens/s | ratio | share of peak | largest difference of a logit |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, times in seconds.items():
        median = statistics.median(times)
        share = f"{operations(peer, lengths) / median / 1e9 / options.peak:.0%}" if options.peak else ""
        found = numpy.concatenate(scores[name])
        # Trawl answers with what the model's files make of a logit: a sigmoid.
        if name != REFERENCE:
            found = numpy.log(found / (1 - found))
        difference = f"{abs(found - logits).max():.1e}"
        print(f"| {name} | {len(lengths) / median:.0f} | {sum(lengths) / median:,.0f} | {base / median:.2f} | {share} | {difference} |")


if __name__ == "__main__":
    main()
