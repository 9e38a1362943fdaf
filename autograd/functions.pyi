"""What functions.py makes from the table, typed: a line for each row, as a test holds.

A row of one argument is a Unary, of two a Binary, of any number a Variadic. Rows with
defaults or whole numbers, and the few functions written by hand, are spelled out.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, overload

from autograd.ops import Operation
from autograd.value import Operand, Value

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
exp: Unary
expm1: Unary
log: Unary
log1p: Unary
sqrt: Unary
sin: Unary
cos: Unary
tan: Unary
asin: Unary
acos: Unary
atan: Unary
sinh: Unary
cosh: Unary
tanh: Unary
atan2: Binary
hypot: Binary
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
maximum: Binary
minimum: Binary

@overload
def where(condition: Operand | bool, a: Value, b: Operand) -> Value: ...
@overload
def where(condition: Operand | bool, a: float, b: Value) -> Value: ...
@overload
def where(condition: Value, a: float, b: float) -> Value: ...
@overload
def where(condition: float | bool, a: float, b: float) -> float: ...

sum: Variadic

@overload
def dot(weights: Iterable[Value], inputs: Iterable[Operand]) -> Value: ...
@overload
def dot(weights: Iterable[float], inputs: Iterable[float]) -> float: ...

max: Variadic
min: Variadic
logsumexp: Variadic

# Made of several rows

@overload
def softmax(values: Iterable[Value]) -> list[Value]: ...
@overload
def softmax(values: Iterable[float]) -> list[float]: ...
@overload
def log_softmax(values: Iterable[Value]) -> list[Value]: ...
@overload
def log_softmax(values: Iterable[float]) -> list[float]: ...

# How functions are made

UFUNCS: dict[str, str]
SIGNS: dict[str, str]
OPERATORS: dict[str, str]

def operand(thing: Any, name: str) -> Value: ...
def as_values(numbers: Iterable[Operand]) -> list[Value]: ...
def argument_names(op: Operation) -> list[str]: ...
def unary(name: str) -> Callable[[Any], Any]: ...
def binary(name: str, operator: bool = False) -> Callable[[Any, Any], Any]: ...
def variadic(name: str) -> Callable[..., Any]: ...
def function_of(name: str) -> Callable[..., Any]: ...
def each(f: Callable[[Any], Any], arguments: Sequence[Any]) -> list[Any]: ...
