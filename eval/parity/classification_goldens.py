#!/usr/bin/env python3
"""Writes Tests/ClassificationTests/Golden/heads.json: what scikit-learn makes of some vectors.

    pip install scikit-learn==1.9.1
    python eval/parity/classification_goldens.py

Vectors have length 1 after rounding to float32, as the heads of `trawl classify` take them.
"""

import json
import pathlib

import numpy
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, Ridge

OUTPUT = pathlib.Path(__file__).parents[2] / "Tests/ClassificationTests/Golden/heads.json"


def unit(vectors):
    rounded = vectors.astype(numpy.float32).astype(float)
    return rounded / numpy.linalg.norm(rounded, axis=1, keepdims=True)


def main():
    random = numpy.random.default_rng(7)
    centres = random.normal(size=(3, 5))
    labels = random.permutation(numpy.repeat([0, 1, 2], [12, 9, 6]))
    raw = (centres[labels] + 0.8 * random.normal(size=(27, 5))).astype(numpy.float32)
    raw_test = random.normal(size=(6, 5)).astype(numpy.float32)
    train, test = unit(raw), unit(raw_test)
    indicators = numpy.eye(3)[labels]
    logistic = LogisticRegression(C=10, tol=1e-10, max_iter=10_000).fit(train, labels)
    binary = LogisticRegression(C=10, tol=1e-10, max_iter=10_000).fit(train, labels == 2)
    ridge = Ridge(alpha=0.3).fit(train, indicators)
    kernel = KernelRidge(kernel="rbf", gamma=1, alpha=0.1).fit(train, indicators - 1 / 3)
    golden = {
        "train": raw.tolist(),
        "labels": labels.tolist(),
        "test": raw_test.tolist(),
        "logistic": logistic.predict_proba(test).tolist(),
        "binary": binary.predict_proba(test).tolist(),
        "ridge": ridge.predict(test).tolist(),
        "kernel": (kernel.predict(test) + 1 / 3).tolist(),
    }
    OUTPUT.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
