"""A scalar autograd engine: a `Value` is one number that remembers how it was made.

>>> a = Value(2.0, label="a")
>>> b = Value(-3.0, label="b")
>>> (a * b + a.tanh()).backward()
>>> round(a.grad, 4), b.grad
(-2.9293, 2.0)
"""

from typing import TYPE_CHECKING, Any

from autograd import linalg
from autograd.anomaly import anomaly
from autograd.apply import as_values
from autograd.checking.check import check_gradient
from autograd.checking.differences import finite_difference
from autograd.compiler import NumericalError, compile, compile_function, load_program
from autograd.errors import (
    DerivativeError,
    DomainError,
    GradientMismatch,
    TraceError,
)
from autograd.functional import (
    derivative,
    directional_derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from autograd.functions import (
    abs,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    ceil,
    clip,
    cos,
    cosh,
    digamma,
    dot,
    elu,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    gelu,
    hypot,
    leaky_relu,
    lgamma,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logaddexp,
    logsumexp,
    max,
    maximum,
    min,
    minimum,
    polygamma,
    pow,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    sinc,
    sinh,
    softmax,
    softplus,
    sqrt,
    step,
    sum,
    tan,
    tanh,
    where,
)
from autograd.linearize import gradients
from autograd.modes import no_grad, tracing
from autograd.native import backend
from autograd.operation import opaque, operation
from autograd.reading.derivation import Derivation
from autograd.reading.explanation import Explanation
from autograd.value import Constant, Operand, Value, topological_order

if TYPE_CHECKING:
    from autograd.compiler import CompiledFunction as CompiledFunction
    from autograd.compiler import CompiledProgram as CompiledProgram

__version__ = "0.1.0"

__all__ = [
    "Constant",
    "Derivation",
    "DerivativeError",
    "DomainError",
    "Explanation",
    "GradientMismatch",
    "NumericalError",
    "Operand",
    "TraceError",
    "Value",
    "abs",
    "acos",
    "acosh",
    "anomaly",
    "as_values",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "backend",
    "cbrt",
    "ceil",
    "check_gradient",
    "clip",
    "compile",
    "compile_function",
    "cos",
    "cosh",
    "derivative",
    "digamma",
    "directional_derivative",
    "dot",
    "elu",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "finite_difference",
    "floor",
    "gelu",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "hypot",
    "jacobian",
    "jvp",
    "leaky_relu",
    "lgamma",
    "linalg",
    "linearize",
    "load_program",
    "log",
    "log1p",
    "log2",
    "log10",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "max",
    "maximum",
    "min",
    "minimum",
    "no_grad",
    "opaque",
    "operation",
    "polygamma",
    "pow",
    "relu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinc",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "step",
    "sum",
    "tan",
    "tanh",
    "topological_order",
    "tracing",
    "value_and_grad",
    "vjp",
    "where",
]


def __getattr__(name: str) -> Any:
    """`CompiledProgram` and `CompiledFunction`, for annotations and isinstance.

    They are not in `__all__`, as they come with NumPy.
    """
    if name in ("CompiledFunction", "CompiledProgram"):
        # Not above: `import autograd` needs only the standard library.
        from autograd import compiler

        return getattr(compiler, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
