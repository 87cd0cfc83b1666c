"""A script that adds two numbers on torch."""

import torch

assert torch.ones(2).sum().item() == 2
