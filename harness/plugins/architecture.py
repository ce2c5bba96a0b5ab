"""The plug-in contract: what an architecture is given, what it owes, and what it declares about itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ..core.registry import did_you_mean
from .outputs import Equivariant, Invariant
from .traits import InvalidPlugin, Traits

if TYPE_CHECKING:
    import torch

    from ..weights.space import WeightSpace

ITS_OWN = "the weight space that it was built for"
"""What a built network serves (`as_architecture` of a function without parameters)."""
CONTRACT = "(space: WeightSpace, output: Invariant | Equivariant, **options) -> torch.nn.Module"


class Unsupported(Exception):
    """Raise in a plug-in's constructor for a space, output or dtype that it does not claim: the row is not-applicable.

    The message is the reason shown. Raised after construction it counts as an error, since a claim was made by then.
    """


class OptionError(ValueError):
    """An option that the architecture does not take, or a value of the wrong type."""


@dataclass(frozen=True)
class Architecture:
    """A plug-in with its options: everything that the harness knows of a network family.

    Args:
        name: as named on the command line, without options.
        factory: `(space, output, **options) -> torch.nn.Module`.
        traits: what it declares.
        options: the options given; the rest keep the factory's defaults.
    """

    name: str
    factory: Callable[..., torch.nn.Module]
    traits: Traits
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, Any]:
        """Option name -> default, in the order of the factory's signature."""
        return _options(self.factory)

    @property
    def rounds(self) -> tuple[int, int] | None:
        """Declared refinement rounds `(low, high)` at these options; None unless power is `1-wl` or `2-fwl`."""
        if self.traits.rounds is None:
            return None
        values = {**self.defaults, **self.options}
        found = self.traits.rounds(**{name: values[name] for name in inspect.signature(self.traits.rounds).parameters})
        return None if found is None else (int(found[0]), int(found[1]))

    def with_options(self, options: Mapping[str, Any]) -> Architecture:
        """The same architecture with other options, and with what it declares at these.

        Raises:
            OptionError: an option that the factory does not take, or whose type differs from the default's.
            InvalidPlugin: it declares rounds at these options that say nothing.
        """
        defaults = self.defaults
        open_ended = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(self.factory).parameters.values())
        for name, value in options.items():
            if name not in defaults:
                if open_ended:
                    continue
                raise OptionError(f'{self.name} takes no option "{name}"{did_you_mean(name, defaults)}')
            default = defaults[name]
            if default is None or default is inspect.Parameter.empty:
                continue
            allowed = (int, float) if isinstance(default, float) else (type(default),)
            if not isinstance(value, allowed) or (isinstance(value, bool) and not isinstance(default, bool)):
                raise OptionError(
                    f"{self.name}[{name}={value}]: got {type(value).__name__}, allowed: {type(default).__name__}, as in {default!r}"
                )
        traits = self.traits.at({**defaults, **options})
        return Architecture(self.name, self.factory, traits, dict(options))

    def build(
        self,
        space: WeightSpace,
        output: Invariant | Equivariant,
        *,
        seed: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str = "cpu",
    ) -> torch.nn.Module:
        """One network: the same seed gives the same parameters and buffers, whatever was drawn before.

        The global random state of torch is left as it was. `dtype` defaults to float32.

        Raises:
            Unsupported: the plug-in does not claim this space or output.
            InvalidPlugin: the factory returned no module.
        """
        import torch  # the contract is read by front ends that must start without torch

        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # networks are built on the CPU, whatever they run on
            module = self.factory(space, output, **self.options)
        if not isinstance(module, torch.nn.Module):
            raise InvalidPlugin(f"{self.name} built a {type(module).__name__}; the contract is {CONTRACT}")
        lazy = [name for name, each in module.named_parameters() if torch.nn.parameter.is_lazy(each)]
        if lazy:
            raise InvalidPlugin(
                f"{self.name} leaves {lazy[0]} without a size, as lazy modules do: no seed draws it; say its size"
            )
        return cast_(module, dtype or torch.float32, device).eval()


def cast_(module: torch.nn.Module, dtype: torch.dtype, device: torch.device | str | None = None) -> torch.nn.Module:
    """The module in another real precision, in place; complex numbers stay complex, of that precision (`Module.to` takes their real part)."""
    numbers = [each for part in module.modules() for each in (*part._parameters.values(), *part._buffers.values())]
    if not any(each is not None and each.is_complex() for each in numbers):
        return module.to(device=device, dtype=dtype)
    return module.to(device=device)._apply(
        lambda each: (
            each.to(dtype.to_complex() if each.is_complex() else dtype)
            if each.is_complex() or each.is_floating_point()
            else each
        )
    )


@dataclass(frozen=True)
class Refused:
    """In place of an `Architecture`: why `register` takes none of this factory, and where that was asked, as `file:line: reason`."""

    factory: Callable[..., Any]
    reason: str


F = TypeVar("F", bound=Callable[..., Any])


def register(name: str, **traits: Any) -> Callable[[F], F]:
    """Declare a network class or factory as an architecture; returns it unchanged.

    What breaks the contract is told by `as_architecture`, so once this very factory is asked for: others of its file are served.

    Args:
        name: the name that reports show; installed plug-ins use the same name as their entry point.
        traits: the fields of `Traits`.
    """

    def declare(factory: F) -> F:
        try:
            found: Architecture | Refused = as_architecture(factory, name, _declared(name, traits))
        except InvalidPlugin as error:
            frame = inspect.currentframe()
            caller = None if frame is None else frame.f_back
            place = "" if caller is None else f"{caller.f_code.co_filename}:{caller.f_lineno}: "
            found = Refused(factory, f"{place}{error}")
        factory.__orbitcheck__ = found  # type: ignore[attr-defined]
        return factory

    return declare


def _declared(name: str, traits: Mapping[str, Any]) -> Traits:
    """The traits given by name.

    Raises:
        InvalidPlugin: a trait that does not exist, or a value that is not allowed.
    """
    unknown = [key for key in traits if key not in Traits.__dataclass_fields__]
    if unknown:
        raise InvalidPlugin(
            f'{name}: unknown trait "{unknown[0]}"{did_you_mean(unknown[0], Traits.__dataclass_fields__)}'
        )
    try:
        return Traits(**traits)
    except InvalidPlugin as error:
        raise InvalidPlugin(f"{name}: {error}") from None


def as_architecture(factory: Callable[..., Any], name: str | None = None, traits: Traits | None = None) -> Architecture:
    """The architecture that a registered factory declared, or one with default traits for any other callable.

    A function without parameters gives one built network, trained or not, with an attribute `space`: it is asked as it is.

    Raises:
        InvalidPlugin: not callable, the signature does not take `(space, output, **options)` (both are shown), `rounds` is a
            function of something that is no option, or `register` was given a trait that does not exist or a value that is not
            allowed.
    """
    declared = getattr(factory, "__orbitcheck__", None)
    if traits is None and isinstance(declared, Refused) and declared.factory is factory:
        raise InvalidPlugin(declared.reason)
    own = (declared.factory, getattr(declared.factory, "loads", None)) if isinstance(declared, Architecture) else ()
    if traits is None and isinstance(declared, Architecture) and factory in own:  # a subclass does not inherit
        return declared
    shown = name or getattr(factory, "__qualname__", repr(factory))
    if not callable(factory):
        raise InvalidPlugin(f"{shown} is a {type(factory).__name__}; allowed: a callable {CONTRACT}")
    signature = inspect.signature(factory)
    if not inspect.isclass(factory) and not signature.parameters:
        return Architecture(shown, _serving(factory, shown), replace(traits or Traits(), shapes=ITS_OWN))
    try:
        signature.bind(None, None)
    except TypeError:
        raise InvalidPlugin(
            f"{shown}{signature} cannot be called as an architecture; the contract is {CONTRACT}, with a default for every option"
        ) from None
    architecture = Architecture(shown, factory, traits or Traits())
    for option in inspect.signature(architecture.traits.rounds).parameters if architecture.traits.rounds else ():
        if option not in architecture.defaults:
            raise InvalidPlugin(
                f"{shown}: rounds() names {option!r}, which is no option{did_you_mean(option, architecture.defaults)}"
            )
    return architecture


def _serving(load: Callable[[], torch.nn.Module], name: str) -> Callable[..., torch.nn.Module]:
    """The factory that hands out one built network, as it is, for the space and the kind of output that it serves.

    Every question is about these very parameters: none are drawn anew.
    """

    def factory(space: WeightSpace, output: Invariant | Equivariant) -> torch.nn.Module:
        import numpy as np
        import torch

        from ..weights.batch import Weights
        from ..weights.inputs import constructed
        from ..weights.space import WeightSpace
        from .importing.as_built import AsBuilt

        module = load()
        if not isinstance(module, torch.nn.Module):
            raise InvalidPlugin(f"{name} gave a {type(module).__name__}; a trained network is a torch.nn.Module")
        served = getattr(module, "space", None)
        if not isinstance(served, WeightSpace):
            raise InvalidPlugin(f"{name} gave {type(module).__name__} without `space`, the weight space that it serves")
        if served != space:
            raise Unsupported(f"serves {served}")
        was = next((parameter.dtype for parameter in module.parameters()), torch.float32)
        with torch.no_grad():
            shown = module.eval()(constructed("generic", space, 2, np.random.default_rng(0)).to(was))
        if isinstance(shown, Weights) != isinstance(output, Equivariant):
            raise Unsupported(f"answers with {'Weights' if isinstance(shown, Weights) else 'a tensor'}")
        return AsBuilt(module, output.channels if isinstance(output, Equivariant) else output.dim)

    factory.loads = load  # type: ignore[attr-defined]
    return factory


def _options(factory: Callable[..., Any]) -> dict[str, Any]:
    """Option name -> default: every parameter after the first two that can be given by name."""
    parameters = list(inspect.signature(factory).parameters.values())[2:]
    return {p.name: p.default for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
