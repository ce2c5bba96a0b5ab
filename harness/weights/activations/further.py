"""Activations beyond those with exact arithmetic, by name: a leaky ReLU of any slope, a sine of any frequency, and what torch has besides.

Law: the name says the function, parameters and all: `leaky-relu(0.01)`, `sine(30.0)`, `elu`, `elu(0.5)`, `gelu(tanh)`, `hardtanh(-2, 2)`. Each function
has one name, so that two spaces are equal where their functions are; `canonical` takes what people write to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .listed import LEAKY_SLOPE, LISTED, Activation, leaky, sine

if TYPE_CHECKING:
    import torch

Tensors = Callable[..., "torch.Tensor"]
CALL = re.compile(r"([A-Za-z][A-Za-z0-9 _-]*?)\s*(?:\(\s*([^()]*?)\s*\))?")
OF_TORCH = re.compile(r"^(torch\.(nn\.(functional\.)?)?|nn\.(?=[A-Z]))")
"""How torch's own are called in code; a function `nn.gelu` may be that of another library, whose default is another."""
TORCH_SLOPE = 0.01
"""Of torch's own leaky ReLU, where none is given."""


@dataclass(frozen=True)
class Family:
    """Activations with parameters.

    Args:
        tensors: `(functional, z, *parameters) -> phi(z)`.
        defaults: of the parameters, as torch has them; with these the name has none.
        odd, vanishes: as `Activation`, for all parameters.
    """

    tensors: Callable[..., Any]
    defaults: tuple[float, ...] = ()
    odd: bool = False
    vanishes: bool = True


def _slopes_of_entries(*_: Any) -> Any:
    raise ValueError("the slopes of a PReLU are entries of the network, not known without it")


FURTHER: dict[str, Family] = {
    "elu": Family(lambda f, z, alpha: f.elu(z, alpha), (1.0,)),
    "celu": Family(lambda f, z, alpha: f.celu(z, alpha), (1.0,)),
    "selu": Family(lambda f, z: f.selu(z)),
    "relu6": Family(lambda f, z: f.relu6(z)),
    "hardtanh": Family(lambda f, z, low, high: f.hardtanh(z, low, high), (-1.0, 1.0)),
    "hardswish": Family(lambda f, z: f.hardswish(z)),
    "hardsigmoid": Family(lambda f, z: f.hardsigmoid(z), vanishes=False),
    "sigmoid": Family(lambda f, z: z.sigmoid(), vanishes=False),
    "log-sigmoid": Family(lambda f, z: f.logsigmoid(z), vanishes=False),
    "softplus": Family(lambda f, z, beta, threshold: f.softplus(z, beta, threshold), (1.0, 20.0), vanishes=False),
    "softsign": Family(lambda f, z: f.softsign(z), odd=True),
    "mish": Family(lambda f, z: f.mish(z)),
    "tanhshrink": Family(lambda f, z: f.tanhshrink(z), odd=True),
    "softshrink": Family(lambda f, z, width: f.softshrink(z, width), (0.5,), odd=True),
    "hardshrink": Family(lambda f, z, width: f.hardshrink(z, width), (0.5,), odd=True),
    "threshold": Family(lambda f, z, bound, value: f.threshold(z, bound, value), (0.0, 0.0), vanishes=False),
    "cosine": Family(lambda f, z: z.cos(), vanishes=False),
    "quick-gelu": Family(lambda f, z: z * (1.702 * z).sigmoid()),
    "prelu": Family(_slopes_of_entries),
}
"""Of `threshold` without parameters no network is known; it is there so that its name reads."""
APPROXIMATE = "gelu(tanh)"
"""torch's approximation of the GELU."""
OTHER_NAMES = {
    "sin": "sine", "swish": "silu", "linear": "identity", "gelunew": APPROXIMATE, "gelupytorchtanh": APPROXIMATE, "gelutanh": APPROXIMATE,
    "gelufast": APPROXIMATE, "cos": "cosine", "none": "identity", "htanh": "hardtanh",
}  # fmt: skip
"""What Keras, Flax, transformers and people call them."""


def further(name: str) -> Activation | None:
    """The activation of a canonical name, None for any other name."""
    if canonical(name) != name:
        return None
    if name == APPROXIMATE:
        return Activation(lambda z: _functional().gelu(z, approximate="tanh"))
    head, numbers = _parsed(name)
    if head == "leaky-relu":
        return leaky(numbers[0])
    if head == "sine":
        return sine(numbers[0])
    family = FURTHER[head]
    given = tuple(numbers) or family.defaults
    return Activation(
        lambda z: family.tensors(_functional(), z, *given), odd=family.odd, vanishes=family.vanishes
    )  # fmt: skip


def canonical(name: str) -> str | None:
    """The one name of the activation that people call so, or None.

    `leaky-relu` is the product's own, whose slope 1/64 is exact in binary; `LeakyReLU` and `leaky_relu` are torch's, of slope 0.01.
    """
    if name in LISTED:
        return name
    match = CALL.fullmatch(OF_TORCH.sub("", name.strip()))
    if match is None:
        return None
    word, inside = match[1].strip(), match[2] or None
    plain = re.sub(r"[ _-]", "", word).lower()
    if plain == "gelu" and inside is not None:
        return {"tanh": APPROXIMATE, "none": "gelu"}.get(re.sub(r"approximate|[\s='\"]", "", inside))
    heads = {re.sub("-", "", head): head for head in (*LISTED, *FURTHER)}
    head = OTHER_NAMES.get(plain) or heads.get(plain)
    if head is None:
        return None
    parts = [] if not inside else [re.sub(r"^\w+\s*=\s*", "", part.strip()) for part in inside.split(",")]
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    if head == "leaky-relu":
        if len(numbers) > 1 or (numbers and not -1e6 < numbers[0] < 1e6):
            return None
        return leaky_name(numbers[0] if numbers else TORCH_SLOPE)
    if head == "sine" and numbers:
        if len(numbers) > 1 or not 0 < numbers[0] < 1e6:
            return None
        return "sine" if numbers[0] == 1 else f"sine({numbers[0]!r})"
    if head not in FURTHER:
        return head if not numbers else None
    return family_name(head, numbers) if len(numbers) <= len(FURTHER[head].defaults) else None


def leaky_name(slope: float) -> str:
    """The name of the leaky ReLU of a slope."""
    if slope == 0.0:
        return "relu"
    return {LEAKY_SLOPE: "leaky-relu", 1.0: "identity", -1.0: "abs"}.get(slope) or f"leaky-relu({slope!r})"


def family_name(head: str, numbers: list[float] | tuple[float, ...]) -> str:
    """The name of one of `FURTHER` with these parameters, the others at their defaults."""
    defaults = FURTHER[head].defaults
    whole = (*map(float, numbers), *defaults[len(numbers) :])
    return head if whole == defaults else f"{head}({', '.join(map(repr, whole))})"


def allowed() -> str:
    """The names for a message."""
    return f"{', '.join(LISTED)}, leaky-relu(SLOPE), sine(OMEGA), {APPROXIMATE}, {', '.join(FURTHER)}"


def _parsed(name: str) -> tuple[str, list[float]]:
    head, _, rest = name.partition("(")
    return head, [float(part) for part in rest.rstrip(")").split(",") if part.strip()]


def _functional() -> Any:
    from torch.nn import functional

    return functional
