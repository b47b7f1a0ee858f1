"""Times transformers' beam search and Trawl's on SmolLM2-135M: 15 beams, 10 new tokens, one query at a time.

    python3 -m venv PEERS && PEERS/bin/pip install -r eval/speed/peers/requirements.txt
    PEERS/bin/python eval/speed/generation/beam_search.py SCIFACT/ [--queries N] [--rounds N]
        [--trawl .build/release/BeamSearchSpeed --index INDEX]

Float32, two threads, the weights those of Trawl's GGUF file, expanded when they are loaded. The prompts are SciFact's
queries in Trawl's prompt, tokenised beforehand; the end token is switched off, so that every search takes all its
steps. Prints the median over queries of each one's median over rounds, and what greedy decoding says of France as a
check that the weights came across. transformers searches without a constraint; Trawl's n-grams occur in the index, and
its time includes that passages are ranked by them. BeamSearchSpeed (TRAWL_BENCHMARKS=1 swift build -c release --product
BeamSearchSpeed -Xswiftc -enable-testing) runs before and after transformers, for the same queries.
"""
import argparse
import statistics
import subprocess
import sys
import time

from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import models  # before transformers, which would ask a hub
import scifact
import smollm
import torch
import transformers
from transformers import AutoModelForCausalLM

THREADS = 2
BEAMS, NEW_TOKENS = 15, 10


def load():
    model = AutoModelForCausalLM.from_pretrained(
        models.folder(models.SMOLLM), gguf_file=models.SMOLLM_FILE, dtype=torch.float32).eval()
    model.generation_config.eos_token_id = None
    return model


def beam_search(model, prompt) -> float:
    """Seconds of one search."""
    start = time.perf_counter()
    found = model.generate(
        **prompt, num_beams=BEAMS, num_return_sequences=BEAMS, max_new_tokens=NEW_TOKENS, do_sample=False)
    seconds = time.perf_counter() - start
    if found.shape != (BEAMS, prompt["input_ids"].shape[1] + NEW_TOKENS):
        raise SystemExit(f"generate gave {tuple(found.shape)}")
    return seconds


def trawl_seconds(binary: str, index: str, queries: str, count: int) -> dict[tuple[str, str], list[float]]:
    """Seconds a query one at a time and all together, by precision and kind of search."""
    lines = subprocess.run([binary, index, queries, str(count)], check=True, capture_output=True, text=True).stdout
    rows = (line.split("\t") for line in lines.splitlines())
    return {(precision, kind): [float(alone), float(together)] for precision, kind, alone, together in rows}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scifact", help="folder with queries.jsonl")
    parser.add_argument("--queries", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trawl", help="BeamSearchSpeed; without it only transformers runs")
    parser.add_argument("--index", help="a generative index of SciFact")
    options = parser.parse_args()

    torch.set_num_threads(THREADS)
    tokenizer, model = smollm.tokenizer(), load()

    def encode(text):
        return tokenizer(text, return_tensors="pt", return_token_type_ids=False)

    ours = []

    def run_trawl() -> None:
        if options.trawl:
            ours.append(trawl_seconds(options.trawl, options.index, options.scifact + "/queries.jsonl", options.queries))

    run_trawl()
    greedy = model.generate(**encode("The capital of France is"), max_new_tokens=4, do_sample=False)
    prompts = [encode(smollm.prompt(query)) for query in scifact.queries(options.scifact, options.queries)]
    beam_search(model, prompts[0])
    seconds = [[] for _ in prompts]
    for number in range(options.rounds):
        for query, prompt in enumerate(prompts):
            seconds[query].append(beam_search(model, prompt))
        print(f"round {number + 1}: {[round(times[-1], 2) for times in seconds]}", file=sys.stderr)

    run_trawl()

    medians = [statistics.median(times) for times in seconds]
    lengths = [prompt["input_ids"].shape[1] for prompt in prompts]
    print(f"greedy: {tokenizer.decode(greedy[0])!r}\n")
    reference = statistics.median(medians)
    print(f"prompts of {min(lengths)} to {max(lengths)} tokens; the fastest query of transformers {min(medians):.2f} s, "
          f"the slowest {max(medians):.2f} s\n")
    print(f"| | seconds a query | ratio | {len(prompts)} together, seconds a query | ratio to one at a time |")
    print("|---|---:|---:|---:|---:|")
    print(f"| transformers {transformers.__version__}, {BEAMS} beams, {NEW_TOKENS} tokens | {reference:.2f} | 1.00 | | |")
    for precision, kind in ours[0] if ours else []:
        alone, together = (statistics.mean(run[precision, kind][place] for run in ours) for place in (0, 1))
        print(f"| trawl, {precision}, {kind} | {alone:.2f} | {reference / alone:.2f} | {together:.2f} "
              f"| {alone / together:.2f} |")


if __name__ == "__main__":
    main()
