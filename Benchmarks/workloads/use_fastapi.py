"""A FastAPI application up to the point where a server would take over."""

from fastapi import FastAPI
from pydantic import BaseModel


class Item(BaseModel):
    """What the one route takes."""

    name: str
    price: float = 0.0


app = FastAPI()


@app.post("/items")
def create(item: Item) -> Item:
    """Return what was sent."""
    return item


assert app.openapi()["paths"]
