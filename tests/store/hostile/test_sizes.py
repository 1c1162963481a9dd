"""Whatever a library holds, it is refused before a gibibyte is taken or ten seconds are gone."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib.store.objects.raw import Entry, make_tree

_SPEC = importlib.util.spec_from_file_location("bombs", Path(__file__).with_name("bombs.py"))
assert _SPEC and _SPEC.loader
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
MIB, Bombs = _MODULE.MIB, _MODULE.Bombs

pytestmark = pytest.mark.slow

#: Runs command lines one after the other, in what every process of them may take: memory (bytes) and time (seconds).
BOUNDED = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
from tvmgitlib.cli.main import run
library, commands = sys.argv[1], json.loads(sys.argv[2])
codes = [run(["-C", library, *command]) for command in commands]
print(json.dumps(codes), file=sys.stderr)
"""


def bounded(library: Path, *commands: tuple[object, ...]) -> tuple[list[int], str]:
    """Run command lines on a library within those bounds; their exit codes, and what they said."""
    told = json.dumps([[str(word) for word in command] for command in commands])
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED, library, told], capture_output=True, text=True, check=False, timeout=120
    )
    *said, codes = done.stderr.splitlines() or [""]
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    return json.loads(codes), done.stdout + "\n".join(said)


@pytest.fixture
def bombs(hostile) -> Bombs:
    return Bombs(hostile.path)


def segment_of(bombs: Bombs) -> str:
    return bombs.git("ls-tree", "-r", "--name-only", "HEAD", "jobs/").splitlines()[0]


def configs_of(bombs: Bombs) -> str:
    return next(path for path in bombs.git("ls-tree", "-r", "--name-only", "HEAD").splitlines() if "autotvm" in path)


@pytest.mark.parametrize(
    ("path", "piece", "mebibytes", "why"),
    [
        ("tvmgitlib.json", b" ", 700, "a blob of 700 MiB"),
        ("tvmgitlib.json", b"\n", 2, "a blob of 2 MiB"),
        ("configs/.fold", b"\n", 700, "a blob of 700 MiB"),
        ("segment", b" ", 700, "a blob of 700 MiB"),
        ("segment", b"\0", 3072, "a blob of 3,072 MiB"),
        ("segment", b"\n", 40, "more than 1,048,576 lines"),
        ("segment", b"[", 40, "longer than 32 MiB"),
        ("configs", b"\n", 40, "more than 1,048,576 lines"),
    ],
)
def test_large_files(bombs: Bombs, path: str, piece: bytes, mebibytes: int, why: str) -> None:
    """Files that are nothing but one character, as large as one likes."""
    where = {"segment": segment_of, "configs": configs_of}.get(path, lambda _: path)(bombs)
    bombs.put(where, "100644", bombs.loose("blob", b"", piece * MIB, mebibytes))
    codes, said = bounded(bombs.path, ("best",), ("diff", "HEAD~1"), ("check", "--json"))
    # Of configs/ nothing is opened that is not proven to be the fold: jobs/ answer, and check says what is wrong.
    assert codes == ([0, 0, 1] if path == "configs" else [4, 4, 1])
    assert why in said
    assert where in said


def test_attributes(bombs: Bombs) -> None:
    bombs.put(".gitattributes", "100644", bombs.loose("blob", b"", b"\n" * MIB, 700))
    """They are read when the library's own lines have to be put into them."""
    bombs.put("configs/.fold", "100644", bombs.loose("blob", b"{}\n"))
    codes, said = bounded(bombs.path, ("rebuild",))
    assert codes == [4]
    assert ".gitattributes: a blob of 700 MiB" in said


@pytest.mark.parametrize("where", ["jobs", "configs"])
@pytest.mark.parametrize(
    ("width", "depth", "why", "commands"),
    [
        (32, 12, "one folder over", ["rebuild"]),
        pytest.param(32, 12, "one folder over", ["rebuild", "check"], marks=pytest.mark.soak),
        (1, 200, "folders over 64 deep", ["rebuild", "check"]),
    ],
)
def test_folders_without_end(bombs: Bombs, where: str, width: int, depth: int, why: str, commands: list[str]) -> None:
    """A tree that names another many times, and so on: a few objects, and more files than one can count."""
    bombs.put(where, TREE, bombs.nested(width, depth))
    codes, said = bounded(bombs.path, *((command,) for command in commands))
    assert codes == [4] * len(commands)
    assert f"{where}: {why}" in said


@pytest.mark.parametrize("is_empty", [False, True])
@pytest.mark.parametrize("command", ["log", "check", "blame", "gc", "hook"])
def test_folders_without_end_in_the_history(bombs: Bombs, is_empty: bool, command: str) -> None:
    """They were taken back since: Git comes by them all the same. Where no file is in them, it never says a word."""
    first = bombs.git("rev-parse", "HEAD")
    bombs.put("jobs", TREE, bombs.nested(32, 12, is_empty=is_empty))
    bombs.take_back()
    asked = {"hook": ("hook", "check", first, "HEAD")}.get(command, (command,))
    (code,), said = bounded(bombs.path, asked)
    if command == "gc" and not is_empty:  # Git stops counting what a commit changes
        assert code == 0
    else:
        assert code == (1 if command == "hook" else 4)
        many = "the same files and folders over 1,048,576 times in "
        assert ("one folder over 4,096 times" if command == "hook" else many) in said  # which reads a few by itself


@pytest.mark.parametrize("is_empty", [False, True])
def test_folders_without_end_that_are_cloned(bombs: Bombs, tmp_path: Path, is_empty: bool) -> None:
    bombs.put("other", TREE, bombs.nested(32, 12, is_empty=is_empty))
    (code,), said = bounded(bombs.path, ("clone", bombs.path, tmp_path / "clone"))
    assert code == 4
    assert "the same files and folders over 1,048,576 times" in said
    assert not (tmp_path / "clone").exists()


@pytest.mark.parametrize("depth", [12, pytest.param(60, marks=pytest.mark.soak)])
def test_folders_that_take_much_memory(bombs: Bombs, depth: int) -> None:
    bombs.put("jobs", TREE, bombs.comb(120_000, depth))
    codes, said = bounded(bombs.path, ("best",))
    assert codes == [4]
    assert "jobs: more than 1,048,576 files" in said


def test_folders_of_which_little_differs(bombs: Bombs) -> None:
    bombs.put("jobs", TREE, bombs.repeated(120_000, 2000, "a"))
    bombs.put("jobs", TREE, bombs.repeated(120_000, 2000, "b"))
    codes, said = bounded(bombs.path, ("diff", "HEAD~1"))
    assert codes == [4]
    assert "more than 1,048,576 files" in said


def test_folders_without_end_beside_the_library(bombs: Bombs, hostile) -> None:
    """They are not the library's: nothing of ours looks into them."""
    bombs.put("other", TREE, bombs.nested(32, 12))
    codes, _ = bounded(bombs.path, ("best",), hostile.importing, ("check",))
    assert codes == [0, 0, 0]


def test_many_entries(bombs: Bombs) -> None:
    entry = b"100644 %015x.jsonl\0" + b"\1" * 20
    bombs.put("jobs", TREE, bombs.loose("tree", b"", b"".join(entry % number for number in range(20000)), 600))
    codes, said = bounded(bombs.path, ("best",), ("log",), ("check",))
    assert codes == [4, 4, 4]
    assert "jobs: a tree of 561 MiB" in said
    bombs.git("update-ref", "HEAD", "HEAD~1")
    bombs.put("jobs", TREE, bombs.loose("tree", b"".join(entry % number for number in range(140000))))
    codes, said = bounded(bombs.path, ("log",))
    assert codes == [4]
    assert "more than 131,072 entries" in said


@pytest.mark.parametrize("mebibytes", [2, 700, 3072])
def test_a_long_message(bombs: Bombs, mebibytes: int) -> None:
    head = bombs.git("cat-file", "commit", "HEAD").encode()
    bombs.commit(head, b"x" * MIB, mebibytes)
    codes, said = bounded(bombs.path, ("best",), ("log",), ("check",))
    assert codes == [4, 4, 4]
    assert "too large" in said or "a commit of" in said


def test_large_bags(bombs: Bombs) -> None:
    """Anything may stand in a bag under a name of its own; nobody keeps in mind what did."""
    path = segment_of(bombs)
    name, segment = Path(path).stem, bombs.git("show", f"HEAD:{path}").encode() + b"\n"
    junk = b'"x-junk":"' + b"x" * (30 * MIB) + "\N{GRINNING FACE}".encode() + b'",'  # of four bytes each, in Python
    for number in range(5):
        other = f"{name[:2]}{number:014x}"
        before, bag, after = segment.replace(name.encode(), other.encode()).partition(b'"x-tvmgitlib": {')
        bombs.put(path.replace(name, other), "100644", bombs.loose("blob", before + bag + junk + after))
    (code,), said = bounded(bombs.path, ("check", "--full"))
    assert code == 1
    assert "it does not belong to these jobs" in said


def test_sparse_files_in_the_work_tree(bombs: Bombs, hostile) -> None:
    for path in ("tvmgitlib.json", segment_of(bombs), configs_of(bombs)):
        with (bombs.path / path).open("r+b") as file:
            file.truncate(3 << 30)
    codes, said = bounded(bombs.path, ("best",), ("check",), hostile.importing)
    assert codes == [0, 1, 0]
    assert said.count("the work tree differs from the commit") == 3
    assert "left as it is in the work tree" in said


def test_a_sparse_lock_file(bombs: Bombs, tmp_path: Path) -> None:
    lock = tmp_path / "tvmgitlib.lock"
    with lock.open("wb") as file:
        file.truncate(3 << 30)
    codes, said = bounded(bombs.path, ("pin", "--verify", lock))
    assert codes == [4]
    assert "larger than 64 KiB" in said


def made_sparse(path: Path) -> None:
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(3 << 30)


def made_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize(("make", "why"), [(made_sparse, "larger than 16 MiB"), (made_pipe, "not a plain file")])
def test_notes_beside_the_library(bombs: Bombs, hostile, make: Callable[[Path], None], why: str) -> None:
    """What a repository of another's making brings along in its Git directory."""
    git_dir = bombs.path / ".git"
    job = git_dir / "tvmgitlib" / "jobs" / ("0" * 16)
    job.mkdir(parents=True)
    notes = ("tvmgitlib-redo.json", "tvmgitlib/packed", "tvmgitlib/tvmgitlib.signers")
    for file in (job / "job.json", *(git_dir / note for note in notes)):
        make(file)
    codes, said = bounded(bombs.path, ("job", "list"), ("best",), ("gc",))
    assert codes == [4, 0, 0]
    assert why in said
    make(git_dir / "logs" / "refs" / "heads" / "main")
    (git_dir / "refs" / "heads" / "main").write_text("")
    codes, said = bounded(bombs.path, ("best",))
    assert codes == [4]
    assert "damaged" in said


def test_links_beside_the_library(bombs: Bombs, hostile, tmp_path: Path) -> None:
    """Nothing is written through them: they lead to whatever the user has."""
    users = tmp_path / "users"
    users.write_text("precious")
    for note in ("tvmgitlib-redo.tmp", "tvmgitlib/packed"):
        path = bombs.path / ".git" / note
        path.unlink(missing_ok=True)
        path.symlink_to(users)
    assert hostile.run("import", *hostile.importing[1:]).code == 0, hostile.run.err
    assert hostile.run("gc").code == 0, hostile.run.err
    assert users.read_text() == "precious"
    lock = bombs.path / ".git" / "tvmgitlib" / "lock"
    lock.unlink()
    lock.symlink_to(tmp_path / "made")
    assert hostile.run("config", "keep", "2").code == 4, hostile.run.out
    assert not (tmp_path / "made").exists()


def test_damaged_objects(bombs: Bombs) -> None:
    bombs.put("jobs", TREE, bombs.loose("tree", b"no tree at all"))
    codes, said = bounded(bombs.path, ("log",))
    assert codes == [4]
    assert "a damaged tree" in said


@pytest.mark.parametrize(
    "which", ["it comes first", "it comes last", "a folder of that name", "not in order", "a path"]
)
def test_trees_that_git_would_not_write(bombs: Bombs, which: str) -> None:
    """Where a name stands twice, say, one segment would be compared and another one read."""
    first, path = bombs.git("rev-parse", "HEAD"), segment_of(bombs)
    folder, name = path.rsplit("/", 1)
    kept = Entry("100644", name, bombs.git("rev-parse", f"HEAD:{path}"))
    other = kept._replace(oid=bombs.loose("blob", (bombs.path / path).read_bytes().replace(b"e-05", b"e-06")))
    entries = {
        "it comes first": [other, kept],
        "it comes last": [kept, other],
        "a folder of that name": [kept, Entry(TREE, name, bombs.tree([]))],
        "not in order": [Entry("100644", "z.jsonl", other.oid), kept],
        "a path": [kept, other._replace(name=f"{name}/..")],
    }[which]
    bombs.put(folder, TREE, bombs.loose("tree", b"".join(make_tree([entry]) for entry in entries)))
    codes, said = bounded(bombs.path, ("hook", "check", first, "HEAD"), ("check",), ("best",))
    assert codes == [1, 4, 4]
    assert said.count("a damaged tree: ") == 3


TREE = "40000"
