"""What TVM calls a workload whose name is a hash: kept from the live task to wherever the workload is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tvmgitlib import ConfigLibrary
from tvmgitlib.library.reading import workload_label
from tvmgitlib.model import Workload

KEY = json.dumps(["8654f16aeddf785bad9f028164b3a48d", [1, 512], [10, 512], [1, 10]])
DESC = "vm_mod_fused_nn_dense_add,vm_mod_fused_nn_dense_add_1"
LABEL = "nn_dense_add(1x512, 10x512, 1x10) [8654f16a]"
LAYER = Workload("ansor", KEY, desc=DESC)


@pytest.fixture
def log(tmp_path: Path, logs: Path) -> str:
    """A log of a layer of a model, as Ansor writes it: it names the layer by a hash alone."""
    lines = (logs / "ansor" / "mm_128x128x128.json").read_text().splitlines()
    documents = [json.loads(line) for line in lines]
    for document in documents:
        document["i"][0][0] = KEY
    return "".join(f"{json.dumps(document)}\n" for document in documents)


@pytest.fixture
def described(library: ConfigLibrary, log: str) -> ConfigLibrary:
    job = library.begin_job(platform="board")
    job.describe(LAYER)
    job.describe(LAYER)
    job.log.write_text(log)
    library.finish_job()
    return library


def test_a_layer_is_shown_by_the_functions_that_it_stands_for(described: ConfigLibrary, cli: Any) -> None:
    (best,) = described.best()
    (effort,) = described.trials()
    assert (best.workload, best.workload_label, effort.workload_label) == (KEY, LABEL, LABEL)
    (line,) = (line for line in cli("best").out.splitlines() if "nn_dense" in line)
    assert LABEL in line
    for name in ("nn_dense_add", "fused_nn_dense_add_1", "10x512"):
        assert [found["workload_label"] for found in cli.lines("best", "--workload", name)] == [LABEL]
    (task,) = cli.json("job", "show", best.job)["tasks"]
    assert task["workload_label"] == LABEL
    (change,) = cli.lines("diff", "HEAD~1")
    assert change["workload_label"] == LABEL


def test_it_is_in_the_librarys_files_and_in_no_export(described: ConfigLibrary, tmp_path: Path) -> None:
    assert described.check() == []
    (segment,) = described.path.glob("jobs/*/*.jsonl")
    (task,) = (json.loads(line)["task"] for line in segment.read_text().splitlines() if line.startswith('{"task":'))
    assert task["x-desc"] == DESC
    assert set(task["workload"]) == {"id", "text"}
    (configs,) = described.path.glob("configs/*/*/ansor.jsonl")
    bag = json.loads(configs.read_text())["x-tvmgitlib"]
    assert bag["x-desc"] == DESC
    described.export("ansor", tmp_path / "best.json")
    assert "nn_dense" not in (tmp_path / "best.json").read_text()


def test_a_log_that_says_nothing_of_it_stays_as_it_is(library: ConfigLibrary, log: str, tmp_path: Path) -> None:
    (tmp_path / "ansor.json").write_text(log)
    library.import_logs(tmp_path / "ansor.json", platform="board")
    (best,) = library.best()
    assert best.workload_label == "8654f16aeddf785bad9f028164b3a48d(1x512, 10x512, 1x10)"
    assert not any("x-desc" in path.read_text() for path in library.path.rglob("*.jsonl"))


@pytest.mark.parametrize("first", ["described", "silent"])
def test_effort_is_named_by_whichever_job_knows_the_name(
    library: ConfigLibrary, log: str, tmp_path: Path, first: str
) -> None:
    half = len(log.splitlines()) // 2
    parts = log.splitlines(keepends=True)[:half], log.splitlines(keepends=True)[half:]
    for number, part in enumerate(parts):
        job = library.begin_job(platform="board")
        if (number == 0) == (first == "described"):
            job.describe(LAYER)
        job.log.write_text("".join(part))
        library.finish_job()
    (effort,) = library.trials()
    assert effort.workload_label == LABEL


@pytest.mark.parametrize(
    ("desc", "label"),
    [
        ("vm_mod_fused_nn_conv2d", "nn_conv2d(1x512, 10x512, 1x10) [8654f16a]"),
        ("tvmgen_default_fused_nn_conv2d", "nn_conv2d(1x512, 10x512, 1x10) [8654f16a]"),
        ("my layer", "my layer(1x512, 10x512, 1x10) [8654f16a]"),
        ("fused_", "fused_(1x512, 10x512, 1x10) [8654f16a]"),
        ("evil\x1b[2J", '"evil\\u001b[2J"(1x512, 10x512, 1x10) [8654f16a]'),
    ],
)
def test_what_tvm_puts_before_every_name_is_left_out(desc: str, label: str) -> None:
    assert workload_label(Workload("ansor", KEY, desc=desc)) == label


def test_a_name_that_says_something_needs_no_other() -> None:
    assert workload_label(Workload("ansor", '["matmul", 128, 128]', desc="fused_nn")) == "matmul(128, 128)"
