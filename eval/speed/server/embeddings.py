"""Requests per second to /v1/embeddings with MiniLM, texts of 20 tokens, against sentence-transformers, served by FastAPI.

    PEERS/bin/python eval/speed/server/embeddings.py SCIFACT/ --trawl .build/release/trawl [--seconds 10] [--rounds 3]

SCIFACT is a folder in BEIR's format; of each passage the first 20 tokens are a text. Servers run one after the other, on both
cores, with wrk as the client beside them (one thread of C). Every round measures all of them; the median round is reported. The
peer is measured with one call at a time on two threads, and with two calls at a time on one each.
"""
import argparse
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, List

from running import ask, middle, peer, trawl, wrk
from tokenizers import Tokenizer

TOKENS = 20
CLIENTS = [1, 32]


def texts_of(folder: Path, tokenizer: Tokenizer) -> List[str]:
    """Texts that have 20 tokens together with the two that MiniLM puts around them."""
    texts: List[str] = []
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            offsets = tokenizer.encode(text, add_special_tokens=False).offsets
            if len(offsets) < TOKENS:
                continue
            # A word that is cut may have other tokens, so that the text is checked.
            text = text[: offsets[TOKENS - 3][1]]
            if len(tokenizer.encode(text).ids) == TOKENS:
                texts.append(text)
            if len(texts) == 2000:
                break
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--model", default=os.path.expanduser("~/.cache/trawl/models/all-MiniLM-L6-v2"))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()

    tokenizer = Tokenizer.from_file(f"{arguments.model}/tokenizer.json")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    texts = texts_of(arguments.corpus, tokenizer)
    name = Path(arguments.model).name
    servers = {
        "trawl f32": lambda: trawl(arguments.trawl, options=["--embedder", name]),
        "trawl int8": lambda: trawl(arguments.trawl, options=["--embedder", name, "--precision", "int8"]),
        "sentence-transformers, 1 call x 2 threads": lambda: peer(sys.executable, arguments.model, 2, 1),
        "sentence-transformers, 2 calls x 1 thread": lambda: peer(sys.executable, arguments.model, 1, 2),
    }
    results: Dict[Any, List[Dict[str, Any]]] = {}
    vectors: Dict[str, List[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        bodies = Path(folder) / "bodies.jsonl"
        bodies.write_text("".join(json.dumps({"input": text, "model": name}) + "\n" for text in texts), encoding="utf-8")
        for number in range(arguments.rounds):
            for title, start in servers.items():
                with ExitStack() as stack:
                    server = stack.enter_context(start())
                    vectors[title] = ask(server, "/v1/embeddings", {"input": texts[0], "model": name})["data"][0]["embedding"]
                    wrk(server, "/v1/embeddings", bodies, 8, min(2, arguments.seconds))
                    for clients in CLIENTS:
                        result = wrk(server, "/v1/embeddings", bodies, clients, arguments.seconds)
                        results.setdefault((title, clients), []).append(result)
                print(f"round {number + 1}: {title}", file=sys.stderr)

    reference = vectors["sentence-transformers, 1 call x 2 threads"]
    print(f"{len(texts)} texts of {TOKENS} tokens, one per request; {arguments.seconds:g} s, median of {arguments.rounds} rounds\n")
    print("| server | clients | requests/s | p50 ms | p95 ms | p99 ms | errors | 32 clients / 1 | cosine |")
    print("|---|---|---|---|---|---|---|---|---|")
    for title in servers:
        alone = middle(results[title, CLIENTS[0]])
        cosine = sum(a * b for a, b in zip(vectors[title], reference))
        for clients in CLIENTS:
            result = middle(results[title, clients])
            errors = sum(one["errors"] for one in results[title, clients])
            gain = "" if clients == CLIENTS[0] else f"{result['rate'] / alone['rate']:.2f}"
            print(
                f"| {title} | {clients} | {result['rate']:.0f} | {result['p50']:.2f} | {result['p95']:.2f} | "
                f"{result['p99']:.2f} | {errors} | {gain} | {cosine:.5f} |"
            )


if __name__ == "__main__":
    main()
