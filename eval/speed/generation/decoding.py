"""Times llama.cpp (the wheel xllamacpp) and Trawl on SmolLM2-135M: prefill, and decoding of 1, 15 and 60 at a time.

    python3 -m venv PEERS && PEERS/bin/pip install -r eval/speed/peers/requirements.txt
    PEERS/bin/python eval/speed/generation/decoding.py SCIFACT/ --trawl .build/release/trawl [--rounds N] [--tokens N]

Two threads. Everything goes through llama.cpp's server, which xllamacpp runs inside the process: no HTTP, greedy
sampling, the end token ignored, nothing cached. Prefill is 500 tokens of SciFact's text by the server's own clock. The
prompts of a batch are SciFact's queries in Trawl's prompt; they are handed over in one call, so that all sequences
prefill together and then go in step. "Decoding" is the server's clock from each one's first new token to its last,
without the first, which comes out of the prefill; "prompts included" is the whole call. Trawl's numbers are those of
`trawl models bench`, which runs between llama.cpp's measurements, once before each: the same file of weights, a prefill
of 500 tokens, and rows that continue one prompt of 100 tokens, which is computed once beforehand.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time

from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import models
import scifact
import smollm
import xllamacpp

THREADS = 2
PREFILL = 500
SEQUENCES = (1, 15, 60)
# Tokens that a sequence has room for.
ROOM = 1024


def server(sequences: int) -> xllamacpp.Server:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = smollm.path()
    parameters.n_parallel = sequences
    parameters.n_ctx = sequences * ROOM
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = THREADS
    parameters.fit_params = False
    parameters.cache_ram_mib = 0
    parameters.n_ctx_checkpoints = 0
    parameters.verbosity = 0
    return xllamacpp.Server(parameters)


def complete(engine: xllamacpp.Server, prompts: list[list[int]], tokens: int) -> dict:
    """The server's times of the first prompt; all run together."""
    answer = engine.handle_completions(
        {"prompt": prompts, "n_predict": tokens, "temperature": 0, "ignore_eos": True, "cache_prompt": False})
    if "timings" not in answer:
        raise SystemExit(f"llama.cpp: {answer}")
    return answer["timings"]


def prefill_speed(engine: xllamacpp.Server, prompt: list[int]) -> float:
    times = complete(engine, [prompt], 1)
    if times["prompt_n"] != len(prompt):
        raise SystemExit(f"llama.cpp ran {times['prompt_n']} tokens of {len(prompt)}")
    return times["prompt_per_second"]


def decoding_speeds(engine: xllamacpp.Server, prompts: list[list[int]], tokens: int) -> tuple[float, float]:
    """Tokens a second over all sequences: of decoding, and with the prompts."""
    start = time.perf_counter()
    times = complete(engine, prompts, tokens)
    seconds = time.perf_counter() - start
    decoded = len(prompts) * (times["predicted_n"] - 1)
    return decoded / (times["predicted_ms"] / 1000), len(prompts) * tokens / seconds


def measure(sequences: int, rounds: int, work, name: str) -> list:
    """What `work` gives in each round, behind one that does not count.

    Only one server lives at a time: beside an idle second one, one sequence decodes half as fast.
    """
    engine = server(sequences)
    work(engine)
    results = []
    for number in range(rounds):
        results.append(work(engine))
        print(f"round {number + 1}: {name}: {results[-1]}", file=sys.stderr)
    return results


def trawl_speeds(binary: str) -> dict[str, list[float]]:
    """Tokens a second of prefill and of 1, 15 and 60 rows, by precision."""
    command = [binary, "models", "bench", models.SMOLLM, "--json", "--runs", "3"]
    tasks = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["tasks"]
    return {speed["precision"]: [task["speeds"][place]["tokensPerSecond"] for task in tasks]
            for place, speed in enumerate(tasks[0]["speeds"])}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scifact", help="folder with corpus.jsonl and queries.jsonl")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64, help="new tokens of a sequence")
    parser.add_argument("--trawl", help="the binary; without it only llama.cpp runs")
    options = parser.parse_args()

    tokenizer = smollm.tokenizer()
    text = tokenizer(scifact.text(options.scifact, documents=10))["input_ids"][:PREFILL]
    queries = scifact.queries(options.scifact, max(SEQUENCES))
    prompts = [tokenizer(smollm.prompt(query))["input_ids"] for query in queries]

    ours = []

    def run_trawl() -> None:
        if options.trawl:
            ours.append(trawl_speeds(options.trawl))

    run_trawl()
    prefill = measure(1, options.rounds, lambda engine: prefill_speed(engine, text), "prefill")
    rows = [(f"prefill of {PREFILL} tokens", statistics.median(prefill), None)]
    for count in SEQUENCES:
        run_trawl()
        speeds = measure(
            count, options.rounds, lambda engine: decoding_speeds(engine, prompts[:count], options.tokens),
            f"{count} at a time")
        rows.append((f"decoding, {count} at a time", *(statistics.median(speed) for speed in zip(*speeds))))
    run_trawl()

    print(f"llama.cpp in xllamacpp {xllamacpp.__version__}, {THREADS} threads, {options.tokens} new tokens a sequence, "
          f"medians of {options.rounds}; tokens a second\n\n{xllamacpp.get_system_info()}\n")
    print("| | llama.cpp | prompts included | trawl, f32 | ratio | trawl, int8 | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for place, (name, alone, whole) in enumerate(rows):
        cells = [f"{alone:,.0f}", f"{whole:,.0f}" if whole else ""]
        for precision in ("f32", "int8"):
            if ours:
                speed = statistics.median(speeds[precision][place] for speeds in ours)
                cells += [f"{speed:,.0f}", f"{speed / alone:.2f}"]
            else:
                cells += ["", ""]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
