"""What a cluster of a billion passages takes, by the costs that were measured on one machine.

    python3 eval/cluster/scale.py [--passages 1e9] [--tokens 100] [--shards 8,32,128] [--delay 0.5]

The constants below come from eval/results/shards.md, vectors.md and substring.md, where the commands are. The first table compares the
model of latency with what was measured at 1, 2, 4 and 8 shards on two cores; the second extrapolates to shards that have a machine each.
"""
import argparse
from dataclasses import dataclass
from typing import Dict, List, Tuple


@dataclass(frozen=True)
class Costs:
    """Of AMD EPYC cores with AVX2, one core each; bytes on disk, which are read in place and should fit into memory."""

    document_bytes: float = 5.9  # a token
    lexical_bytes: float = 0.9  # a token
    ngram_bytes: float = 5.7  # a token
    vector_bytes: float = 440  # int8 and sign codes, 384 dimensions
    build_seconds: float = 1.3e-6  # a token: text, words and n-grams
    skip_seconds: float = 0.04e-6  # a token of another shard's document, which is passed over
    embed_seconds: float = 0.34e-3  # a token, int8
    words_seconds: float = 6e-9  # a passage of the shard, in a search by words
    scan_seconds: float = 7e-9  # a vector of the shard, by sign codes
    question_seconds: float = 0.6e-3  # of a shard, for one question
    answer_seconds: float = 0.15e-3  # of the coordinator, for one answer
    search_seconds: float = 0.7e-3  # of the coordinator, for a search over shards
    ngram_answer_bytes: float = 13.5e3  # of one shard, for one generative search


# Questions to each shard, and milliseconds without any shard, for one search.
ROUNDS: Dict[str, float] = {"lexical": 2, "dense": 2, "generative": 8.6}
MODEL_MS: Dict[str, float] = {"lexical": 0.5, "dense": 4, "generative": 85}
# Milliseconds that shards add to a search of 2,067 passages, all processes on two cores: eval/results/shards.md.
MEASURED: Dict[str, List[Tuple[int, float]]] = {
    "lexical": [(1, 1.76), (2, 2.69), (4, 2.88), (8, 6.86)],
    "dense": [(1, 2.26), (2, 2.98), (4, 2.94), (8, 5.42)],
    "generative": [(1, 6.13), (2, 6.75), (4, 5.66), (8, 11.73)],
}


def added(mode: str, shards: int, cores: int, costs: Costs) -> float:
    """Milliseconds that shards on the coordinator's own machine add: all processes share its cores."""
    rounds = ROUNDS[mode] * shards * (costs.question_seconds + costs.answer_seconds) / cores
    return 1000 * (costs.search_seconds + rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=float, default=1e9)
    parser.add_argument("--tokens", type=float, default=100)
    parser.add_argument("--shards", default="8,32,128")
    parser.add_argument("--delay", type=float, default=0.5, help="milliseconds of a round trip between machines")
    arguments = parser.parse_args()
    costs = Costs()
    print("| mode | shards | added, ms: measured | model |\n|---|---:|---:|---:|")
    for mode, points in MEASURED.items():
        for shards, milliseconds in points:
            print(f"| {mode} | {shards} | {milliseconds:.2f} | {added(mode, shards, 2, costs):.2f} |")
    tokens = arguments.passages * arguments.tokens
    parts = {
        "documents": tokens * costs.document_bytes, "lexical": tokens * costs.lexical_bytes,
        "n-grams": tokens * costs.ngram_bytes, "vectors": arguments.passages * costs.vector_bytes}
    print(f"\n{arguments.passages:.3g} passages of {arguments.tokens:g} tokens: "
          + ", ".join(f"{name} {size / 1e9:,.0f} GB" for name, size in parts.items())
          + f"; together {sum(parts.values()) / 1e12:.2f} TB")
    print("\n| | " + " | ".join(f"{count} shards" for count in arguments.shards.split(",")) + " |")
    counts = [int(count) for count in arguments.shards.split(",")]
    print("|---|" + "---:|" * len(counts))

    def row(label: str, values: List[str]) -> None:
        print(f"| {label} | " + " | ".join(values) + " |")

    row("passages of a shard", [f"{arguments.passages / count / 1e6:,.1f} million" for count in counts])
    row("bytes of a shard", [f"{sum(parts.values()) / count / 1e9:,.0f} GB" for count in counts])
    own = [arguments.passages / count for count in counts]
    hours = arguments.tokens / 3600
    row("core hours of all shards: text, words, n-grams",
        [f"{arguments.passages * costs.build_seconds * hours:,.0f}"] * len(counts))
    row("core hours: passing over other shards' documents",
        [f"{count * (arguments.passages - n) * costs.skip_seconds * hours:,.0f}" for count, n in zip(counts, own)])
    row("core hours: embedding", [f"{arguments.passages * costs.embed_seconds * hours:,.0f}"] * len(counts))
    for mode in ("lexical", "dense", "generative"):
        times = []
        for count, n in zip(counts, own):
            work = {"lexical": n * costs.words_seconds, "dense": n * costs.scan_seconds, "generative": 0.0}[mode]
            waiting = ROUNDS[mode] * (
                arguments.delay / 1000 + costs.question_seconds + count * costs.answer_seconds)
            times.append(f"{MODEL_MS[mode] + 1000 * (costs.search_seconds + work + waiting):,.0f} ms")
        row(f"a {mode} search", times)
    row("generative: bytes from all shards", [f"{count * costs.ngram_answer_bytes / 1e6:,.1f} MB" for count in counts])
    row("searches by words a second and coordinator core",
        [f"{1 / (ROUNDS['lexical'] * count * costs.answer_seconds + costs.search_seconds):,.0f}" for count in counts])


if __name__ == "__main__":
    main()
