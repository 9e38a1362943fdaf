"""A scalar autograd engine: a `Value` is one number that remembers how it was made.

>>> a = Value(2.0, label="a")
>>> b = Value(-3.0, label="b")
>>> (a * b + a.tanh()).backward()
>>> round(a.grad, 4), b.grad
(-2.9293, 2.0)
"""

from autograd.anomaly import anomaly
from autograd.backward import gradients
from autograd.checking.judges import check_gradient, finite_difference
from autograd.compiler import NumericalError, compile, compile_function
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
    asin,
    atan,
    atan2,
    cos,
    cosh,
    dot,
    elu,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1p,
    log_softmax,
    logsumexp,
    max,
    maximum,
    min,
    minimum,
    pow,
    relu,
    sigmoid,
    silu,
    sin,
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
from autograd.graph import topological_order
from autograd.modes import no_grad, tracing
from autograd.operation import operation
from autograd.reading.derivation import Derivation
from autograd.reading.explanation import Explanation
from autograd.value import Constant, Operand, Value, as_values

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
    "anomaly",
    "as_values",
    "asin",
    "atan",
    "atan2",
    "check_gradient",
    "compile",
    "compile_function",
    "cos",
    "cosh",
    "derivative",
    "directional_derivative",
    "dot",
    "elu",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "finite_difference",
    "gelu",
    "grad",
    "gradients",
    "hessian",
    "hvp",
    "hypot",
    "jacobian",
    "jvp",
    "leaky_relu",
    "linearize",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "max",
    "maximum",
    "min",
    "minimum",
    "no_grad",
    "operation",
    "pow",
    "relu",
    "sigmoid",
    "silu",
    "sin",
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
