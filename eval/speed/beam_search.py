"""Times transformers' beam search on SmolLM2-135M: 15 beams, 10 new tokens, no constraint, one query at a time.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r eval/speed/requirements.txt
    /tmp/peers/bin/python eval/speed/beam_search.py SCIFACT/ [--queries N] [--rounds N]

Float32, two threads, the weights those of Trawl's GGUF file, expanded when they are loaded. The prompts are SciFact's
queries in Trawl's prompt, tokenised beforehand; the end token is switched off, so that every search takes all its
steps. Prints the median over queries of each one's median over rounds, and what greedy decoding says of France as a
check that the weights came across.
"""
import argparse
import statistics
import sys
import time

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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scifact", help="folder with queries.jsonl")
    parser.add_argument("--queries", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    torch.set_num_threads(THREADS)
    tokenizer, model = smollm.tokenizer(), load()

    def encode(text):
        return tokenizer(text, return_tensors="pt", return_token_type_ids=False)

    greedy = model.generate(**encode("The capital of France is"), max_new_tokens=4, do_sample=False)
    prompts = [encode(smollm.prompt(query)) for query in scifact.queries(options.scifact, options.queries)]
    beam_search(model, prompts[0])
    seconds = [[] for _ in prompts]
    for number in range(options.rounds):
        for query, prompt in enumerate(prompts):
            seconds[query].append(beam_search(model, prompt))
        print(f"round {number + 1}: {[round(times[-1], 2) for times in seconds]}", file=sys.stderr)

    medians = [statistics.median(times) for times in seconds]
    lengths = [prompt["input_ids"].shape[1] for prompt in prompts]
    print(f"greedy: {tokenizer.decode(greedy[0])!r}\n")
    print("| | prompts (tokens) | seconds a query | fastest | slowest |\n|---|---|---:|---:|---:|")
    print(f"| transformers {transformers.__version__}, {BEAMS} beams, {NEW_TOKENS} tokens "
          f"| {min(lengths)} to {max(lengths)} | {statistics.median(medians):.2f} | {min(medians):.2f} "
          f"| {max(medians):.2f} |")


if __name__ == "__main__":
    main()
