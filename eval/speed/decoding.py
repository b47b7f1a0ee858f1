"""Times llama.cpp (the wheel xllamacpp) on SmolLM2-135M: prefill, and decoding of 1, 15 and 60 sequences at a time.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r eval/speed/requirements.txt
    /tmp/peers/bin/python eval/speed/decoding.py SCIFACT/ [--rounds N] [--tokens N] [--sequences 1,15,60]

Two threads. Everything goes through llama.cpp's server, which xllamacpp runs inside the process: no HTTP, greedy
sampling, the end token ignored, nothing cached. Prefill is 500 tokens of SciFact's text by the server's own clock. The
prompts of a batch are SciFact's queries in Trawl's prompt; they are handed over in one call, so that all sequences
prefill together and then go in step. "Decoding" is the server's clock from each one's first new token to its last,
without the first, which comes out of the prefill; "prompts included" is the whole call.
"""
import argparse
import statistics
import sys
import time

import scifact
import smollm
import xllamacpp

THREADS = 2
PREFILL = 500
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scifact", help="folder with corpus.jsonl and queries.jsonl")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64, help="new tokens of a sequence")
    parser.add_argument("--sequences", default="1,15,60")
    options = parser.parse_args()
    counts = [int(count) for count in options.sequences.split(",")]

    tokenizer = smollm.tokenizer()
    text = tokenizer(scifact.text(options.scifact, documents=10))["input_ids"][:PREFILL]
    queries = scifact.queries(options.scifact, max(counts))
    prompts = [tokenizer(smollm.prompt(query))["input_ids"] for query in queries]

    prefill = measure(1, options.rounds, lambda engine: prefill_speed(engine, text), "prefill")
    decoding = {}
    for count in counts:
        decoding[count] = measure(
            count, options.rounds, lambda engine: decoding_speeds(engine, prompts[:count], options.tokens),
            f"{count} at a time")

    print(f"llama.cpp in xllamacpp {xllamacpp.__version__}, {THREADS} threads, {options.tokens} new tokens a sequence, "
          f"medians of {options.rounds}\n\n{xllamacpp.get_system_info()}\n")
    print("| | tokens/s | prompts included |\n|---|---:|---:|")
    print(f"| prefill of {PREFILL} tokens | {statistics.median(prefill):,.0f} | |")
    for count, speeds in decoding.items():
        alone, whole = (statistics.median(speed) for speed in zip(*speeds))
        print(f"| decoding, {count} at a time | {alone:,.0f} | {whole:,.0f} |")


if __name__ == "__main__":
    main()
