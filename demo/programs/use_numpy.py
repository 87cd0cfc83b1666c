"""Solve a small system of equations with numpy."""

import numpy as np

generator = np.random.default_rng(7)
matrix = generator.normal(size=(20, 20))
solution = np.linalg.solve(matrix, matrix @ np.arange(20.0))
print("numpy", np.__version__, np.round(solution).astype(int).tolist())
