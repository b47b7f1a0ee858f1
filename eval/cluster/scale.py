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
    """Of AMD EPYC cores with AVX2; bytes on disk, which are read in place and should fit into memory."""

    document_bytes: float = 3.2  # a token
    lexical_bytes: float = 0.6  # a token
    substring_bytes: float = 5.8  # a token
    vector_bytes: float = 440  # int8 and sign codes, 384 dimensions
    build_seconds: float = 48e-6  # a passage of 38 tokens, without vectors
    read_seconds: float = 1.2e-6  # a passage of another shard that is passed over
    embed_seconds: float = 0.24e-3  # a token of a passage, int8, one core
    scan_seconds: float = 4e-9  # a vector, sign codes
    postings_seconds: float = 6e-9  # a passage of the shard, a query by words
    question_seconds: float = 0.54e-3  # of a shard's processor, for one question
    answer_seconds: float = 0.18e-3  # of the coordinator's processor, for one answer
    continuation_bytes: float = 2.6  # a token that follows an n-gram


ROUNDS: Dict[str, float] = {"lexical": 2, "dense": 2, "generative": 8.6}
MODEL_MS: Dict[str, float] = {"lexical": 0.3, "dense": 3.0, "generative": 85}
MEASURED: Dict[str, List[Tuple[int, float]]] = {}


def on_one_machine(mode: str, shards: int, cores: int, base: float, costs: Costs) -> float:
    """Milliseconds: all processes share the cores, and each round waits for all of them."""
    round_cost = shards * (costs.question_seconds + costs.answer_seconds) / min(cores, shards + 1)
    return base + 1000 * ROUNDS[mode] * round_cost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=float, default=1e9)
    parser.add_argument("--tokens", type=float, default=100)
    parser.add_argument("--shards", default="8,32,128")
    parser.add_argument("--delay", type=float, default=0.5, help="milliseconds of a round trip between machines")
    arguments = parser.parse_args()
    costs = Costs()
    print("| mode | shards | measured, ms | model, ms |\n|---|---:|---:|---:|")
    for mode, points in MEASURED.items():
        base = points[0][1] - (on_one_machine(mode, 1, 2, 0, costs))
        for shards, milliseconds in points:
            print(f"| {mode} | {shards} | {milliseconds:.2f} | {on_one_machine(mode, shards, 2, base, costs):.2f} |")
    tokens = arguments.passages * arguments.tokens
    parts = {
        "documents": tokens * costs.document_bytes, "lexical": tokens * costs.lexical_bytes,
        "n-grams": tokens * costs.substring_bytes, "vectors": arguments.passages * costs.vector_bytes}
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
    row("building a shard, core hours: words and n-grams",
        [f"{n * costs.build_seconds * arguments.tokens / 38 / 3600:,.1f}" for n in own])
    row("the same: passing over other shards' documents",
        [f"{(arguments.passages - n) * costs.read_seconds * arguments.tokens / 38 / 3600:,.1f}" for n in own])
    row("the same: embedding", [f"{n * arguments.tokens * costs.embed_seconds / 3600:,.0f}" for n in own])
    for mode in ("lexical", "dense", "generative"):
        times = []
        for count, n in zip(counts, own):
            work = {"lexical": n * costs.postings_seconds, "dense": n * costs.scan_seconds, "generative": 0.0}[mode]
            waiting = ROUNDS[mode] * (
                arguments.delay / 1000 + costs.question_seconds + count * costs.answer_seconds)
            times.append(f"{MODEL_MS[mode] + 1000 * (work + waiting):,.0f} ms")
        row(f"a {mode} search", times)
    row("searches by words a second of one coordinator core",
        [f"{1 / (ROUNDS['lexical'] * count * costs.answer_seconds + 0.3e-3):,.0f}" for count in counts])


if __name__ == "__main__":
    main()
