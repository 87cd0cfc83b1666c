"""Prepare an HTTP request without sending it."""

import requests

request = requests.Request("POST", "https://example.org/items", params={"page": 2}, json=[1, 2])
prepared = requests.Session().prepare_request(request)
print("requests", requests.__version__, prepared.method, prepared.url, prepared.body)
