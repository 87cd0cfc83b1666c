"""Read a table with pandas and sum it by group."""

import io

import pandas as pd

TABLE = """city,year,rain
Bergen,2023,2250
Bergen,2024,2410
Cairo,2023,18
Cairo,2024,25
"""

frame = pd.read_csv(io.StringIO(TABLE))
print("pandas", pd.__version__, frame.groupby("city")["rain"].mean().to_dict())
