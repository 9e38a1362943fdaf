"""What functions.py makes from the table, typed: a line for each row, as a test holds.

A row of one argument is a Unary, of two a Binary, of any number a Variadic. Rows with
defaults or whole numbers, and the few functions written by hand, are spelled out.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias, overload

from autograd.ops import Operation
from autograd.value import Operand, Value

Side: TypeAlias = Operand | Callable[[], Any]

class Unary(Protocol):
    """A function of one number."""

    @overload
    def __call__(self, a: Value, /) -> Value: ...
    @overload
    def __call__(self, a: float, /) -> float: ...

class Binary(Protocol):
    """A function of two numbers."""

    @overload
    def __call__(self, a: Value, b: Operand, /) -> Value: ...
    @overload
    def __call__(self, a: float, b: Value, /) -> Value: ...
    @overload
    def __call__(self, a: float, b: float, /) -> float: ...

class Variadic(Protocol):
    """A function of numbers that are given one by one, or as one iterable."""

    @overload
    def __call__(self, *values: Value | Iterable[Value]) -> Value: ...
    @overload
    def __call__(self, *values: float | Iterable[float]) -> float: ...

# Rows of the table, in its order

add: Binary
sub: Binary
mul: Binary
div: Binary
pow: Binary
neg: Unary
pos: Unary
abs: Unary
sign: Unary
exp: Unary
exp2: Unary
expm1: Unary
log: Unary
log1p: Unary
log2: Unary
log10: Unary
sqrt: Unary
cbrt: Unary
sin: Unary
cos: Unary
tan: Unary
asin: Unary
acos: Unary
atan: Unary
atan2: Binary
hypot: Binary
sinh: Unary
cosh: Unary
tanh: Unary
asinh: Unary
acosh: Unary
atanh: Unary
sigmoid: Unary
relu: Unary

@overload
def leaky_relu(a: Value, slope: Operand = 0.01) -> Value: ...
@overload
def leaky_relu(a: float, slope: Value) -> Value: ...
@overload
def leaky_relu(a: float, slope: float = 0.01) -> float: ...
@overload
def elu(a: Value, alpha: Operand = 1.0) -> Value: ...
@overload
def elu(a: float, alpha: Value) -> Value: ...
@overload
def elu(a: float, alpha: float = 1.0) -> float: ...

gelu: Unary
silu: Unary
softplus: Unary
step: Unary
erf: Unary
erfc: Unary
sinc: Unary
lgamma: Unary
digamma: Unary

@overload
def polygamma(a: Value, n: int) -> Value: ...
@overload
def polygamma(a: float, n: int) -> float: ...

floor: Unary
ceil: Unary
floor_divide: Binary
mod: Binary
maximum: Binary
minimum: Binary

@overload
def clip(a: Value, low: Operand, high: Operand) -> Value: ...
@overload
def clip(a: float, low: Value, high: Operand) -> Value: ...
@overload
def clip(a: float, low: float, high: Value) -> Value: ...
@overload
def clip(a: float, low: float, high: float) -> float: ...
@overload
def where(condition: Operand | bool, a: Value, b: Operand) -> Value: ...
@overload
def where(condition: Operand | bool, a: float, b: Value) -> Value: ...
@overload
def where(condition: Value, a: float, b: float) -> Value: ...
@overload
def where(condition: float | bool, a: float, b: float) -> float: ...
@overload
def where(condition: Operand | bool, a: Side, b: Side) -> Any: ...

sum: Variadic

@overload
def dot(weights: Iterable[Value], inputs: Iterable[Operand]) -> Value: ...
@overload
def dot(weights: Iterable[float], inputs: Iterable[float]) -> float: ...

max: Variadic
min: Variadic
logsumexp: Variadic
logaddexp: Binary

# Made of several rows

@overload
def softmax(values: Iterable[Value]) -> list[Value]: ...
@overload
def softmax(values: Iterable[float]) -> list[float]: ...
@overload
def log_softmax(values: Iterable[Value]) -> list[Value]: ...
@overload
def log_softmax(values: Iterable[float]) -> list[float]: ...
@overload
def cross_entropy(logits: Sequence[Value], shares: Sequence[Operand]) -> Value: ...
@overload
def cross_entropy(logits: Sequence[float], shares: Sequence[float]) -> float: ...

# How methods are made

SIGNS: dict[str, str]
OPERATORS: dict[str, str]

def make_methods(op: Operation, function: Callable[..., Any]) -> None: ...
def each(f: Callable[..., Any], *lists: Sequence[Any]) -> list[Any]: ...
def joined(a: Sequence[Any], b: Sequence[Any]) -> list[Any]: ...
