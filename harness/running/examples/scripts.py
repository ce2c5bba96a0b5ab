"""The scripts of counter-examples: each uses torch, orbitcheck's public face and the plug-in, and nothing else. No torch here.

`$what`, `$plugin`, `$output`, `$network` and `$settings` are filled in. Every script ends with 1 while the failure shows, with 0 once it does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

from .shown import Shown

_HEAD = '''"""$what

{docs}
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from orbitcheck import Equivariant, GroupElement, Invariant, Weights, WeightSpace, act
from orbitcheck.extending import act_in_size

$plugin

SETTINGS = json.loads("""$settings""")
OUTPUT = $output
HERE = Path(__file__).parent

space = WeightSpace.from_json(SETTINGS["space"])
dtype = getattr(torch, SETTINGS["dtype"])
numbers = load_file(HERE / "weights.safetensors")


def vector(name):
    return Weights(space, {tensor: numbers[f"{name}.{tensor}"].to(dtype) for tensor in space.axes})


torch.manual_seed(SETTINGS["seed"])
network = $network.to(dtype=dtype)
network.load_state_dict(load_file(HERE / "parameters.safetensors"), strict=False)
network.train(SETTINGS["train"])


def plain(answer):
    return answer.map(lambda tensor: tensor.detach().double()) if isinstance(answer, Weights) else answer.detach().double()


def phi(v, layout=torch.clone):
    return plain(network(v.map(layout)))
'''

_LAW_HEAD = (
    _HEAD.replace(
        "{docs}",
        "Prints what is compared and e, by how much it differs; ends with 1 while e is above the limit, else with 0.",
    )
    + """

def tensors(output):
    return output if isinstance(output, dict) else dict(output.items()) if isinstance(output, Weights) else {"output": output}


def apart(output, base):
    return max(float((t - tensors(base)[name]).abs().max()) for name, t in tensors(output).items())


KIND = getattr(OUTPUT, "kind", None)
"""
)

_MOVED = """v, gv, g = vector("v"), vector("gv"), GroupElement.from_json(SETTINGS["element"])
print("g:", g)
"""

_END = """
# An error is measured in units of its tensor's largest entry, or of a thousandth of the largest of all; g moves units, too.
largest = max(float(tensor.abs().max()) for tensor in tensors(base).values())
sizes = {name: max(float(tensor.abs().max()), 1e-3 * largest, 1e-300) for name, tensor in tensors(base).items()}
units = {name: torch.full_like(tensor, sizes[name]) for name, tensor in tensors(base).items()}
if moved is not base:
    units = act_in_size(g, Weights(space, units), KIND).tensors
e = max(float(((tensor - tensors(moved)[name]).abs() / units[name]).max()) for name, tensor in tensors(left).items())

print("parameters:", SETTINGS["reached"], "in", SETTINGS["dtype"])
for name, tensor in tensors(left).items():
    print(f"{name}: {left_name} =", tensor.flatten().tolist())
    print(f"{name}: {right_name} =", tensors(moved)[name].flatten().tolist())
print(f"e = {e:.3e}, limit {SETTINGS['limit']:.1e}")
sys.exit(int(not e <= SETTINGS["limit"]))
"""

_LAW = """left_name, right_name = "phi(g v)", "g phi(v)"
with torch.no_grad():
    base, left = phi(v), phi(gv)
moved = act(g, base, KIND) if isinstance(base, Weights) else base
"""

_RECORDED = """left_name, right_name = "phi(v), gradients recorded", "phi(v)"
with torch.no_grad():
    base = moved = phi(v)
left = phi(v)
try:
    left = max(left, phi(v, lambda tensor: tensor.clone().requires_grad_()), key=lambda output: apart(output, base))
except RuntimeError:
    pass  # inputs that require a gradient are refused
"""

_STRIDED = """left_name, right_name = "phi(v), the input strided", "phi(v)"


def transposed(tensor):
    order = list(range(tensor.ndim))[::-1]
    return tensor.permute(order).contiguous().permute(order)


def spread_out(tensor):
    memory = torch.full((2 * tensor.numel() + 2,), 1e3, dtype=dtype)[2:].view(*tensor.shape, 2)[..., 0]
    return memory.copy_(tensor)


with torch.no_grad():
    base = moved = phi(v)
    left = max((phi(v, layout) for layout in (transposed, spread_out)), key=lambda output: apart(output, base))
"""

_BATCH = """v, index = vector("v"), [SETTINGS["index"]]
left_name, right_name = f"phi of {v.batch} weight vectors, that of number {index[0]}", "phi of it alone"
with torch.no_grad():
    base = moved = [phi(v[[number]]) for number in range(v.batch)][index[0]]
    left = phi(v)[index]
"""

_CALLS = """v = vector("v")
place, answers = v[[0]].clone(), []  # one input after the other in the same tensors
with torch.no_grad():
    for number in list(range(v.batch)) * SETTINGS["rounds"]:
        for name, tensor in place.items():
            tensor.copy_(v.tensors[name][[number]])
        answers.append(plain(network(place)))
later = max(range(v.batch, len(answers)), key=lambda number: apart(answers[number], answers[number % v.batch]))
left_name, right_name = f"phi(v), call {later + 1}", f"phi(v), call {later % v.batch + 1}"
left, base = answers[later], answers[later % v.batch]
moved = base
"""

_FUNCTIONAL = """c = torch.tensor([SETTINGS["functional"]], dtype=dtype)
dual = c if KIND is None else act(g, Weights.from_flat(space, c), SETTINGS["dual"]).flat()
parameters = {name: each for name, each in network.named_parameters() if each.requires_grad}


def gradient(v, c, of):
    answer = network(v)
    flat = answer.flat() if isinstance(answer, Weights) else answer
    found = torch.autograd.grad((flat * c).sum(), list(of.values()), allow_unused=True)
    return {name: (torch.zeros_like(each) if new is None else new).double() for (name, each), new in zip(of.items(), found)}

"""

_IN_INPUT = """
def in_input(v, c):
    shown = v.map(lambda tensor: tensor.clone().requires_grad_())
    return Weights(space, gradient(shown, c, shown.tensors))


left_name, right_name, KIND = "gradient of <g c, phi> at g v", "the dual of g applied to that of <c, phi> at v", "covector"
base, left = in_input(v, c), in_input(gv, dual)
moved = act(g, base, KIND)
"""

_IN_PARAMETERS = """left_name, right_name = "gradient of <g c, phi(g v)>", "gradient of <c, phi(v)>"
base = moved = gradient(v, c, parameters)
left = gradient(gv, dual, parameters)
"""

_COMPILED = """left_name, right_name = "phi(v) compiled", "phi(v)"
with torch.no_grad():
    base = moved = phi(v)
    left = plain(torch.compile(network)(v))
"""

_JUMP = """
v, w = vector("v"), vector("w")
between = max(float((tensor - v.tensors[name]).abs().max()) for name, tensor in w.items())
left_name, right_name = "phi(w)", "phi(v)"
with torch.no_grad():
    base = moved = phi(v)
    left = phi(w)
print(f"v and w differ by {between:.1e} at most")
"""
_BODIES: Mapping[Shown, str] = {
    Shown.LAW: _MOVED + _LAW,
    Shown.RECORDED: _MOVED + _RECORDED,
    Shown.STRIDED: _MOVED + _STRIDED,
    Shown.BATCH: _BATCH,
    Shown.CALLS: _CALLS,
    Shown.GRADIENT_IN_INPUT: _MOVED + _FUNCTIONAL + _IN_INPUT,
    Shown.GRADIENT_IN_PARAMETERS: _MOVED + _FUNCTIONAL + _IN_PARAMETERS,
    Shown.COMPILED: _MOVED + _COMPILED,
    Shown.JUMP: _JUMP,
}

SEPARATION = Template(
    _HEAD.replace(
        "{docs}",
        "Prints both outputs, their distance and the noise; ends with 1 while this is not what was predicted, else with 0.",
    )
    + """

from orbitcheck import random_elements
import numpy as np

v, w = vector("v"), vector("w")
copies = random_elements(space, 16, np.random.default_rng(0))
with torch.no_grad():
    of_v = torch.cat([phi(act(g, v)) for g in copies])
    of_w = torch.cat([phi(act(g, w)) for g in copies])
noise = max(float(torch.cdist(of_v, of_v).max()), float(torch.cdist(of_w, of_w).max()))
noise = max(noise, 4 * torch.finfo(dtype).eps / 2 * float(torch.cat([of_v, of_w]).norm(dim=1).mean()), 1e-300)
gap = float(torch.cdist(of_v, of_w).min())
seen = "separated" if gap >= SETTINGS["gap"] * noise else "not separated"

print("draw:", SETTINGS["draw"])
print("phi(v) =", of_v[0].tolist())
print("phi(w) =", of_w[0].tolist())
print(f"e = {gap:.3e} apart, {noise:.3e} within an orbit: {seen}; predicted: {SETTINGS['predicted']}")
sys.exit(int((seen == "separated") != (SETTINGS["predicted"] == "separated")))
"""
)


def of_the_law(shown: Shown) -> Template:
    """The script that compares what `shown` says."""
    return Template(_LAW_HEAD + _BODIES[shown] + _END)
