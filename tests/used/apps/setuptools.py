import pathlib
import subprocess
import sys

pathlib.Path("pyproject.toml").write_text(
    "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n[project]\nname = 'made'\nversion = '1'\n[tool.setuptools]\npy-modules = ['made']\n"
)
pathlib.Path("made.py").write_text("")
done = subprocess.run([sys.executable, "-m", "build", "--wheel", "--no-isolation"], capture_output=True, text=True)
print(done.returncode, sorted(path.name for path in pathlib.Path("dist").iterdir()))
