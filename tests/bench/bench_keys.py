"""Keys: ``python tests/bench/bench_keys.py [--keys 256] [--runs 5] [--node-modules PATH]``.

Every row is one job that several contenders do, side by side in each round, each in this process or in one of its own.
Compared is the CPU time for each item, imports and start-up left out, tables that are made once left in. What they make
is checked to be the same. noble-curves, which the Aztec node uses, takes part when it is found (``--node-modules``:
where ``@noble/curves`` and ``@noble/hashes`` are installed): at its best, with tables for the generators and not in
constant time, as ours; and for comparison as the node calls it.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from aztec_butler.core import bls
from aztec_butler.core.bls import multiples

TARGETS = {
    "registration_x_py_ecc": 20.0,
    "registration_x_noble": 1.5,
    "single_registration_x_py_ecc": 15.0,
    "verification_ms": 100.0,
}
AT_MOST = {"verification_ms"}
# Of the slow contenders' work a part is measured.
PY_ECC_KEYS = 8
PY_ECC_VERIFICATIONS = 1
NOBLE_WARM_UP = 24


@attrs.frozen
class Done:
    """A contender's work: how long it took, and what came out."""

    cpu_seconds: float
    items: list[Any]


@attrs.frozen
class Row:
    """One job and who does it.

    Args:
        contenders: by name; ``ours`` is compared with each of the others.
        same: whether two contenders' items are to be equal; the shorter list decides how many.
    """

    name: str
    contenders: dict[str, Callable[[], Done]]
    same: bool = True


def timed(work: Callable[[], list[Any]]) -> Done:
    began = time.process_time()
    items = work()
    return Done(time.process_time() - began, items)


# --------------------------------------------------------------------------- registrations


def registration_row(options: argparse.Namespace) -> Row:
    """From secrets of full length to registrations, many at once."""
    secrets = random_secrets(options.keys)

    def ours() -> list[Any]:
        multiples._generators.cache_clear()
        return [flat(made) for made in bls.registrations(secrets)]

    contenders = {
        "ours": lambda: timed(ours),
        "py_ecc": lambda: timed(lambda: [py_ecc_registration(secret) for secret in secrets[:PY_ECC_KEYS]]),
    }
    if options.node_modules:
        contenders["noble"] = lambda: noble("registrations", secrets, options)
        contenders["node"] = lambda: noble("registrations", secrets, options, at_its_best=False)
    return Row("registration", contenders)


def single_registration_row(options: argparse.Namespace) -> Row:
    """The same, one after the other."""
    secrets = random_secrets(options.keys)

    def ours() -> list[Any]:
        multiples._generators.cache_clear()
        return [flat(bls.registration(secret)) for secret in secrets]

    row = registration_row(options)
    return Row("single_registration", row.contenders | {"ours": lambda: timed(ours)})


def random_secrets(count: int) -> list[int]:
    dice = random.Random(7)
    return [dice.randrange(1, bls.GROUP_ORDER) for _ in range(count)]


def flat(made: bls.Registration) -> tuple[int, ...]:
    return (*made.public_key_g1, *made.public_key_g2, *made.proof_of_possession)


def py_ecc_registration(secret: int) -> tuple[int, ...]:
    from py_ecc import optimized_bn128 as curve

    x, y = (int(part) for part in curve.normalize(curve.multiply(curve.G1, secret)))
    twisted = curve.normalize(curve.multiply(curve.G2, secret))
    digest_x, digest_y = bls.registration_digest((x, y)).point
    digest = (curve.FQ(digest_x), curve.FQ(digest_y), curve.FQ(1))
    proof = curve.normalize(curve.multiply(digest, secret))
    return (x, y, *(int(part) for pair in twisted for part in pair.coeffs), *(int(part) for part in proof))


# --------------------------------------------------------------------------- verification


def verification_row(options: argparse.Namespace) -> Row:
    """Whether registrations are good: every check of the contract."""
    made = bls.registrations(random_secrets(max(8, options.keys // 8)))
    contenders = {
        "ours": lambda: timed(lambda: [bls.find_fault(each) is None for each in made]),
        "py_ecc": lambda: timed(lambda: [py_ecc_verification(each) for each in made[:PY_ECC_VERIFICATIONS]]),
    }
    if options.node_modules:
        tuples = [flat(each) for each in made]
        contenders["noble"] = lambda: noble("verifications", tuples, options)
    return Row("verification", contenders)


def py_ecc_verification(made: bls.Registration) -> bool:
    """The two claims in three pairings: the key in G1 is paired with the generator for one, the proof for the other."""
    from py_ecc import optimized_bn128 as curve

    def in_g1(point: tuple[int, int]) -> Any:
        return curve.FQ(point[0]), curve.FQ(point[1]), curve.FQ(1)

    x0, x1, y0, y1 = made.public_key_g2
    twisted = (curve.FQ2([x0, x1]), curve.FQ2([y0, y1]), curve.FQ2.one())
    digest = in_g1(bls.registration_digest(made.public_key_g1).point)
    challenge = 0x123456789ABCDEF
    left = curve.add(in_g1(made.proof_of_possession), curve.multiply(in_g1(made.public_key_g1), challenge))
    right = curve.add(digest, curve.multiply(curve.G1, challenge))
    return bool(curve.pairing(curve.G2, left) == curve.pairing(twisted, right))


# --------------------------------------------------------------------------- noble-curves

NOBLE = """
import { bn254 } from "@noble/curves/bn254";
import { keccak_256 } from "@noble/hashes/sha3";
const [job, atItsBest, warmUp, items] = JSON.parse(process.argv[1]);
const G1 = bn254.G1.ProjectivePoint, G2 = bn254.G2.ProjectivePoint;
const Fp = bn254.fields.Fp, Fp2 = bn254.fields.Fp2, N = bn254.fields.Fr.ORDER;
if (atItsBest) [G1, G2].forEach((group) => group.BASE._setWindowSize(8));
const word = (n) => Buffer.from(n.toString(16).padStart(64, "0"), "hex");
const number = (bytes) => BigInt("0x" + Buffer.from(bytes).toString("hex"));
const head = Buffer.concat([Buffer.from("AZTEC_BLS_POP_BN254_V1".padEnd(32, "\\0")), word(96n)]);
function digest(x, y) {
  const message = Buffer.concat([word(64n), word(x), word(y)]);
  const hash = (attempt) => number(keccak_256(Buffer.concat([head, word(attempt), message])));
  for (let attempt = 0n; ; attempt++) {
    const px = hash(attempt);
    if (px >= Fp.ORDER) continue;
    const square = Fp.add(Fp.mul(Fp.mul(px, px), px), 3n);
    const root = Fp.pow(square, (Fp.ORDER + 1n) / 4n);
    if (!Fp.eql(Fp.sqr(root), square)) continue;
    const other = Fp.ORDER - root;
    const [low, high] = root < other ? [root, other] : [other, root];
    return G1.fromAffine({ x: px, y: hash(2n ** 256n - 1n) & 1n ? high : low });
  }
}
function registration(text) {
  const secret = BigInt(text);
  const key = G1.BASE.multiply(secret).toAffine();
  const twisted = G2.BASE.multiply(secret).toAffine();
  const point = digest(key.x, key.y);
  const proof = (atItsBest ? point.multiplyUnsafe(secret) : point.multiply(secret)).toAffine();
  return [key.x, key.y, twisted.x.c0, twisted.x.c1, twisted.y.c0, twisted.y.c1, proof.x, proof.y].map(String);
}
function verification(texts) {
  const [x, y, x0, x1, y0, y1, px, py] = texts.map(BigInt);
  const key = G1.fromAffine({ x, y }), proof = G1.fromAffine({ x: px, y: py });
  const twisted = G2.fromAffine({ x: Fp2.fromBigTuple([x0, x1]), y: Fp2.fromBigTuple([y0, y1]) });
  [key, proof, twisted].forEach((point) => point.assertValidity());
  const challenge = 0x123456789abcdefn;
  const left = proof.add(key.multiplyUnsafe(challenge));
  const right = digest(x, y).add(G1.BASE.multiply(challenge));
  const value = bn254.pairingBatch([{ g1: left, g2: G2.BASE.negate() }, { g1: right, g2: twisted }]);
  return bn254.fields.Fp12.eql(value, bn254.fields.Fp12.ONE);
}
const work = { registrations: registration, verifications: verification }[job];
items.slice(0, warmUp).forEach(work);
const began = process.cpuUsage();
const results = items.map(work);
const used = process.cpuUsage(began);
console.log(JSON.stringify({ cpu: (used.user + used.system) / 1e6, results }));
"""


def noble(job: str, items: list[Any], options: argparse.Namespace, *, at_its_best: bool = True) -> Done:
    """noble-curves, warmed up."""
    texts = [list(map(str, item)) if isinstance(item, tuple) else str(item) for item in items]
    done = subprocess.run(
        ["node", "--input-type=module", "-e", NOBLE, json.dumps([job, at_its_best, NOBLE_WARM_UP, texts])],
        capture_output=True,
        text=True,
        check=False,
        cwd=options.node_modules.parent,
    )
    if done.returncode:
        raise SystemExit(f"noble-curves failed:\n{done.stderr[-3000:]}")
    answer = json.loads(done.stdout)
    results = [tuple(map(int, each)) if isinstance(each, list) else each for each in answer["results"]]
    return Done(answer["cpu"], results)


# --------------------------------------------------------------------------- all rows

ROWS = (registration_row, single_registration_row, verification_row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=256)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--node-modules", type=Path)
    options = parser.parse_args()
    rows = [row(options) for row in ROWS]
    costs: dict[str, dict[str, list[float]]] = {row.name: {} for row in rows}
    for _ in range(options.runs):
        for row in rows:
            results = {name: contender() for name, contender in row.contenders.items()}
            for name, done in results.items():
                if row.same:
                    assert all(
                        ours == theirs
                        for ours, theirs in zip(results["ours"].items, done.items, strict=False)
                    ), f"{row.name}: {name} makes something else"
                costs[row.name].setdefault(name, []).append(done.cpu_seconds / len(done.items))
    report(costs)


def report(costs: dict[str, dict[str, list[float]]]) -> None:
    measured: dict[str, float] = {}
    for row, contenders in costs.items():
        each = {name: statistics.median(values) for name, values in contenders.items()}
        measured |= {f"{row}_x_{name}": cost / each["ours"] for name, cost in each.items() if name != "ours"}
        measured[f"{row}_ms"] = 1e3 * each["ours"]
        print(row, *(f"{name} {1e3 * cost:.4g} ms" for name, cost in each.items()), sep="  ")
    targets = {name: target for name, target in TARGETS.items() if name in measured}
    met = all(
        measured[name] <= target if name in AT_MOST else measured[name] >= target
        for name, target in targets.items()
    )
    rounded = {name: round(value, 3) for name, value in measured.items()}
    print(json.dumps({"name": "keys", "measured": rounded, "targets": targets, "met": met}))


if __name__ == "__main__":
    main()
