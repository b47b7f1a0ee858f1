"""Times beam search with a trained encoder-decoder in transformers and in Trawl: 15 beams, 10 tokens.

    PEERS/bin/python eval/speed/generation/generator.py SCIFACT/ --trawl .build/release/BeamSearchSpeed --index INDEX
        --generator NAME --complete FOLDER [--queries N] [--rounds N]

NAME is a generator of Trawl's, FOLDER one in transformers' layout (`trawl train generator --complete`). Float32, two
threads, a cache of keys and values, one query at a time. transformers searches without a constraint, ends no beam early and ranks no
passages; Trawl's n-grams occur in the index, and its time includes that passages are ranked by them. BeamSearchSpeed runs
before and after transformers. Prints medians, and how the checkpoint loads.
"""
import argparse
import statistics
import subprocess
import time

import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
import models  # noqa: F401  before transformers, which would ask a hub
import scifact
import torch
from transformers import AutoTokenizer, EncoderDecoderModel

THREADS, BEAMS, NEW_TOKENS = 2, 15, 10


def trawl(options):
    lines = subprocess.run(
        [options.trawl, options.index, options.scifact + "/queries.jsonl", str(options.queries), options.generator],
        check=True, capture_output=True, text=True).stdout
    return {tuple(row[:2]): [float(value) for value in row[2:]] for row in (line.split("\t") for line in lines.splitlines())}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scifact", help="folder with queries.jsonl")
    parser.add_argument("--trawl", required=True)
    parser.add_argument("--index", required=True)
    parser.add_argument("--generator", required=True)
    parser.add_argument("--complete", required=True)
    parser.add_argument("--queries", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    tokenizer = AutoTokenizer.from_pretrained(options.complete)
    model, info = EncoderDecoderModel.from_pretrained(options.complete, output_loading_info=True, dtype=torch.float32)
    print("not in the checkpoint:", sorted(info["missing_keys"]), "not in the model:", sorted(info["unexpected_keys"]))
    model.eval()
    model.generation_config.eos_token_id = None
    prompts = [tokenizer(query, return_tensors="pt", return_token_type_ids=False)
               for query in scifact.queries(options.scifact, options.queries)]

    def search(prompt):
        start = time.perf_counter()
        model.generate(**prompt, num_beams=BEAMS, num_return_sequences=BEAMS, max_new_tokens=NEW_TOKENS,
                       do_sample=False, decoder_start_token_id=101, pad_token_id=0, use_cache=True)
        return time.perf_counter() - start

    ours = [trawl(options)]
    search(prompts[0])
    theirs = statistics.median(
        statistics.median(search(prompt) for prompt in prompts) for _ in range(options.rounds))
    ours.append(trawl(options))
    print(f"transformers: {theirs:.3f} s a query")
    for kind in ours[0]:
        alone, together = (statistics.mean(run[kind][part] for run in ours) for part in (0, 1))
        print(f"trawl {' '.join(kind)}: {alone:.3f} s alone (ratio {theirs / alone:.1f}), {together:.3f} s in a batch "
              f"({1 / together:.1f} queries/s)")


if __name__ == "__main__":
    main()
