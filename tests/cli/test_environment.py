"""What the machine refuses: one or two lines, exit code 2, and nothing half done."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from genn_delays.support.errors import CheckpointError

NATIVE = ("--set", "backend.name=native")


def command(*words: object, **how) -> subprocess.Popen:
    line = [sys.executable, "-m", "genn_delays", *map(str, words)]
    return subprocess.Popen(line, stderr=subprocess.PIPE, text=True, **how)


def expect_error(code: int, message: str, *parts: str) -> None:
    assert code == 2, message
    assert message.startswith("Error: ")
    assert message.rstrip("\n").count("\n") <= 1
    for part in parts:
        assert part in message


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["run"]])
def test_a_full_output_is_an_error_and_leaves_no_run(folder, config, words):
    words = words if "--help" in words else [*words, config, "--output", "run"]
    with open("/dev/full", "w") as full:
        process = command(*words, stdout=full)
        message = process.communicate()[1]
    expect_error(process.returncode, message, "standard output: No space left on device")
    assert not (folder / "run").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_an_error_that_cannot_be_written_keeps_its_exit_code(config):
    with open("/dev/full", "w") as full:
        line = [sys.executable, "-m", "genn_delays", "check", "nothing.yaml"]
        assert subprocess.run(line, stderr=full).returncode == 2


def test_the_outcome_is_told_before_the_picture_is_drawn(config, call, monkeypatch):
    def fail(folder):
        raise CheckpointError(f"{folder.picture} cannot be written")

    monkeypatch.setattr("genn_delays.figures.plot_run", fail)
    result = call("run", config, "--output", "run")
    assert result.exit_code == 2
    assert "test accuracy" in result.stdout


def test_an_output_that_nobody_reads_ends_it_without_a_word(config):
    reading, writing = os.pipe()
    os.close(reading)
    process = command("check", config, "--print", stdout=writing)
    os.close(writing)
    assert process.communicate()[1] == ""
    assert process.returncode == 141


def test_a_closed_output_is_an_error(config):
    process = command("check", config, preexec_fn=lambda: os.close(1))
    expect_error(process.wait(), process.communicate()[1], "standard output is closed")


def test_a_run_goes_on_where_nobody_can_be_told(folder, config):
    line = [sys.executable, "-m", "genn_delays", "run", str(config), "--output", "run"]
    done = subprocess.run(line, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.close(2))
    assert done.returncode == 0
    assert (folder / "run" / "summary.json").exists()


@pytest.mark.parametrize(("name", "words"), [("training.png", "plot"), ("log.txt", "resume")])
def test_a_run_folder_that_cannot_be_written_to_is_named(folder, config, call, name, words):
    assert call("run", config, "--output", "run").exit_code == 0
    (folder / "run" / name).unlink()
    (folder / "run" / name).mkdir()  # nobody can write there, not even root
    result = call(words, "run")
    expect_error(result.exit_code, result.stderr, f"run/{name} cannot be written: Is a directory")


def test_memory_that_is_not_there_is_an_error(config, call, monkeypatch):
    def none(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 9 TiB")

    monkeypatch.setattr(sys.modules["genn_delays.cli.check"], "check_declared", none)
    result = call("check", config)
    expect_error(result.exit_code, result.stderr, "Unable to allocate 9 TiB", "batch_size")


COMPILERS = {
    "makes nothing": ("sys.exit(0)", "made no library"),
    "speaks Latin-1": (
        "sys.stderr.buffer.write(b'error: caf\\xe9\\n'); sys.exit(1)",
        "failed to compile the engine: error: caf",
    ),
    "speaks in lines": ("sys.exit('a\\nb\\nc')", "failed to compile the engine: a b c"),
}


def compiler(folder, source: str):
    path = folder / "compiler"
    path.write_text(f"#!{sys.executable}\nimport sys\n{source}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("what", COMPILERS)
def test_a_compiler_that_is_none_is_named_with_the_remedy(folder, config, call, monkeypatch, what):
    source, part = COMPILERS[what]
    path = compiler(folder, source)
    monkeypatch.setenv("CC", str(path))
    result = call("check", config, "--data", *NATIVE)
    expect_error(result.exit_code, result.stderr, str(path), part, "environment variable CC")
    assert call("doctor").exit_code == 0


def test_a_library_without_the_functions_is_named(folder, config, call, monkeypatch):
    real = "import subprocess\nout = sys.argv[sys.argv.index('-o') + 1:][:1]\n"
    real += "open('empty.c', 'w').write('int x;')\n"
    real += "subprocess.run(['cc', '-shared', '-fPIC', 'empty.c', '-o', *out])"
    source = "if '--version' in sys.argv: sys.exit(0)\n" + real
    monkeypatch.setenv("CC", str(compiler(folder, source)))
    result = call("check", config, "--data", *NATIVE)
    expect_error(result.exit_code, result.stderr, ".so has no function", "delete this file")


@pytest.mark.parametrize("given", ['gcc "x', "gcc 'x", "gcc \\"])
def test_a_command_without_its_end_is_an_error(config, call, monkeypatch, given):
    monkeypatch.setenv("CC", given)
    result = call("check", config, "--data", *NATIVE)
    expect_error(result.exit_code, result.stderr, "CC=", "which is no command: No ")
