"""The checked-in artifacts are what the sources compile to."""

from aztec_butler.devnet.contracts import ARTIFACTS, NAMES
from aztec_butler.devnet.contracts.build import compile_contracts, render


def test_artifacts__compiled_again__are_the_same_bytes():
    artifacts = compile_contracts()
    assert sorted(artifacts) == sorted(NAMES)
    assert render(artifacts) == ARTIFACTS.read_text()
