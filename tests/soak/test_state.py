"""What a library keeps beside its commits is damaged: a command says so or does without it, and believes none of it."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mutations import Mutator

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.jobs.open_jobs import RemeasuredNote
from tvmgitlib.library.outlines import opening
from tvmgitlib.model import Workload

DATA = Path(__file__).parents[1] / "data" / "tvm-logs"
_TIMES = 5_000

#: What only asks, so that its answer is the right one or none.
QUESTIONS = (
    *(["best"], ["trials"], ["log"], ["blame"], ["check"], ["check", "--full"], ["platform", "show"], ["config"]),
    *(["job", "list"], ["pin", "--verify", "tvmgitlib.lock"], ["diff", "HEAD~1"]),
)
#: What changes something, or is asked of the job that may be damaged.
CHANGES = (
    *(["job", "finish"], ["job", "abort"], ["job", "start"], ["gc"], ["config", "keep", "2"], ["rebuild"]),
    *(
        ["revert", "{job}"],
        ["import", "{log}", "--platform", "box"],
        ["job", "show", "{job}"],
        ["job", "show", "{open}"],
    ),
    *(
        ["invalidate", "--job", "{job}", "--reason", "x"],
        ["pin", "--local"],
        ["job", "resume", "{open}"],
        ["merge", "side"],
    ),
)

#: The files that are asked for, each by one command: what they say may change its answer.
TELLS = {"tvmgitlib.lock": "pin", "tvmgitlib.json": "config", "job.json": "job", "tuning.log": "job"}


class Kept:
    """A library with a job in progress and all that it keeps, to be damaged and put right again."""

    def __init__(self, library: ConfigLibrary, cli: Any, folder: Path, git: Any) -> None:
        self.path = library.path
        self.cli = cli
        self.cache = folder / "cache"
        job = library.import_logs(DATA / "autotvm/t0_tvmgitlib_matmul_ga.log", platform="box").job
        git(library.path, "branch", "side")
        library.import_logs(DATA / "metaschedule/hhb_mm128", platform="box")
        opened = library.begin_job(platform="box")
        opened.log.write_bytes((DATA / "ansor/mm_64x256x512.json").read_bytes())
        opened.note_tuner("xgb", {"trials": 32})
        opened.note_baseline(("ansor", "llvm", "x", ""), 0.1)
        opened.describe(Workload("ansor", "x", None, desc="mm"))
        opened.mark_exhausted(("ansor", "llvm", "x", ""))
        opened.note_remeasured(
            RemeasuredNote(["ansor", "llvm", "x"], str(job), "0" * 64, None, "no", True, [[str(job), "0" * 16]])
        )
        self.words = {"job": job, "open": opened.id, "log": DATA / "autotvm/t1_tvmgitlib_matmul_xgb.log"}
        self.lock = folder / "tvmgitlib.lock"
        for command in (["pin", "--local"], ["check"], ["best"], ["log"], ["job", "list"]):
            assert self.run(command).code == 0, self.cli.err
        (library.path / ".git/tvmgitlib-redo.json").write_text(f'[["{library.commit}", "{library.commit}"]]')
        self.whole = folder / "whole"
        for place in (self.path, self.cache, self.lock.parent / self.lock.name):
            copy(place, self.whole / place.name)
        self.answers: dict[str, tuple[int, str]] = {}
        for question in QUESTIONS:
            done = self.run(question)
            assert done.code in (0, 1), done.err
            self.answers[str(question)] = (done.code, done.out)
            self.restore()

    def run(self, command: list[str]) -> Any:
        return self.cli(*(word.format(**self.words) for word in command))

    def restore(self) -> None:
        for place in (self.path, self.cache, self.lock):
            copy(self.whole / place.name, place)

    def files(self) -> list[Path]:
        """What may be damaged: no object and no ref, which are Git's to keep."""
        own = [path for path in (self.path / ".git").rglob("*") if "tvmgitlib" in path.as_posix().partition(".git/")[2]]
        found = [*own, *self.cache.rglob("*"), self.lock, self.path / "tvmgitlib.json"]
        return sorted(path for path in found if path.is_file() and "refs" not in path.parts)


def copy(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def damage(path: Path, files: list[Path], chance: random.Random) -> str:
    """Damage a file as a mishap or an enemy would; returns how."""
    content = path.read_bytes()
    match chance.randrange(10):
        case 0:
            path.write_bytes(b"\0" * len(content))  # as a power cut leaves it
        case 1:
            path.write_bytes(b"")
        case 2:
            path.unlink()
        case 3:
            path.write_bytes(chance.choice(files).read_bytes())
        case 4:
            path.unlink()
            path.mkdir()
        case _:
            lines = [line for other in files if other.suffix != ".sqlite" for line in other.read_bytes().splitlines()]
            mutator = Mutator(chance, lines)
            at = chance.randrange(content.count(b"\n") + 1)
            each = content.split(b"\n")
            path.write_bytes(b"\n".join([*each[:at], mutator.mutated(each[at]), *each[at + 1 :]]))
    return f"{path.name}: {path.read_bytes()[:300]!r}" if path.is_file() else f"{path.name} is a folder, or gone"


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("number", range(4))
def test_damaged_state(
    library: ConfigLibrary,
    cli: Any,
    tmp_path: Path,
    git: Any,
    chance: random.Random,
    amount: Callable[[int], int],
    counted: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    monkeypatch.setattr(opening, "WORTH_IT", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    kept = Kept(library, cli, tmp_path, git)
    problems: list[str] = []
    for _ in range(amount(_TIMES // 4)):
        files = kept.files()
        file = chance.choice(files)
        how = damage(file, files, chance)
        for command in (*chance.sample(QUESTIONS, 2), chance.choice(CHANGES)):
            done = kept.run(command)
            counted[f"ended {done.code}"] += 1
            right, answer = kept.answers.get(str(command), (-1, ""))
            is_right = done.code != right or done.out == answer or command[0] == TELLS.get(file.name)
            if done.code not in (0, 1, 4) or "Traceback" in done.err or not is_right:
                problems.append(f"{how}; {command}: {done.code} {done.out[-2000:]} {done.err[-4000:]}")
        kept.restore()
    assert problems == []
