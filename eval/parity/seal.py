"""Plain re-implementation of SEAL's scoring formulas (arXiv 2204.10628, section 3.3), for golden data.

Usage: python eval/parity/seal.py > Tests/GenerationTests/Golden/seal-scores.json

Needs Python 3 alone. Everything is computed from the definitions, in double precision, by scanning. Each case holds a
small random corpus, keys with made-up log-probabilities, unigram log-probabilities and parameters, and what comes out:
the weight of every key and the score of every passage that the full pass sees.
"""

import json
import math
import random
import struct

BOUNDARY = 0


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def occurrences(text, ngram):
    return [i for i in range(len(text) - len(ngram) + 1) if text[i : i + len(ngram)] == ngram]


def frequency_weight(p, count, tokens, alpha):
    p = p - 1e-10
    u = math.log((count + 5) / (tokens + 5))
    if u >= 0:
        return 0.0
    left = p + math.log1p(-math.exp(u))
    right = u + (math.log(-math.expm1(p)) if p > -0.69 else math.log1p(-math.exp(p)))
    return max(0.0, left - right) ** alpha


def likelihood_weight(p, least, alpha):
    return max(0.0, p - (least - 0.1)) ** alpha


def score_case(case):
    passages, parameters = case["passages"], case["parameters"]
    texts = [[BOUNDARY] + p for p in passages]
    whole = [t for text in texts for t in text] + [BOUNDARY]
    total = len(whole)
    mode = parameters["scoring"]
    frequency = mode in ("lm+fm", "intersective")
    intersective = mode.startswith("intersective")

    keys = [dict(k) for k in case["keys"] if mode != "lm" or k["isComplete"]]
    least = min((k["logProbability"] for k in keys), default=0)
    for key in keys:
        key["count"] = len(occurrences(whole, key["tokens"]))
        if frequency:
            key["weight"] = frequency_weight(key["logProbability"], key["count"], total, parameters["alpha"])
        else:
            key["weight"] = likelihood_weight(key["logProbability"], least, parameters["alpha"])
    weights_of_given_keys = [k["weight"] for k in keys]

    unigrams = []
    if intersective:
        best = sorted(case["unigrams"], key=lambda e: (-e[1], e[0]))[: parameters["unigrams"]]
        best = [(t, p, whole.count(t)) for t, p in best if t != BOUNDARY and t in whole]
        least = min((p for _, p, _ in best), default=0)
        for token, p, count in best:
            alpha = parameters["unigramAlpha"]
            w = frequency_weight(p, count, total, alpha) if frequency else likelihood_weight(p, least, alpha)
            if w > 0:
                unigrams.append((token, w, count))
        unigrams.sort(key=lambda e: (-e[1], e[0]))
        given = [k["tokens"] for k in keys]
        for token, w, count in unigrams[: len(given)]:
            if [token] not in given:
                keys.append({"tokens": [token], "weight": w, "count": count})
    keys = sorted((k for k in keys if k["weight"] > 0), key=lambda k: (-k["weight"], k["tokens"]))

    # First pass.
    tallies = {}
    for key in keys:
        if key["count"] > parameters["maximumOccurrences"]:
            continue
        for number, text in enumerate(texts):
            places = occurrences(text, key["tokens"])
            if not places:
                continue
            tally = tallies.setdefault(number, {"score": 0.0, "taken": set()})
            for place in places:
                span = set(range(place, place + len(key["tokens"])))
                if not span & tally["taken"]:
                    tally["taken"] |= span
                    tally["score"] = (
                        tally["score"] + key["weight"] if intersective else max(tally["score"], key["weight"])
                    )
                    break
    first = sorted(tallies, key=lambda n: (-float32(tallies[n]["score"]), n))[: parameters["maximumPassages"]]

    # Full pass.
    scores = []
    for number in first:
        text = texts[number]
        matches = [(-k["weight"], k["tokens"], i) for k in keys for i in occurrences(text, k["tokens"])]
        matches.sort()
        taken, seen, counted = set(), set(), []
        total_score, best_key = 0.0, 0.0

        def cover(tokens):
            return 1 - parameters["beta"] + parameters["beta"] * len(set(tokens) - seen) / len(set(tokens))

        for negative, tokens, place in matches:
            span = set(range(place, place + len(tokens)))
            if tokens in counted or span & taken:
                continue
            counted.append(tokens)
            taken |= span
            total_score += -negative * cover(tokens)
            best_key = max(best_key, -negative)
            seen |= set(tokens)
        free = {text[i] for i in range(len(text)) if i not in taken}
        for token, w, _ in unigrams:
            if token in free:
                total_score += w * cover([token])
        gamma = parameters["gamma"]
        score = (1 - gamma) * total_score + gamma * best_key if intersective else best_key
        scores.append([number, score])
    return weights_of_given_keys, sorted(scores)


def make_case(seed):
    rng = random.Random(seed)
    words = rng.choice([6, 15, 40])

    def word():
        return 10 + int(words * rng.random() * rng.random())

    passages = []
    for _ in range(rng.choice([1, 5, 15])):
        title = [word() for _ in range(rng.randint(1, 3))] + [1] if rng.random() < 0.5 else []
        passages.append(title + [word() for _ in range(rng.randint(1, 25))])
    texts = [[BOUNDARY] + p for p in passages]
    keys = []
    for _ in range(rng.choice([3, 20])):
        text = rng.choice(texts)
        start = 0 if rng.random() < 0.2 and 1 in text else rng.randrange(1, len(text))
        end = text.index(1) + 1 if start == 0 else min(len(text), start + rng.randint(1, 4))
        tokens = text[start:end]
        if tokens not in [k["tokens"] for k in keys]:
            p = math.log(rng.random()) * rng.choice([0.001, 1, 8])
            keys.append({"tokens": tokens, "logProbability": p, "isComplete": rng.random() < 0.5})
    logits = {t: rng.gauss(0, 2) for t in list(range(0, 60))}
    normaliser = math.log(sum(math.exp(x) for x in logits.values()))
    return {
        "passages": passages,
        "keys": keys,
        "unigrams": [[t, x - normaliser] for t, x in logits.items()],
        "parameters": {
            "scoring": ["lm", "lm+fm", "intersective", "intersective-lm", "intersective"][seed % 5],
            "alpha": rng.choice([2.0, 1.0, 2.5]),
            "unigramAlpha": rng.choice([2.0, 1.0]),
            "beta": rng.choice([0.8, 0.0, 1.0]),
            "gamma": rng.choice([0.0, 0.0, 0.3]),
            "unigrams": rng.choice([5000, 20]),
            "maximumOccurrences": rng.choice([1500, 2]),
            "maximumPassages": rng.choice([1500, 3]),
        },
    }


def main():
    cases = []
    for seed in range(40):
        case = make_case(seed)
        case["weights"], case["scores"] = score_case(case)
        cases.append(case)
    print("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]")


if __name__ == "__main__":
    main()
