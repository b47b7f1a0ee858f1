"""Golden numbers of SciPy and statsmodels for Trawl's statistics.

    statistics.py FILE        write Tests/EvaluationTests/Golden/statistics.json

Needs scipy 1.17.1, statsmodels 0.15.0 and numpy 2.4.6.
"""
import json
import sys
from types import SimpleNamespace

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

SEED, SAMPLES = 42, 2000


def split_mix(seed):
    """Trawl's random numbers."""
    mask = (1 << 64) - 1
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield z ^ (z >> 31)


def resampled_means(values):
    """The means of the samples that Trawl draws; SciPy makes intervals of them."""
    random = split_mix(SEED)
    n = len(values)
    return np.array([np.mean([values[(next(random) * n) >> 64] for _ in range(n)]) for _ in range(SAMPLES)])


def intervals(values):
    means, mean = resampled_means(values), np.mean(values)
    # BCa counts the samples below the mean; a sum in another order is no difference.
    means[np.abs(means - mean) < 1e-12] = mean
    drawn = SimpleNamespace(bootstrap_distribution=means)
    result = {}
    for method in ["percentile", "BCa"]:
        for confidence in [0.95, 0.8]:
            interval = stats.bootstrap(
                (values,), np.mean, n_resamples=0, bootstrap_result=drawn, method=method,
                confidence_level=confidence).confidence_interval
            result[f"{method.lower()} {confidence}"] = [interval.low, interval.high]
    return result


def signed_rank(differences):
    """SciPy's p-value: exact without ties, all permutations of few with ties, the normal approximation of many. Nothing
    where Trawl is exact and SciPy is not."""
    differences = np.array(differences)
    kept = differences[differences != 0]
    ties = len(np.unique(np.abs(kept))) < len(kept)
    if len(kept) > 50:
        return stats.wilcoxon(kept, method="asymptotic", correction=False).pvalue
    if not ties:
        return stats.wilcoxon(kept, method="exact").pvalue
    if len(kept) <= 13:
        return stats.wilcoxon(kept, method=stats.PermutationMethod(n_resamples=2 ** 14)).pvalue
    return None


def randomisation(differences):
    """All swaps; SciPy doubles the smaller tail, which is the same for a symmetric distribution."""
    differences = np.array(differences)
    if np.count_nonzero(differences) > 16:
        return None
    result = stats.permutation_test(
        (differences, np.zeros_like(differences)), lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples", n_resamples=np.inf, vectorized=True)
    return result.pvalue


def case(name, differences):
    differences = [float(d) for d in differences]
    array = np.array(differences)
    test = stats.ttest_1samp(array, 0)
    d = float(np.mean(array) / np.std(array, ddof=1))
    ranks = stats.rankdata(np.abs(array[array != 0]))
    signs = np.sign(array[array != 0])
    needed = TTestPower().solve_power(effect_size=abs(d), alpha=0.05, power=0.8, alternative="two-sided")
    return {
        "name": name, "differences": differences, "t": test.statistic, "t_p": test.pvalue,
        "wilcoxon": signed_rank(differences), "randomisation": randomisation(differences), "d": d,
        "rank_biserial": float(np.sum(ranks * signs) / np.sum(ranks)), "queries": float(np.atleast_1d(needed)[0]),
        "intervals": intervals(array),
    }


def main(path):
    random = np.random.default_rng(7)
    cases = [
        case("five", [0.3, -0.1, 0.25, 0.4, 0.05]),
        case("ties and zeros", [0.5, 0, 0, -0.5, 0.5, 0.25, 0, 0.25, 1, -0.25, 0.125]),
        case("twelve with ties", [0.5, 0.5, 0.5, -0.25, 1, -1, 0.25, 0.75, 0.5, -0.5, 0.125, 1]),
        case("skewed", random.exponential(1, 16) - 0.6),
        case("thirty", random.normal(0.1, 0.4, 30)),
        case("fifty", random.normal(0.05, 0.3, 50)),
        case("many with ties", np.round(random.normal(0.02, 0.3, 120), 1)),
        case("three hundred", random.normal(0.03, 0.2, 300)),
        case("clear", random.normal(1, 0.2, 40)),
    ]
    p_values = [
        [0.01, 0.04, 0.03, 0.005], [0.5], [0.2, 0.2, 0.2], [0.9, 0.0001, 0.03, 0.03, 0.012, 0.6],
        [float(p) for p in random.uniform(0, 0.2, 12)],
    ]
    corrections = [
        {"p": p, "holm": list(multipletests(p, method="holm")[1]),
         "bonferroni": list(multipletests(p, method="bonferroni")[1]),
         "bh": list(multipletests(p, method="fdr_bh")[1])} for p in p_values
    ]
    power = [
        {"effect": effect, "queries": queries, "alpha": alpha,
         "power": float(TTestPower().power(effect, queries, alpha))}
        for effect in [0.05, 0.2, 0.5, 1.5] for queries in [2, 5, 30, 300, 3000] for alpha in [0.05, 0.01]
    ]
    # SciPy's noncentral t gives nothing far in a tail.
    power = [one for one in power if not np.isnan(one["power"])]
    needed = [
        {"effect": effect,
         "queries": float(np.atleast_1d(TTestPower().solve_power(effect_size=effect, alpha=0.05, power=0.8))[0])}
        for effect in [0.01, 0.03, 0.05, 0.1, 0.3, 0.8, 1.2, 2]
    ]
    with open(path, "w") as out:
        json.dump(
            {"seed": SEED, "samples": SAMPLES, "cases": cases, "corrections": corrections, "power": power,
             "needed": needed}, out, indent=1)
        out.write("\n")


main(sys.argv[1])
