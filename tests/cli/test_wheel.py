"""The wheel holds all that the program needs, and works outside the checkout."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.architecture.source import MIGRATIONS, ROOT, STATIC, TEMPLATES
from tests.server import environment_of
from tests.settings import make_settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the checkout in which the wheel, and nothing of the checkout, is installed."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder, wheel]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, cwd=folder)
    return folder


def run(program: Path, instance: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed program, with the locked dependencies of this environment beside it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MARKETPLACE_", "PYTHON"))}
    environment |= environment_of(make_settings(instance)) | {"PYTHONPATH": str(program), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "marketplace", *arguments]
    return subprocess.run(command, cwd=instance, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_templates_static_files_migrations_and_translations(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"marketplace/{folder.name}/{path.relative_to(folder).as_posix()}"
        for folder in (TEMPLATES, STATIC, MIGRATIONS)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    package = ROOT / "marketplace"
    wanted |= {
        f"marketplace/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sorted(wanted - held) == []
    assert [name for name in held if name.startswith(("tests/", "instance/")) or "__pycache__" in name] == []


def test_the_installed_program_runs_from_its_own_files(program: Path, tmp_path: Path) -> None:
    code = "import marketplace.app, marketplace.paths as p; print(marketplace.app.__file__, p.TEMPLATES, p.MIGRATIONS)"
    environment = {"PYTHONPATH": str(program), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(path.startswith(str(program)) for path in done.stdout.split())
    assert str(ROOT) not in done.stdout


def test_the_installed_program_makes_and_checks_a_database(program: Path, tmp_path: Path) -> None:
    for arguments in (["--help"], ["db", "upgrade"], ["db", "check"], ["import", "divisions", "--help"]):
        done = run(program, tmp_path, *arguments)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "jiedui.sqlite").is_file()


def test_the_installed_program_answers_a_page_in_chinese(program: Path, tmp_path: Path) -> None:
    assert run(program, tmp_path, "db", "upgrade").returncode == 0
    code = (
        "from marketplace.app import create_app; from marketplace.config import Settings;"
        "page = create_app(Settings.from_env()).test_client().get('/login');"
        "print(page.status_code, '手机号' in page.text)"
    )
    environment = {**environment_of(make_settings(tmp_path)), "PYTHONPATH": str(program), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["200 True"], done.stderr


def test_the_command_is_installed(program: Path) -> None:
    script = program / "bin" / f"marketplace{sysconfig.get_config_var('EXE') or ''}"
    assert script.is_file()
