"""Where the event store may be, and what happens when the place does not do what it should."""

from __future__ import annotations

import errno
import os
import pickle
import stat
import sys

import pytest
from soak import made_logs
from soak.made_logs import CHAIN_ID, CONTRACTS, EVENTS, GENESIS_HASH, block_hash
from soak.soak_store import compare

from aztec_butler.core.errors import InputError, NodeError
from aztec_butler.store.events import BlocksMissing, EventStore, StoreWarning


@pytest.fixture(autouse=True)
def _no_waiting_for_disks(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)


def opened(root, **options):
    return EventStore(root, chain_id=CHAIN_ID, genesis_hash=GENESIS_HASH, **options)


def put(store, first, last):
    store.commit(
        made_logs.tables(first, last),
        contracts=CONTRACTS,
        events=EVENTS,
        first_block=first,
        last_block=last,
        last_block_hash=block_hash(last),
    )


# --------------------------------------------------------------------------- local


def test_root__none__is_the_users_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    put(opened(None), 0, 9)
    assert (tmp_path / "aztec-butler" / "events" / f"{CHAIN_ID}-5e5e5e5e" / "commits").is_dir()


def test_root__a_tilde_or_a_file_address__is_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    put(opened("~/data"), 0, 9)
    assert (tmp_path / "data" / "events").is_dir()
    assert opened(f"file://{tmp_path}/data").missing(CONTRACTS, EVENTS, 0, 9) == []


def test_layout__a_folder_for_every_role_and_event(tmp_path):
    put(opened(tmp_path), 0, 99)
    dataset = tmp_path / "events" / f"{CHAIN_ID}-5e5e5e5e"
    found = {path.relative_to(dataset).parent.as_posix() for path in dataset.rglob("*.*")}
    assert found == {
        "commits",
        "rollup/RollupDeposit",
        "rollup/RollupCheckpointProposed",
        "token/TokenTransfer",
        "pull_split_factory/PullSplitFactorySplitCreated",
    }
    assert all(path.name.startswith("0-99-") for path in dataset.rglob("*.parquet"))


class Disk:
    """Every call that writes counts; from one of them on the disk is full, or gives another error."""

    def __init__(self, patch, full_from, code):
        self.calls, self.full_from, self.code = 0, full_from, code
        for name in ("mkdir", "fsync", "replace"):
            # What a test writes need not survive the machine.
            original = getattr(os, name) if name != "fsync" else lambda _: None
            patch.setattr(os, name, self._counted(original))
        patch.setattr(os, "fdopen", self._fdopen(os.fdopen))

    def _count(self):
        self.calls += 1
        if self.calls > self.full_from:
            raise OSError(self.code, os.strerror(self.code))

    def _counted(self, original):
        def counted(*arguments, **options):
            self._count()
            return original(*arguments, **options)

        return counted

    def _fdopen(self, original):
        def opened(*arguments):
            file = original(*arguments)
            write = file.write
            disk = self

            class Limited:
                def __getattr__(self, name):
                    return getattr(file, name)

                def __enter__(self):
                    return self

                def __exit__(self, *_):
                    file.close()

                def write(self, content):
                    write(content[: len(content) // 2])  # half of it is on the disk
                    disk._count()
                    return write(content[len(content) // 2 :])

            return Limited()

        return opened


def test_commit__the_disk_is_full_at_any_write__is_told_and_nothing_is_half(tmp_path, monkeypatch):
    for full_from in range(99):
        root = tmp_path / str(full_from)
        put(opened(root), 0, 9)
        with monkeypatch.context() as patch:
            Disk(patch, full_from, errno.ENOSPC)
            try:
                put(opened(root), 10, 19)
            except InputError as error:
                told = str(error)
            else:
                break
        assert "event store cannot be written" in told
        assert os.strerror(errno.ENOSPC) in told
        assert "free some space" in told
        assert list(root.rglob("*.part")) == []
        store = opened(root)
        # When all that failed is to make its name durable, the commit is there, and whole.
        missing = store.missing(CONTRACTS, EVENTS, 0, 19)
        assert missing in ([(10, 19)], [])
        compare(store, 0, 9 if missing else 19)
        assert {problem.kind for problem in store.verify(leftover_after_seconds=0)} <= {"leftover"}
        put(store, 10, 19)
        compare(store, 0, 19)
    assert full_from > 10


@pytest.mark.parametrize("code", [errno.EACCES, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_commit__the_folder_cannot_be_written__is_a_named_error(tmp_path, monkeypatch, code):
    with monkeypatch.context() as patch:
        Disk(patch, 0, code)
        with pytest.raises(InputError, match=os.strerror(code)) as caught:
            put(opened(tmp_path), 10, 19)
    assert str(tmp_path) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("action", ["missing", "read", "commit", "compact", "verify", "repair", "clear"])
def test_root__is_a_file__is_a_named_error(tmp_path, action):
    root = tmp_path / "file"
    root.write_bytes(b"")
    store = opened(root)
    doing = {
        "missing": lambda: store.missing(CONTRACTS, EVENTS, 0, 9),
        "read": lambda: store.read("TokenTransfer", addresses=[made_logs.TOKEN], first_block=0, last_block=9),
        "commit": lambda: put(store, 0, 9),
        "compact": store.compact,
        "verify": store.verify,
        "repair": store.repair,
        "clear": store.clear,
    }
    with pytest.raises(InputError, match="event store cannot be") as caught:
        doing[action]()
    assert not isinstance(caught.value, BlocksMissing)
    assert root.read_bytes() == b""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")
def test_folder__without_permission__is_a_named_error(tmp_path):
    store = opened(tmp_path)
    put(store, 0, 9)
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(InputError, match="Permission"):
            put(opened(tmp_path, chain_id=1), 0, 9)
    finally:
        tmp_path.chmod(0o755)


def test_read__a_file_that_may_not_be_read__is_an_error_and_not_damage(tmp_path, monkeypatch):
    store = opened(tmp_path)
    put(store, 0, 9)

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "preadv", refuse)
    with pytest.raises(InputError, match="Permission"):
        compare(store, 0, 9)
    monkeypatch.undo()
    compare(store, 0, 9)


@pytest.mark.parametrize(
    ("code", "told"),
    [(errno.EIO, "Input/output error"), (errno.ESTALE, "gone")],
    ids=["disk", "shared folder"],
)
def test_read__a_disk_that_cannot_give_a_file_back__is_damage(tmp_path, monkeypatch, code, told):
    store = opened(tmp_path)
    put(store, 0, 9)

    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "preadv", fail)
    with pytest.warns(StoreWarning, match=told), pytest.raises(BlocksMissing):
        compare(store, 0, 9)


# --------------------------------------------------------------------------- elsewhere

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_elsewhere__everything_a_store_does__is_as_on_a_disk(memory):
    store = pickle.loads(pickle.dumps(opened("memory://bucket/data")))
    assert store.missing(CONTRACTS, EVENTS, 0, 99) == [(0, 99)]
    for first in range(0, 100, 10):
        put(store, first, first + 12)
    compare(store, 0, 102)
    store.compact()
    compare(opened("memory://bucket/data/"), 0, 102)
    assert len(memory.find("/bucket")) == 5
    memory.pipe_file("/bucket/data/events/31337-5e5e5e5e/x", b"")
    assert [problem.kind for problem in store.repair(leftover_after_seconds=-1)] == ["leftover"]
    assert store.verify(leftover_after_seconds=0) == []
    store.clear()
    assert len(memory.find("/bucket")) == 1  # the commit that says so
    assert store.missing(CONTRACTS, EVENTS, 0, 99) == [(0, 99)]


def test_elsewhere__few_columns_of_few_blocks__are_read_in_parts(memory):
    store = opened("memory://bucket")
    put(store, 0, 999)
    asked = {"addresses": [made_logs.TOKEN], "first_block": 10, "last_block": 20}
    whole = store.read("TokenTransfer", **asked)
    part = store.read("TokenTransfer", **asked, columns=["value_wei"])
    assert part.to_pylist() == whole.select(["value_wei"]).to_pylist()


@pytest.mark.parametrize("change", ["flip", "cut", "longer", "gone"])
def test_elsewhere__damage__is_found(memory, change):
    store = opened("memory://bucket")
    put(store, 0, 99)
    path = next(path for path in memory.find("/bucket") if "RollupDeposit" in path)
    content = memory.cat_file(path)
    if change == "gone":
        memory.rm_file(path)
    else:
        changed = {
            "flip": bytes([*content[:99], content[99] ^ 1, *content[100:]]),
            "cut": content[:-1],
            "longer": content + b"x",
        }
        memory.pipe_file(path, changed[change])
    with pytest.warns(StoreWarning, match=path.rpartition("/")[2]):
        heal(store)


def heal(store):
    for _ in range(2):
        for first, last in store.missing(CONTRACTS, EVENTS, 0, 99):
            put(store, first, last)
        try:
            compare(store, 0, 99)
            break
        except BlocksMissing:
            continue
    else:
        pytest.fail("it does not heal")


@pytest.mark.parametrize("name", ["ls", "find", "cat_file", "pipe_file"])
def test_elsewhere__the_place_fails__is_a_node_error_without_its_secrets(memory, monkeypatch, name):
    def fail(*_, **__):
        raise ConnectionError("https://user:hunter2@example/?key=hunter2")

    def use(store):
        store.missing(CONTRACTS, EVENTS, 0, 9)
        compare(store, 0, 9)
        put(store, 10, 19)

    put(opened("memory://bucket"), 0, 9)
    monkeypatch.setattr(type(memory), name, fail)
    with pytest.raises(NodeError) as caught:
        use(opened("memory://bucket"))
    assert "hunter2" not in str(caught.value)
    monkeypatch.undo()
    compare(opened("memory://bucket"), 0, 9)


def test_elsewhere__the_address_holds_a_password__nobody_sees_it():
    store = opened("memory://user:hunter2@bucket/data?token=hunter2")
    assert "hunter2" not in repr(store)
    with pytest.raises(BlocksMissing) as caught:
        store.read("TokenTransfer", addresses=[made_logs.TOKEN], first_block=0, last_block=9)
    assert "hunter2" not in str(caught.value)


def test_elsewhere__no_such_scheme__is_an_input_error():
    with pytest.raises(InputError, match="fsspec"):
        opened("nosuchscheme://bucket")


def test_elsewhere__without_fsspec__says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InputError, match="scale"):
        opened("s3://bucket")
