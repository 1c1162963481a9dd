"""What a commit consists of is in one pack, on the disk before the branch moves, and safe from any gc meanwhile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.model import GitError
from tvmgitlib.store import Committed, Draft, Repository, create_repository, write_history
from tvmgitlib.store.landing.lock import keep_lock
from tvmgitlib.store.objects import KEEP, NewObjects, write_pack
from tvmgitlib.store.objects.raw import FileContent

Commit = Callable[..., Committed]


def packs(repository: Repository, suffix: str = "pack") -> list[Path]:
    return sorted((repository.common_dir / "objects" / "pack").glob(f"*.{suffix}"))


def fsck(repository: Repository) -> str:
    done = subprocess.run(
        ["git", "-C", repository.root, "fsck", "--strict", "--full", "--no-dangling"],
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout + done.stderr).splitlines(keepends=True)
    return "".join(line for line in said if not line.startswith("notice: "))  # of a branch without commits


@pytest.fixture(params=["sha1", "sha256"])
def any_hash(tmp_path: Path, git, request: pytest.FixtureRequest) -> Repository:
    git(tmp_path, "init", "-q", "-b", "main", f"--object-format={request.param}", "any")
    return create_repository(tmp_path / "any")


SIZES = [0, 1, 15, 16, 17, 2047, 2048, 2049, 300_000]


def test_objects_of_every_size_come_back_as_they_were(any_hash: Repository, tmp_path: Path) -> None:
    new = NewObjects(any_hash.digits)
    contents = [bytes(number % 251 for number in range(size)) for size in SIZES]
    oids = [new.add("blob", content) for content in contents]
    for number, content in enumerate(contents):
        file = tmp_path / str(number)
        file.write_bytes(content + b"from a file")
        oids.append(new.add("blob", FileContent(file, file.stat().st_size)))
    kept = write_pack(any_hash.git, any_hash.common_dir / "objects", new)
    assert kept is not None
    assert kept.read_text().startswith(KEEP)
    found = list(any_hash.reader.read_all(oids, "blob"))
    assert found == contents + [content + b"from a file" for content in contents]
    assert fsck(any_hash) == ""


def test_a_commit_is_one_pack_and_nothing_is_written_that_was_there(any_hash: Repository, commit: Commit, git) -> None:
    commit(any_hash, {"jobs/ab/one.jsonl": b"one", "jobs/cd/two.jsonl": b"two"})
    assert len(packs(any_hash)) == 1
    assert packs(any_hash, "keep") == []
    commit(any_hash, {"jobs/ab/one.jsonl": b"changed", "jobs/cd/two.jsonl": b"two"})
    assert len(packs(any_hash)) == 2
    counted = dict(line.split(": ") for line in git(any_hash.root, "count-objects", "-v").splitlines())
    assert counted["count"] == "0"
    assert int(counted["in-pack"]) == (2 + 4 + 1) + (1 + 3 + 1)  # blobs, trees, commit
    assert fsck(any_hash) == ""


def test_a_signed_commit_is_in_a_pack_too(repository: Repository, commit: Commit, git, tmp_path: Path) -> None:
    program = tmp_path / "gpg"
    program.write_text("#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho 'a signature'\n")
    program.chmod(0o755)
    git(repository.root, "config", "--global", "gpg.program", str(program))
    git(repository.root, "config", "commit.gpgSign", "true")
    made = commit(repository, {"jobs/ab/one.jsonl": b"one"})
    git(repository.root, "prune-packed")
    assert git(repository.root, "count-objects").startswith("0 objects")
    assert "gpgsig a signature" in git(repository.root, "cat-file", "commit", made.commit)


@pytest.mark.slow
def test_commits_under_a_loop_of_gc_are_all_there(repository: Repository, commit: Commit, git) -> None:
    over = threading.Event()

    def collect() -> None:
        while not over.is_set():
            subprocess.run(
                ["git", "-C", repository.root, "gc", "--quiet", "--prune=now"], capture_output=True, check=False
            )

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        made = [commit(repository, {f"jobs/{number % 7:02}/{number}.jsonl": b"%d" % number}) for number in range(25)]
    finally:
        over.set()
        collector.join()
    assert git(repository.root, "rev-list", "HEAD").split() == [each.commit for each in reversed(made)]
    assert fsck(repository) == ""
    with repository.snapshot(repository.head) as snapshot:
        contents = dict(snapshot.contents(snapshot.files("jobs")))
    assert contents == {f"jobs/{number % 7:02}/{number}.jsonl": b"%d" % number for number in range(25)}
    assert packs(repository, "keep") == []


FAILS_ONCE = """#!/bin/sh
'REAL_GIT' "$@" || exit
case "$*" in
*index-pack*)
    mkdir 'FOLDER/once' 2>/dev/null || exit 0
    cd 'PACKS' && rm -f *.pack *.idx
    echo "fatal: unable to rename temporary '*.pack' file" >&2
    exit 1
esac
"""


def test_what_a_try_that_failed_kept_is_given_back(
    repository: Repository, commit: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when `git gc --prune=now` takes a pack away that Git has just written, and has no name yet."""
    wrapper, folder = tmp_path / "bin" / "git", repository.git_dir / "objects" / "pack"
    wrapper.parent.mkdir()
    script = FAILS_ONCE.replace("REAL_GIT", str(shutil.which("git"))).replace("FOLDER", str(tmp_path))
    wrapper.write_text(script.replace("PACKS", str(folder)))
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", str(wrapper.parent), prepend=":")
    commit(repository, {"jobs/ab/one.jsonl": b"one"})
    assert (tmp_path / "once").exists()
    assert packs(repository, "keep") == []
    assert fsck(repository) == ""


def test_what_no_ref_leads_to_yet_is_kept_until_it_may_go(repository: Repository, commit: Commit, git) -> None:
    tip = commit(repository, {"x": b"x"}).commit
    with repository.writer() as writer:
        made = writer.write(repository.snapshot(tip), Draft("Replayed\n", {"jobs/ab/one.jsonl": b"one"}))
        git(repository.root, "gc", "--quiet", "--prune=now")
        assert repository.resolve(made) == made
        with repository.writing():  # another writer, who recovers first, takes nothing from a living one
            pass
        git(repository.root, "gc", "--quiet", "--prune=now")
        assert repository.advance(tip, made, "test") is not None
    assert packs(repository, "keep") == []
    git(repository.root, "gc", "--quiet", "--prune=now")
    assert fsck(repository) == ""


KILLED = """
import os, signal, sys
from pathlib import Path
from tvmgitlib.store import Draft, Repository
repository = Repository.find(Path(sys.argv[1]))
with repository.writer() as writer:
    writer.write(repository.snapshot(repository.head), Draft("Never landed", {"jobs/ab/one.jsonl": b"one"}))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_kept_goes_and_what_others_keep_stays(repository: Repository, commit: Commit) -> None:
    commit(repository, {"x": b"x"})
    theirs = packs(repository)[0].with_suffix(".keep")
    theirs.write_text("fetch-pack 1 on host\n")
    subprocess.run([sys.executable, "-c", KILLED, repository.root], check=False)
    assert len(packs(repository, "keep")) == 2
    with keep_lock(repository.state), repository.writing():
        assert len(packs(repository, "keep")) == 2  # somebody may be about to use it
    with repository.writing():
        assert packs(repository, "keep") == [theirs]


def test_a_file_that_changes_while_it_is_written_is_no_object(repository: Repository, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"short")
    new = NewObjects(repository.digits)
    new.add("blob", FileContent(file, 5))
    file.write_bytes(b"longer")
    with pytest.raises(GitError, match="changed while"):
        write_pack(repository.git, repository.common_dir / "objects", new)
    assert packs(repository) == []


HISTORY = """
import resource, sys
from pathlib import Path
from tvmgitlib.store import Repository, write_history
write_history(Repository.find(Path(sys.argv[1])), "0" * 16, "Keep\\n", {"tuning.log": Path(sys.argv[2])})
status = Path("/proc/self/status").read_text()  # our own ru_maxrss would count what started this process, too
own = int(status.split("VmHWM:")[1].split()[0])
print(max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


@pytest.mark.slow
def test_a_large_history_is_never_held_in_memory(repository: Repository, commit: Commit, tmp_path: Path, git) -> None:
    commit(repository, {"x": b"x"})
    log = tmp_path / "log"
    with log.open("wb") as file:
        for number in range(200):
            file.write(b"%01048575d\n" % number)
    done = subprocess.run(
        [sys.executable, "-c", HISTORY, repository.root, log], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 130 * 1024  # KiB; the log has 200 MiB
    assert git(repository.root, "cat-file", "-s", f"refs/tvmgitlib/history/{'0' * 16}:tuning.log").strip() == str(
        log.stat().st_size
    )


def test_a_history_is_kept_in_place_of_the_one_before(repository: Repository, tmp_path: Path, git) -> None:
    log = tmp_path / "log"
    for text in ("first", "second"):
        log.write_text(text)
        write_history(repository, "0" * 16, "Keep\n", {"tuning.log": log})
        git(repository.root, "gc", "--quiet", "--prune=now")
        assert git(repository.root, "cat-file", "blob", f"refs/tvmgitlib/history/{'0' * 16}:tuning.log") == text
    assert packs(repository, "keep") == []


# Gathering


def many(repository: Repository, commit: Commit, count: int) -> None:
    for number in range(count):
        commit(repository, {f"jobs/{number % 5:02}/{number}.jsonl": b"%d" % number})


@pytest.mark.slow
def test_packs_do_not_pile_up(repository: Repository, commit: Commit, git) -> None:
    many(repository, commit, 55)
    assert len(packs(repository)) < 10
    assert fsck(repository) == ""
    assert git(repository.root, "rev-list", "--count", "HEAD").strip() == "55"


@pytest.mark.slow
def test_packs_are_left_as_they_are_when_the_user_says_so(repository: Repository, commit: Commit, git) -> None:
    git(repository.root, "config", "gc.auto", "0")
    many(repository, commit, 55)
    assert len(packs(repository)) == 55


# The order of things


def events(trace: str) -> list[tuple[str, str]]:
    """What was done to which file, as strace saw it: `sync`, `move` (to its new name) or `remove`, in order."""
    found = []
    for line in trace.splitlines():
        call = re.search(r"\b(fsync|fdatasync|rename\w*|link\w*|unlink\w*)\((.*)\) += 0", line)
        if call is None:
            continue
        name, arguments = call.groups()
        if "sync" in name:
            found.append(("sync", arguments.partition("<")[2].rpartition(">")[0]))
        else:
            path = re.findall(r'"([^"]*)"', arguments)[-1]
            found.append(("remove" if name.startswith("unlink") else "move", path))
    return found


FINISH = """
import sys
from tvmgitlib import ConfigLibrary
library = ConfigLibrary(sys.argv[1])
library.finish_job()
"""


def when(seen: list[tuple[str, str]], what: str, pattern: str, after: int) -> int:
    """The first time that something was done to a file, not before another moment."""
    return next(
        at for at, (event, path) in enumerate(seen) if at >= after and event == what and re.search(pattern, path)
    )


if shutil.which("strace"):

    def test_git_has_on_the_disk_what_a_ref_leads_to(library: ConfigLibrary, logs: Path, tmp_path: Path) -> None:
        job = library.begin_job(platform="board", keep_history=True)
        shutil.copy(logs / "autotvm/t0_tvmgitlib_matmul_grid.log", job.log)
        trace = tmp_path / "trace"
        calls = "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat"
        options = ["-f", "-y", "-s", "4096", "-e", calls, "-o", str(trace)]
        subprocess.run(["strace", *options, sys.executable, "-c", FINISH, str(library.path)], check=True)
        seen = events(trace.read_text())
        at = 0
        for folder, name in (("refs/tvmgitlib/history", job.id), ("refs/heads", "main")):
            pack_on_disk = when(seen, "sync", r"/objects/pack/tmp_pack_\w+$", at)
            index_on_disk = when(seen, "sync", r"/objects/pack/tmp_idx_\w+$", at)
            pack_named = when(seen, "move", r"/objects/pack/pack-\w+\.pack$", at)
            index_named = when(seen, "move", r"/objects/pack/pack-\w+\.idx$", at)
            names_on_disk = when(seen, "sync", r"/objects/pack$", at)
            ref_on_disk = when(seen, "sync", rf"/{folder}/{name}.lock$", at)
            ref_moved = when(seen, "move", rf"{folder}/{name}$", at)
            ref_named = when(seen, "sync", rf"/{folder}$", at)
            kept_no_longer = when(seen, "remove", r"/objects/pack/pack-\w+\.keep$", at)
            assert pack_on_disk < pack_named < names_on_disk
            assert index_on_disk < index_named < names_on_disk
            assert names_on_disk < ref_on_disk < ref_moved < ref_named < kept_no_longer
            at = kept_no_longer + 1
        assert when(seen, "move", rf"/jobs/{job.id}/job\.json", 0) >= at  # it is another job's place now


#: Says when a command of Git is over.
NOTED = """#!/bin/sh
REAL_GIT "$@"
status=$?
echo "git $*" >>"$NOTES"
exit $status
"""


def test_what_we_do_ourselves_is_in_order_too(library: ConfigLibrary, logs: Path, tmp_path: Path, monkeypatch) -> None:
    job = library.begin_job(platform="board")
    shutil.copy(logs / "autotvm/t0_tvmgitlib_matmul_grid.log", job.log)
    notes, wrapper = tmp_path / "notes", tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(NOTED.replace("REAL_GIT", str(shutil.which("git"))))
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("NOTES", str(notes))

    def noted(owner: object, name: str, path_of: Callable[..., object]) -> None:
        real = getattr(owner, name)

        def call(*arguments, **options):
            result = real(*arguments, **options)
            with notes.open("a") as file:
                file.write(f"{name} {path_of(*arguments)}\n")
            return result

        monkeypatch.setattr(owner, name, call)

    noted(os, "fsync", lambda handle: Path(f"/proc/self/fd/{handle}").readlink())
    noted(Path, "unlink", lambda path, **_: path)
    noted(Path, "rename", lambda *paths: paths[-1])
    library.finish_job()
    seen = [(line.partition(" ")[0], line) for line in notes.read_text().splitlines()]
    packed = when(seen, "git", "index-pack --stdin --keep", 0)
    names_on_disk = when(seen, "fsync", "/objects/pack$", 0)
    promised = when(seen, "fsync", "tvmgitlib-redo.tmp$", 0)
    moved = when(seen, "git", r"core\.fsync=\S*reference update-ref", 0)
    ref_on_disk = when(seen, "fsync", "/refs/heads/main$", 0)
    ref_named = when(seen, "fsync", "/refs/heads$", 0)
    kept_no_longer = when(seen, "unlink", r"\.keep$", 0)
    forgotten = when(seen, "fsync", rf"/jobs/{job.id}/\.job\.json\.", 0)
    order = [packed, names_on_disk, promised, moved, ref_on_disk, ref_named, kept_no_longer, forgotten]
    assert order == sorted(order)
