"""A script that needs numpy for one line."""

import numpy as np

assert np.arange(10).sum() == 45
