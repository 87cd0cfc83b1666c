"""A script that builds a small frame."""

import pandas as pd

assert pd.DataFrame({"a": [1, 2]}).a.sum() == 3
