"""For all tests: property tests draw the same examples every time, and a busy machine fails none of them."""

import os

from hypothesis import settings

# Workers side by side (pytest -n) share the cores: torch and BLAS with a thread a core in each of them get slower, not
# faster, as their threads wait for one another spinning. Set before any test imports them; child processes inherit it.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
