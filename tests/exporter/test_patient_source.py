from __future__ import annotations

import pytest

from aztec_butler.core.errors import CheckFailed, NodeUnreachable, SettingsError
from aztec_butler.exporter.patient_source import PatientSource


class Connection:
    """Fails once as it is told to, then works."""

    def __init__(self, error=None):
        self.error = error
        self.closed = False
        self.rpc, self.multicall = object(), object()

    def snapshot(self):
        error, self.error = self.error, None
        if error is not None:
            raise error
        return self

    def close(self):
        self.closed = True


class Scene:
    def __init__(self, *errors):
        self.errors = list(errors)
        self.opened = []
        self.source = PatientSource("mainnet", self.connect)

    def connect(self):
        self.opened.append(Connection(self.errors.pop(0) if self.errors else None))
        return self.opened[-1]


def test_source__is_opened_when_it_is_first_asked():
    scene = Scene()
    assert scene.source.name == "mainnet"
    assert scene.opened == []
    assert scene.source.snapshot() is scene.opened[0]
    assert scene.source.rpc is scene.opened[0].rpc
    assert scene.source.multicall is scene.opened[0].multicall
    assert len(scene.opened) == 1


@pytest.mark.parametrize("error", [SettingsError("another chain"), CheckFailed("events of another chain")])
def test_source__that_was_another_chain__is_opened_anew(error):
    scene = Scene(error)
    with pytest.raises(type(error)):
        scene.source.snapshot()
    assert scene.opened[0].closed
    assert scene.source.snapshot() is scene.opened[1]


def test_source__whose_node_fails__keeps_its_connection():
    scene = Scene(NodeUnreachable("no answer"))
    with pytest.raises(NodeUnreachable):
        scene.source.snapshot()
    scene.source.snapshot()
    assert len(scene.opened) == 1
    scene.source.close()
    assert scene.opened[0].closed
