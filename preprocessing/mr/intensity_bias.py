"""Tissue classes of scans whose brightness drifts over the head."""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.tissue_mixture import (
    MAX_SAMPLES,
    Mixture,
    fit_mixture,
    seed_mixture,
)

DEGREE = 3
ROUNDS = 6
_MOST = 0.5  # a larger logarithm is no drift but another tissue


def classify(values, places, contrasts, degree=DEGREE, rounds=ROUNDS, weights=(1,1,0)):
    basis = polynomials(places, degree)
    scaled = values / np.median(values, axis=0)
    mixture = seed_mixture(scaled, contrasts)
    corrected = scaled
    step = -(-len(values)//MAX_SAMPLES)
    for r in range(rounds):
        mixture = fit_mixture(corrected, mixture)
        if r == rounds-1: break
        p = mixture.posterior(corrected[::step])
        w = np.einsum("k,kn->n", np.array(weights, float), p)
        expected = np.einsum("kn,kc->nc", p, mixture.means)
        ratio = np.log(np.maximum(scaled[::step],1e-3)/expected)
        corrected = np.empty_like(scaled)
        for c in range(scaled.shape[1]):
            rr=np.clip(ratio[:,c],-_MOST,_MOST)
            b=basis[::step]
            A=np.einsum("n,ni,nj->ij",w,b,b); y=np.einsum("n,ni,n->i",w,b,rr)
            coef=np.linalg.solve(A+1e-6*len(b)*np.eye(len(A)),y)
            f=basis@coef
            corrected[:,c]=scaled[:,c]/np.exp(f-np.average(f))
    return mixture, corrected

def polynomials(places, degree):
    c = places.mean(axis=0); s=np.abs(places-c).max()
    x=((places-c)/s)
    cols=[np.ones(len(x))]
    for d in range(1,degree+1):
        for comb in combinations_with_replacement(range(3),d):
            cols.append(np.prod(x[:,list(comb)],axis=1))
    return np.stack(cols,axis=1)
