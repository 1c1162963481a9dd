"""History is read the same whatever the user's settings, names and messages are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tvmgitlib.model import GitError
from tvmgitlib.store import Repository
from tvmgitlib.store.walk import TouchingCommit, commits_of, commits_touching


def touching(repository: Repository, folder: str = "jobs", **options) -> list[TouchingCommit]:
    return list(commits_touching(repository, repository.head, folder, **options))


def words(commits: list[TouchingCommit]) -> list[tuple[str, str]]:
    """Each commit's subject with what it did."""
    return [(each.subject, " ".join(f"{delta.status} {delta.path}" for delta in each.deltas)) for each in commits]


def test_commits_come_newest_first_with_what_they_did(repository: Repository, commit) -> None:
    commit(repository, {"jobs/a": b"1", "mine": b"x"}, "first\n")
    commit(repository, {"mine": b"y"}, "elsewhere\n")
    commit(repository, {"jobs/a": b"2", "jobs/b": b"1"}, "second\n\nbody\n")
    made = commit(repository, {"jobs/a": None}, "third\n")
    found = touching(repository)
    assert words(found) == [("third", "D jobs/a"), ("second", "M jobs/a A jobs/b"), ("first", "A jobs/a")]
    assert found[0].id == made.commit
    assert found[0].author == "Tess Ter"
    assert found[0].date.startswith("20")
    assert found[0].deltas[0].new is None


def test_without_commits_there_is_nothing(repository: Repository, commit) -> None:
    assert touching(repository) == []
    commit(repository, {"mine": b"x"})
    assert touching(repository) == []


def test_odd_names_authors_and_messages(repository: Repository, commit, git) -> None:
    git(repository.root, "config", "user.name", "Zoë\x01\x02 汉")
    files: dict[str, bytes | None] = {"jobs/line\nbreak": b"1", 'jobs/quote"d': b"2", "jobs/ü": b"3", "jobs/:x": b"4"}
    commit(repository, files, "subject \x01\x02 :100644 ü\nstill the subject\n\nbody\n")
    found = touching(repository)
    assert [delta.path for delta in found[0].deltas] == sorted(files)
    assert found[0].subject == "subject \x01\x02 :100644 ü still the subject"
    assert "Zoë" in found[0].author


def test_an_empty_message(repository: Repository, git) -> None:
    (repository.root / "jobs").write_text("x")
    git(repository.root, "add", "jobs")
    git(repository.root, "commit", "-q", "--allow-empty-message", "-m", "")
    assert words(touching(repository)) == [("", "A jobs")]


def test_the_users_settings_do_not_matter(repository: Repository, commit, git) -> None:
    commit(repository, {"jobs/a": b"1"}, "first ü\n")
    commit(repository, {"jobs/b": b"1", "jobs/a": None}, "moved\n")
    settings = {
        "log.showRoot": "false", "log.showSignature": "true", "log.diffMerges": "off", "log.follow": "true",
        "log.date": "relative", "diff.renames": "true", "diff.noprefix": "true", "color.ui": "always",
        "i18n.logOutputEncoding": "ISO-8859-1", "core.quotePath": "true", "diff.relative": "true",
        "format.pretty": "oneline", "core.abbrev": "5", "diff.orderFile": "/dev/null",
    }  # fmt: skip
    for name, value in settings.items():
        git(repository.root, "config", name, value)
    assert words(touching(repository)) == [("moved", "D jobs/a A jobs/b"), ("first ü", "A jobs/a")]


def merged(repository: Repository, commit, git, *options: str) -> None:
    """Two branches with a job each, merged."""
    commit(repository, {"jobs/base": b"0"}, "base\n")
    git(repository.root, "branch", "side")
    commit(repository, {"jobs/ours": b"1"}, "ours\n")
    git(repository.root, "switch", "-q", "side")
    commit(repository, {"jobs/theirs": b"2"}, "theirs\n")
    git(repository.root, "switch", "-q", "main")
    git(repository.root, "merge", "-q", "--no-edit", "-m", "merge", *options, "side")


def test_a_merge_is_shown_from_each_parent_when_asked(repository: Repository, commit, git) -> None:
    merged(repository, commit, git)
    assert sorted(words(touching(repository))) == [
        ("base", "A jobs/base"),
        ("ours", "A jobs/ours"),
        ("theirs", "A jobs/theirs"),
    ]
    whole = words(touching(repository, each_parent=True))
    assert whole[:2] == [("merge", "A jobs/theirs"), ("merge", "A jobs/ours")]
    assert whole[-1] == ("base", "A jobs/base")


def test_a_branch_that_a_merge_threw_away_is_seen_when_asked(repository: Repository, commit, git) -> None:
    merged(repository, commit, git, "--strategy=ours")
    assert ("theirs", "A jobs/theirs") in words(touching(repository, each_parent=True))
    assert ("merge", "A jobs/ours D jobs/theirs") in words(touching(repository, each_parent=True))


def test_a_shallow_clone_begins_where_it_was_cut(repository: Repository, commit, git, tmp_path: Path) -> None:
    for number in range(3):
        commit(repository, {f"jobs/{number}": b"x"}, f"{number}\n")
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{repository.root}", tmp_path / "clone"], check=True)
    clone = Repository.find(tmp_path / "clone")
    assert clone is not None
    assert words(touching(clone)) == [("2", "A jobs/0 A jobs/1 A jobs/2")]


def test_a_long_history_comes_in_parts_and_may_be_left_early(repository: Repository, commit) -> None:
    for number in range(70):  # more than the first part has
        commit(repository, {f"jobs/{number}": b"1"}, f"{number}\n")
    assert [each.subject for each in touching(repository)] == [str(number) for number in reversed(range(70))]
    early = commits_touching(repository, repository.head, "jobs")
    assert next(early).subject == "69"
    early.close()


def test_commits_are_told_from_files_of_their_name(repository: Repository, commit) -> None:
    made = [commit(repository, {"mine": text}).commit for text in (b"x", b"y")]
    (repository.root / made[1]).write_text("a file")
    assert list(commits_of(repository, made[1])) == [made[1], made[0]]
    early = commits_of(repository, made[1])
    assert next(early) == made[1]
    early.close()


@pytest.mark.parametrize("commits", [31, 32, 33, 100])
def test_as_many_as_there_are_come_each_once(repository: Repository, commit, commits: int) -> None:
    made = [commit(repository, {"jobs/a": b"%d" % number}).commit for number in range(commits)]
    assert [found.id for found in touching(repository)] == made[::-1]
    assert [found.id for found in touching(repository, oldest_first=True)] == made
    assert [found.id for found in touching(repository, since=made[:1])] == made[:0:-1]


def test_commits_that_cannot_be_listed(repository: Repository, commit) -> None:
    commit(repository, {"mine": b"x"})
    with pytest.raises(GitError, match="git rev-list failed: fatal: bad revision"):
        list(commits_of(repository, "no-such-commit"))
