"""What a shell offers, as bash asks for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tvmgitlib import ConfigLibrary
from tvmgitlib.cli.main import run


def asking(library: Path, *words: str) -> dict[str, str]:
    """The variables by which bash asks for the last word of a command line."""
    line = ["tvmgitlib", "-C", str(library), *words]
    return {"_TVMGITLIB_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(line), "COMP_CWORD": str(len(line) - 1)}


def offered(library: Path, *words: str) -> list[str]:
    """What is offered for the last word of a command line."""
    with CliRunner().isolation(env=asking(library, *words)) as streams:
        with pytest.raises(SystemExit):
            run([])
        out, err = streams[0].getvalue().decode(), streams[1].getvalue()
    assert err == b""
    return [entry.partition(",")[2] for entry in out.splitlines() if entry]


@pytest.fixture
def filled(library: ConfigLibrary, logs: Path) -> ConfigLibrary:
    log = logs / "autotvm" / "t0_tvmgitlib_matmul_ga.log"
    library.import_logs(log, platform="board", tvm="hhb-tvm==0.16.dev0")
    return library


def test_a_shell_asks_a_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tvmgitlib"]
    env = os.environ | asking(tmp_path, "best", "--family", "a")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("plain,autotvm\nplain,ansor\n", "")


def test_commands_and_options_are_offered(library: ConfigLibrary) -> None:
    assert offered(library.path, "re") == ["report", "revert", "revalidate", "rebuild"]
    assert "--workload" in offered(library.path, "best", "--")
    assert offered(library.path, "best", "--family", "a") == ["autotvm", "ansor"]


def test_what_the_library_knows_is_offered(filled: ConfigLibrary) -> None:
    (job,) = (entry.job for entry in filled.log())
    begun = filled.begin_job(platform="board")
    assert offered(filled.path, "best", "--platform", "") == ["board"]
    assert offered(filled.path, "best", "--platform", "x") == []
    assert offered(filled.path, "revert", job[:2]) == [job]
    assert offered(filled.path, "job", "finish", "") == [begun.id]
    assert set(offered(filled.path, "job", "show", "")) == {job, begun.id}
    known = ["policy.tvm", "policy.facts", "policy.max-age", "policy.min-cost", "policy.trust"]
    assert offered(filled.path, "config", "policy.") == known


@pytest.mark.parametrize("evil", ["$(touch${IFS}x)", "`touch`", "a;b", "a|b", "a&b", "!1", "*", "{a,b}", "~", "a>b"])
def test_what_a_shell_would_run_is_not_offered(library: ConfigLibrary, logs: Path, tmp_path: Path, evil: str) -> None:
    """Neither as it is, nor in the quotes that a target is typed in."""
    name = "t0_tvmgitlib_matmul_ga.log"
    log = tmp_path / name
    target = json.dumps(f"llvm -device={evil} -mtriple=x86_64-linux-gnu")[1:-1]
    honest = "llvm -keys=cpu -mcpu=skylake-avx512 -mtriple=x86_64-linux-gnu"
    lines = (logs / "autotvm" / name).read_text()
    assert honest in lines
    log.write_text(lines.replace(honest, target))
    library.import_logs(log, platform="board")
    (effort,) = library.trials()
    assert evil in effort.target_label
    assert offered(library.path, "best", "--target", "") == []


def test_columns_are_offered_by_their_names(library: ConfigLibrary) -> None:
    assert offered(library.path, "best", "--sort", "t") == ["target", "time", "trials", "tuned-with"]
    assert offered(library.path, "best", "--columns", "time,t") == ["time,target", "time,trials", "time,tuned-with"]
    assert offered(library.path, "job", "list", "--columns", "a") == []
    assert offered(library.path, "job", "list", "--remote", "--columns", "job,a") == ["job,age", "job,author"]
    for command in ("trials", "log", "diff", "blame", "coverage"):
        assert len(offered(library.path, command, "--sort", "")) > 3


def test_nothing_is_offered_where_no_library_is(tmp_path: Path) -> None:
    assert offered(tmp_path / "nowhere", "revert", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed_and_installed(
    cli: Any, shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    cli("completion", shell)
    assert (cli.code, "_TVMGITLIB_COMPLETE" in cli.out) == (0, True)
    installed = Path(cli.json("completion", shell, "--install")["path"])
    assert installed.is_relative_to(tmp_path)
    assert installed.read_text().strip() == cli("completion", shell).out.strip()


def test_the_shell_is_the_users(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert cli.json("completion")["shell"] == "fish"
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert (cli("completion").code, "bash | zsh | fish" in cli.err) == (2, True)


def test_bash_takes_the_script(cli: Any, tmp_path: Path) -> None:
    script = tmp_path / "tvmgitlib.bash"
    script.write_text(cli("completion", "bash").out)
    subprocess.run(["bash", "-c", f"source {script} && complete -p tvmgitlib"], check=True, capture_output=True)


#: How an interactive shell begins that reads the script which `completion --install` wrote.
_SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], ". {path}"),
    "zsh": (["-f", "-i"], "fpath+=({path.parent}); autoload -Uz compinit; compinit -u -D"),
    "fish": (["--no-config", "-i"], "source {path}"),
}


@pytest.mark.parametrize("shell", [shell for shell in _SHELLS if shutil.which(shell)])
def test_a_shell_completes_what_is_typed(cli: Any, terminal: Any, shell: str) -> None:
    path = Path(cli.json("completion", shell, "--install")["path"])
    options, begin = _SHELLS[shell]
    with terminal([shell, *options], cli.library) as shown:
        shown.type(f"{begin.format(path=path)}; echo be''gun\n")
        shown.wait_for("begun")
        for typed, completed in (
            ("job res", "job resume "),
            ("best --sort ti", "best --sort time "),
            ("best --columns time,wor", "best --columns time,workload "),
        ):
            shown.type(f"tvmgitlib {typed}\t")
            shown.wait_for(f"tvmgitlib {completed}")
            shown.type("\x15")  # takes the line away
