"""Golden data for the tests of Training: the batches of a generator, as the twin in eval/train_twin draws them.

    python eval/parity/generator_batches_goldens.py

Needs numpy. Trawl and its twin drew these batches by code of their own; where one is changed, the other must follow.
"""

import sys
from dataclasses import asdict

from models_goldens import ROOT, golden, write

sys.path.insert(0, f"{ROOT}/eval/train_twin")

from examples import Corpus, Examples, Query, Settings, SplitMix64  # noqa: E402

# Tokens below 200 begin words; 240 ends a title, 241 a sentence; 250 and 251 stand around a source.
VOCABULARY, WORDS, TITLE_END, SENTENCE_END, START, END = 260, 200, 240, 241, 250, 251
SEEDS, STEPS = (1, 7), 6


def passage(random, number):
    def text(length):
        # Low tokens are common.
        return [int(random.share() ** 3 * 230) for _ in range(length)]

    tokens = text(1 + number % 4) + [TITLE_END] if number % 3 else []
    for length in (4 + number % 9, 12, 7):
        tokens += text(length) + [SENTENCE_END]
    return tokens + text(number % 15)


def main():
    random = SplitMix64(3)
    passages = [passage(random, number) for number in range(48)]
    queries = []
    for number in range(30):
        tokens = [passages[number][random.next() % len(passages[number])] for _ in range(3 + number % 5)]
        # The last query is longer than a source may be, so that its words are cut.
        tokens *= 40 if number == 29 else 1
        queries.append((tokens, [number] + ([47 - number] if number % 4 == 0 else [])))
    corpus = Corpus(passages, [TITLE_END], {SENTENCE_END}, [token < WORDS for token in range(VOCABULARY)])
    settings = Settings()
    examples = Examples(
        corpus, [Query(tokens, found, [START] + tokens + [END]) for tokens, found in queries], [START], [END], settings)
    batches = [
        {"seed": seed, "step": step, "items": examples.batch(step, seed)} for seed in SEEDS for step in range(STEPS)
    ]
    write(golden("Training", "generator-batches.json"), {
        "vocabulary": VOCABULARY, "words": WORDS, "titleEnd": TITLE_END, "sentenceEnd": SENTENCE_END, "start": START,
        "end": END, "settings": asdict(settings), "passages": passages,
        "queries": [{"tokens": tokens, "passages": found} for tokens, found in queries], "batches": batches,
    })


main()
