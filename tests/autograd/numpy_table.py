"""NumPy's and scipy's public functions, called on Values: right, refused or wrong?

`python -m tests.autograd.numpy_table` prints the table. Each call is code as people
write it, of an array of six numbers. It is differentiated by `value_and_grad`, where
it gets an array of Values, the list of them, and the plain object array that
np.array(list) makes; and it is compared with its own values and finite differences on
floats. The verdicts are

- right: value and gradient agree;
- refused: an error that names the function or the Value, and a remedy;
- obscure: an error in the library's own words, which nobody of ours could intercept;
- WRONG: neither an error nor the right numbers.
"""

from __future__ import annotations

import importlib
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from autograd import DerivativeError, DomainError, TraceError, Value, value_and_grad

POINT = np.array([0.31, 0.83, 0.57, 1.21, 0.92, 0.74])
"""No two are equal, none is where something jumps, and all are positive."""

WEIGHTS = np.array([1.0, -0.7, 0.4, 1.3, -0.2, 0.9, 0.6])
"""By which the numbers of a result are added up, so that no error cancels."""

STEP = 1e-4
"""Of differences of fourth order: they err by 1e-16 and rounding, 1e-12."""

TOLERANCE = 1e-7
"""Relative to 1; a library's own iterations stop at 1e-8 or better."""

REMEDIES = re.compile(
    r"autograd|table of operations|no Value can be|a Value is needed|the same Values"
)
"""What our errors say, and no library's."""

Call = Callable[[Any], Any]

FORMS: dict[str, Call] = {
    "array": lambda x: x,
    "list": lambda x: list(x),
    "objects": lambda x: np.array(list(x), dtype=object if _has(x) else float),
}


class Row(NamedTuple):
    """A function of a library's, and what came of it in each form."""

    name: str
    verdicts: dict[str, str]
    texts: dict[str, str]


def _has(x: Any) -> bool:
    """Whether there are Values among the numbers."""
    return any(isinstance(number, Value) for number in x)


def total(result: Any, x: Any) -> Any:
    """One number of all that came out; it depends on x in any case."""
    found = 0.0 * x[0]
    for i, number in enumerate(_numbers(result)):
        found = found + WEIGHTS[i % len(WEIGHTS)] * number
    return found


def _numbers(result: Any) -> Iterator[Any]:
    """The numbers of a result, of whatever containers it is made."""
    if isinstance(result, np.ndarray):
        yield from result.ravel().tolist()
    elif isinstance(result, (list, tuple)):
        for part in result:
            yield from _numbers(part)
    else:
        yield result


def differences(f: Callable[[Any], float]) -> Any:
    """The gradient of a function of floats at the point."""
    slopes = []
    for i in range(len(POINT)):

        def at(steps: float, i: int = i) -> float:
            moved = POINT.copy()
            moved[i] += steps * STEP
            return float(f(moved))

        near, far = at(1) - at(-1), at(2) - at(-2)
        slopes.append((8.0 * near - far) / (12.0 * STEP))
    return np.array(slopes)


def verdict(call: Call, form: Call) -> tuple[str, str]:
    """What comes of a call on Values in one form, and the error if there is one."""

    def f(x: Any) -> Any:
        return total(call(form(x.copy())), x)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected, slopes = float(f(POINT)), differences(f)
    except (TypeError, AttributeError, ValueError) as error:
        return "no such call", f"{type(error).__name__}: {error}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value, gradient = value_and_grad(f)(POINT)
    except (DerivativeError, DomainError, TraceError) as error:
        return "refused", f"{type(error).__name__}: {error}"
    except Exception as error:
        ours = isinstance(error, TypeError) and REMEDIES.search(str(error))
        return "refused" if ours else "obscure", f"{type(error).__name__}: {error}"
    size = TOLERANCE * max(1.0, abs(expected), *np.abs(slopes))
    if abs(value - expected) <= size and np.max(np.abs(gradient - slopes)) <= size:
        return "right", ""
    return "WRONG", f"{value}, {gradient} and not {expected}, {slopes}"


def rows(calls: dict[str, Call]) -> Iterator[Row]:
    """The table, row by row."""
    for name, call in calls.items():
        found = {form: verdict(call, make) for form, make in FORMS.items()}
        verdicts = {form: said for form, (said, _) in found.items()}
        texts = {form: text for form, (_, text) in found.items()}
        yield Row(name, verdicts, texts)


def square(x: Any) -> Any:
    """A well conditioned symmetric matrix of 2 by 2 of the numbers."""
    return np.array([[2.0 + x[0], x[1]], [x[1], 3.0 + x[2]]])


def general(x: Any) -> Any:
    """A matrix of 2 by 2 of the numbers, an array of Values where they are in one."""
    return np.reshape(x[:4], (2, 2)) + 2.0 * np.eye(2)


def changed(target: Any, change: Callable[[Any], Any]) -> Any:
    """An array after it was changed in place."""
    change(target)
    return target


def numpy_calls() -> dict[str, Call]:
    """NumPy's functions, each in a call of its own."""
    unary = (
        "abs absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil conjugate "
        "cos cosh deg2rad degrees exp exp2 expm1 fabs floor isfinite isinf isnan log "
        "log10 log1p log2 negative positive rad2deg radians reciprocal "
        "rint sign signbit sin sinh spacing sqrt square tan tanh trunc frexp modf"
    )
    binary = (
        "add arctan2 copysign divide divmod equal float_power floor_divide fmax fmin "
        "fmod greater greater_equal heaviside hypot less less_equal logaddexp "
        "logaddexp2 maximum minimum multiply "
        "nextafter not_equal power remainder subtract"
    )
    # Each of one array alone, or of an array and an axis.
    of_array = (
        "amax amin argmax argmin argsort array_repr array_str asanyarray "
        "asarray atleast_1d atleast_2d average copy corrcoef count_nonzero cov cumprod "
        "cumsum cumulative_sum diag diagflat diff ediff1d exp fix flip fliplr flipud "
        "gradient histogram i0 imag iscomplexobj isreal max mean median min "
        "nan_to_num nanargmax nancumsum nanmax nanmean nanmedian nanmin nanprod "
        "nanstd nansum nanvar ndim nonzero ones_like poly polyder polyint prod ptp "
        "ravel real real_if_close roots round shape sinc size sort squeeze std sum "
        "transpose trapezoid trim_zeros unique unwrap vander var zeros_like"
    )
    calls: dict[str, Call] = {}
    for name in unary.split():
        ufunc = getattr(np, name)
        shift = 1.0 if name == "arccosh" else 0.0
        scale = 0.5 if name in ("arccos", "arcsin", "arctanh") else 1.0

        def one(x: Any, u: Any = ufunc, shift: float = shift, k: float = scale) -> Any:
            return u(x) if (shift, k) == (0.0, 1.0) else u(np.multiply(x, k) + shift)

        calls[f"np.{name}"] = one
    for name in binary.split():
        ufunc = getattr(np, name)

        def two(x: Any, u: Any = ufunc) -> Any:
            return u(x, x[::-1]), u(x[0], 0.4), u(0.4, x), u(np.arange(1.0, 7.0), x[1])

        calls[f"np.{name}"] = two
    for name in of_array.split():
        function = getattr(np, name, None)
        if function is None:
            continue  # of a newer NumPy

        def of(x: Any, function: Any = function) -> Any:
            found = function(x)
            return None if isinstance(found, str) else found

        skipped = ("fliplr", "array_str", "array_repr")
        if name not in skipped:
            calls[f"np.{name}"] = of
    calls |= {
        "np.array": lambda x: np.array([x[0] * x[1], 2.0, x[2]]),
        "np.array(dtype=float)": lambda x: np.array(x, dtype=float),
        "np.asarray(dtype=float)": lambda x: np.asarray(x, float) * 2.0,
        "np.ndarray.astype": lambda x: np.asanyarray(x).astype(float),
        "np.float64": lambda x: np.float64(x[0]) * 2.0,
        "np.float32": lambda x: np.float32(x[0]) * 2.0,
        "np.full": lambda x: np.full(3, x[0]),
        "np.full(dtype=float)": lambda x: np.full(3, x[0], dtype=float),
        "np.full_like": lambda x: np.full_like(x, x[0]),
        "np.full_like of floats": lambda x: np.full_like(np.ones(3), x[0]),
        "np.empty, filled": lambda x: changed(
            np.empty(2), lambda z: z.__setitem__(0, x[0] * x[0])
        )[:1],
        "np.zeros, filled": lambda x: changed(
            np.zeros(2), lambda z: z.__setitem__(slice(0, 2), x[:2])
        ),
        "np.zeros(dtype=object), filled": lambda x: (
            changed(np.zeros(2, object), lambda z: z.__setitem__(0, x[0])) * x[1]
        ),
        "np.ndarray.fill": lambda x: changed(np.zeros(2), lambda z: z.fill(x[0])),
        "np.ndarray.__iadd__": lambda x: changed(np.zeros(6), lambda z: z.__iadd__(x)),
        "np.copyto": lambda x: changed(np.zeros(6), lambda z: np.copyto(z, x)),
        "np.put": lambda x: changed(np.zeros(6), lambda z: np.put(z, [1], x[0])),
        "np.place": lambda x: changed(
            np.zeros(6), lambda z: np.place(z, np.ones(6, bool), x)
        ),
        "np.putmask": lambda x: changed(
            np.zeros(6), lambda z: np.putmask(z, np.ones(6, bool), x)
        ),
        "np.fill_diagonal": lambda x: changed(
            np.zeros((2, 2)), lambda z: np.fill_diagonal(z, x[0])
        ),
        "np.add.at": lambda x: changed(np.zeros(6), lambda z: np.add.at(z, [1], x[0])),
        "np.put_along_axis": lambda x: changed(
            np.zeros(6), lambda z: np.put_along_axis(z, np.arange(6), x, 0)
        ),
        "np.where": lambda x: np.where(np.arange(6) > 2, x, 0.5),
        "np.where of a Value": lambda x: np.where(x[0] > 0.1, x[0] * x[1], 0.0),
        "np.where(x > c)": lambda x: np.exp(np.where(np.greater(x, 0.6), x, 0.0)),
        "np.logical_and": lambda x: np.where(
            np.logical_and(np.greater(x, 0.6), np.less(x, 0.9)), x, 0.0
        ),
        "np.logical_or": lambda x: np.where(np.logical_or(x, np.zeros(6)), x, 0.0),
        "np.logical_xor": lambda x: np.where(
            np.logical_xor(np.greater(x, 0.6), np.less(x, 0.9)), x, 0.0
        ),
        "np.logical_not": lambda x: np.where(np.logical_not(x), x, 0.0),
        "np.where of places": lambda x: np.where(np.greater(x, 0.6)),
        "np.select": lambda x: np.select([np.greater(x, 0.6)], [np.square(x)], 0.0),
        "np.piecewise": lambda x: np.piecewise(
            np.asanyarray(x),
            [np.less(x, 0.6), np.greater_equal(x, 0.6)],
            [lambda v: v**2, lambda v: v**3],
        ),
        "np.choose": lambda x: np.choose([0, 1, 1], [x[:3], x[3:]]),
        "np.clip": lambda x: np.exp(np.clip(x, 0.6, 0.9)),
        "np.clip by Values": lambda x: np.clip([0.1, 0.5, 2.0], x[0], x[3]),
        "np.concatenate": lambda x: np.exp(np.concatenate([x[:2], [1.0, 2.0]])),
        "np.append": lambda x: np.append(x, 3.0),
        "np.insert": lambda x: np.insert(x, 1, 3.0),
        "np.delete": lambda x: np.delete(x, 1),
        "np.stack": lambda x: np.stack([x[:3], x[3:]], axis=1),
        "np.stack of Values": lambda x: np.stack([x[0], x[1], 2.0]) * 2.0,
        "np.vstack": lambda x: np.vstack([x, np.ones(6)]),
        "np.hstack": lambda x: np.hstack([x, 1.0]),
        "np.dstack": lambda x: np.dstack([x, np.ones(6)]),
        "np.column_stack": lambda x: np.column_stack([x, np.ones(6)]),
        "np.block": lambda x: np.block([[np.atleast_2d(x)], [np.ones((1, 6))]]),
        "np.split": lambda x: np.split(np.asanyarray(x), 2),
        "np.array_split": lambda x: np.array_split(np.asanyarray(x), 4),
        "np.tile": lambda x: np.tile(x, 2),
        "np.repeat": lambda x: np.repeat(x, 2),
        "np.roll": lambda x: np.roll(x, 2),
        "np.rot90": lambda x: np.rot90(np.outer(x, x)),
        "np.reshape": lambda x: np.reshape(x, (2, 3)),
        "np.resize": lambda x: np.resize(x, 8),
        "np.expand_dims": lambda x: np.expand_dims(x, 0),
        "np.swapaxes": lambda x: np.swapaxes(np.reshape(x, (2, 3)), 0, 1),
        "np.moveaxis": lambda x: np.moveaxis(np.reshape(x, (2, 3)), 0, 1),
        "np.broadcast_to": lambda x: np.broadcast_to(x, (2, 6)),
        "np.broadcast_arrays": lambda x: np.broadcast_arrays(x, np.ones((2, 1)))[0],
        "np.meshgrid": lambda x: np.meshgrid(x[:2], x[2:])[0],
        "np.pad": lambda x: np.exp(np.pad(x, 1)),
        "np.pad(edge)": lambda x: np.pad(x, 1, mode="edge"),
        "np.take": lambda x: np.take(x, [3, 1]),
        "np.take_along_axis": lambda x: np.take_along_axis(
            np.asanyarray(x), np.argsort(x), 0
        ),
        "np.compress": lambda x: np.compress(np.greater(x, 0.6), x),
        "np.extract": lambda x: np.extract(np.greater(x, 0.6), x),
        "np.partition": lambda x: np.sort(np.partition(x, 2)[:3]),
        "np.argpartition": lambda x: np.sort(np.argpartition(x, 2)[:3]),
        "np.lexsort": lambda x: np.lexsort((x,)),
        "np.searchsorted": lambda x: np.searchsorted([0.5, 0.8], x),
        "np.digitize": lambda x: np.digitize(x, [0.5, 0.8]),
        "np.bincount": lambda x: np.bincount([0, 1, 1, 0, 2, 0], weights=x),
        "np.isin": lambda x: np.isin(x, [0.31, 0.83]),
        "np.setdiff1d": lambda x: np.setdiff1d(x, [2.0]),
        "np.union1d": lambda x: np.union1d(x, x),
        "np.intersect1d": lambda x: np.intersect1d(x, x),
        "np.setxor1d": lambda x: np.setxor1d(x, [2.0]),
        "np.all": lambda x: bool(np.all(x)),
        "np.any": lambda x: bool(np.any(x)),
        "np.isclose": lambda x: np.isclose(x, 0.83),
        "np.allclose": lambda x: np.allclose(x, x),
        "np.array_equal": lambda x: np.array_equal(x, x),
        "x == max(x)": lambda x: np.asanyarray(x) == np.max(x),
        "np.dot": lambda x: np.dot(x, x),
        "np.vdot": lambda x: np.vdot(x, x),
        "np.inner": lambda x: np.inner(x, np.arange(6.0)),
        "np.outer": lambda x: np.outer(x, x),
        "np.matmul": lambda x: np.matmul(np.reshape(x, (2, 3)), np.ones((3, 2))),
        "np.tensordot": lambda x: np.tensordot(x, x, 1),
        "np.einsum": lambda x: np.einsum("i,i->", x, x),
        "np.einsum(optimize)": lambda x: np.einsum("i,j->ij", x, x, optimize=True),
        "np.kron": lambda x: np.kron(x[:2], x[2:]),
        "np.cross": lambda x: np.cross(x[:3], x[3:]),
        "np.trace": lambda x: np.trace(np.outer(x, x)),
        "np.diagonal": lambda x: np.diagonal(np.outer(x, x)),
        "np.tril": lambda x: np.exp(np.tril(np.outer(x[:2], x[:2]))),
        "np.triu": lambda x: np.exp(np.triu(np.outer(x[:2], x[:2]))),
        "np.convolve": lambda x: np.convolve(x, [1.0, 2.0, 1.0], mode="same"),
        "np.correlate": lambda x: np.correlate(x, x, mode="full"),
        "np.interp": lambda x: np.interp(0.7, [0.0, 1.0], x[:2]),
        "np.interp at a Value": lambda x: np.interp(x[0], [0.0, 1.0], [2.0, 5.0]),
        "np.percentile": lambda x: np.percentile(x, 30),
        "np.quantile": lambda x: np.quantile(x, 0.3),
        "np.quantile at a Value": lambda x: np.quantile(np.arange(6.0), x[0]),
        "np.nanpercentile": lambda x: np.nanpercentile(x, 30),
        "np.nanquantile": lambda x: np.nanquantile(x, 0.3),
        "np.average(weights)": lambda x: np.average(x, weights=np.arange(1.0, 7.0)),
        "np.sum(axis)": lambda x: np.sum(np.reshape(x, (2, 3)), axis=0),
        "np.sum(dtype)": lambda x: np.sum(x, dtype=float),
        "np.mean(dtype)": lambda x: np.mean(x, dtype=float),
        "np.max(axis)": lambda x: np.max(np.reshape(x, (2, 3)), axis=1),
        "np.max(where)": lambda x: np.max(
            np.asanyarray(x), where=np.arange(6) > 2, initial=0.1
        ),
        "np.add.reduce": lambda x: np.add.reduce(x),
        "np.add.accumulate": lambda x: np.add.accumulate(x),
        "np.add.reduceat": lambda x: np.add.reduceat(x, [0, 2, 4]),
        "np.multiply.outer": lambda x: np.multiply.outer(x, x),
        "np.logaddexp.reduce": lambda x: np.logaddexp.reduce(x),
        "np.maximum.accumulate": lambda x: np.maximum.accumulate(x),
        "np.hypot.reduce": lambda x: np.hypot.reduce(x),
        "np.linspace": lambda x: np.linspace(x[0], x[1], 4),
        "np.arange": lambda x: np.arange(x[0], 3.0, 1.0),
        "np.geomspace": lambda x: np.geomspace(x[0], x[1], 4),
        "np.logspace": lambda x: np.logspace(x[0], x[1], 3),
        "np.vectorize": lambda x: np.vectorize(lambda v: v * v)(x),
        "np.vectorize(otypes)": lambda x: np.vectorize(lambda v: v * v, otypes=[float])(
            x
        ),
        "np.frompyfunc": lambda x: np.frompyfunc(lambda v: v * v, 1, 1)(x),
        "np.apply_along_axis": lambda x: np.apply_along_axis(
            lambda row: row * row, 0, np.asanyarray(x)
        ),
        "np.apply_over_axes": lambda x: np.apply_over_axes(
            np.sum, np.reshape(x, (2, 3)), [0]
        ),
        "np.fromiter": lambda x: np.fromiter(x, float),
        "np.ma.array": lambda x: np.ma.array(x, mask=[0, 0, 0, 1, 1, 1]).sum(),
        "np.matrix": lambda x: np.ravel(np.asmatrix(x) @ np.ones((6, 1))),
        "np.polyval": lambda x: np.polyval(x, 0.7),
        "np.polyval at a Value": lambda x: np.polyval([1.0, 2.0, 3.0], x[0]),
        "np.polyfit": lambda x: np.polyfit(np.arange(6.0), x, 1),
        "np.polymul": lambda x: np.polymul(x, x),
        "np.polyadd": lambda x: np.polyadd(x, [1.0]),
        "np.polydiv": lambda x: np.polydiv(x, [1.0, 2.0]),
        "np.poly1d": lambda x: np.poly1d(x)(0.7),
        "np.polynomial.Polynomial": lambda x: np.polynomial.Polynomial(x)(0.7),
        "np.polynomial.Polynomial.fit": lambda x: np.polynomial.Polynomial.fit(
            np.arange(6.0), x, 1
        )(0.7),
        "np.polynomial.chebval": lambda x: np.polynomial.chebyshev.chebval(0.7, x),
        "np.polynomial.legval": lambda x: np.polynomial.legendre.legval(x[0], [1, 2]),
        "np.fft.fft": lambda x: np.abs(np.fft.fft(x)),
        "np.fft.rfft": lambda x: np.fft.rfft(x).real,
        "np.fft.ifft": lambda x: np.fft.ifft(x).real,
        "np.fft.fft2": lambda x: np.fft.fft2(np.reshape(x, (2, 3))).real,
        "np.fft.fftshift": lambda x: np.fft.fftshift(x),
        "np.linalg.norm": lambda x: np.linalg.norm(x),
        "np.linalg.norm(1)": lambda x: np.linalg.norm(x, 1),
        "np.linalg.norm(inf)": lambda x: np.linalg.norm(x, np.inf),
        "np.linalg.norm(3)": lambda x: np.linalg.norm(x, 3),
        "np.linalg.norm(matrix, 2)": lambda x: np.linalg.norm(general(x), 2),
        "np.linalg.norm(axis)": lambda x: np.linalg.norm(np.reshape(x, (2, 3)), axis=1),
        "np.linalg.det": lambda x: np.linalg.det(general(x)),
        "np.linalg.slogdet": lambda x: np.linalg.slogdet(general(x)),
        "np.linalg.inv": lambda x: np.linalg.inv(general(x)),
        "np.linalg.pinv": lambda x: np.linalg.pinv(general(x)),
        "np.linalg.solve": lambda x: np.linalg.solve(general(x), [1.0, 2.0]),
        "np.linalg.solve, right": lambda x: np.linalg.solve(np.eye(6) * 2.0, x),
        "np.linalg.lstsq": lambda x: np.linalg.lstsq(general(x), [1.0, 2.0])[0],
        "np.linalg.cholesky": lambda x: np.linalg.cholesky(square(x)),
        "np.linalg.qr": lambda x: np.linalg.qr(general(x))[1],
        "np.linalg.svd": lambda x: np.linalg.svd(general(x))[1],
        "np.linalg.eig": lambda x: np.linalg.eig(general(x))[0],
        "np.linalg.eigh": lambda x: np.linalg.eigh(square(x))[0],
        "np.linalg.eigvals": lambda x: np.sort(np.linalg.eigvals(general(x))),
        "np.linalg.eigvalsh": lambda x: np.linalg.eigvalsh(square(x)),
        "np.linalg.cond": lambda x: np.linalg.cond(general(x)),
        "np.linalg.matrix_rank": lambda x: np.linalg.matrix_rank(general(x)),
        "np.linalg.matrix_power": lambda x: np.linalg.matrix_power(general(x), 3),
        "np.linalg.multi_dot": lambda x: np.linalg.multi_dot([general(x)] * 3),
        "np.linalg.tensorinv": lambda x: np.linalg.tensorinv(general(x), 1),
        "np.random.normal": lambda x: np.random.default_rng(0).normal(x),
        "np.random.choice": lambda x: np.random.default_rng(0).choice(x, 3),
        "np.random.permutation": lambda x: np.random.default_rng(0).permutation(x),
        "np.savetxt": lambda x: np.savetxt(_Nowhere(), x) or 0.0,
        "np.packbits": lambda x: np.packbits(np.greater(x, 0.6)),
        "np.bitwise_and": lambda x: np.bitwise_and(np.greater(x, 0.6), True),
        "np.histogram(bins)": lambda x: np.histogram(x, [0.0, 0.6, 2.0])[0],
        "np.histogram2d": lambda x: np.histogram2d(x, x, 2)[0],
        "np.hanning * x": lambda x: np.hanning(6) * x,
        "np.float64 * x": lambda x: np.float64(2.0) * x[0] - np.float64(3.0) ** x[1],
        "np.eye * x": lambda x: np.exp(x[0]) * np.eye(2) - np.eye(2) * x[1],
        "x * np.exp(t * x)": lambda x: x[0] * np.exp(-x[1] * np.arange(3.0)),
        "(x > c) * x": lambda x: (x[0] > 0.1) * x[0] + np.bool_(True) * x[1],
        "np.float64 > x": lambda x: np.float64(0.5) > x[0],
        "np.array(0-d)": lambda x: np.array(x[0]) * np.array(2.0) * x[1],
        "math.fsum": lambda x: __import__("math").fsum(x),
        "math.hypot": lambda x: __import__("math").hypot(*x),
        "statistics.mean": lambda x: __import__("statistics").mean(list(x)),
    }
    return calls


class _Nowhere(list[str]):
    """What can be written to."""

    def write(self, text: str) -> None:
        """Forget it."""


def scipy_calls() -> dict[str, Call]:
    """The functions of scipy, each in a call of its own. ImportError without it."""
    sp: Any = importlib.import_module("scipy")
    rooms = "fft integrate interpolate linalg ndimage optimize signal sparse spatial"
    for room in [*rooms.split(), "special", "stats"]:
        importlib.import_module(f"scipy.{room}")
    of_array = {
        "special": "erf erfc erfinv expit logit gamma gammaln loggamma psi digamma j0 "
        "j1 i0 ndtr log_ndtr exp10 exp2 expm1 cbrt log1p entr ellipk lambertw zeta "
        "sinc dawsn expi softmax log_softmax logsumexp",
        "linalg": "norm toeplitz hankel circulant block_diag companion",
        "fft": "dct idct fftshift",
        "integrate": "trapezoid simpson cumulative_trapezoid cumulative_simpson",
        "signal": "detrend medfilt hilbert periodogram",
        "ndimage": "gaussian_filter1d laplace uniform_filter1d",
        "stats": "zscore skew kurtosis gmean hmean sem iqr entropy rankdata mode "
        "describe tmean variation median_abs_deviation moment jarque_bera shapiro",
    }
    calls: dict[str, Call] = {}
    for module, names in of_array.items():
        for name in names.split():
            function = getattr(getattr(sp, module), name, None)
            if function is None:
                continue  # of a newer scipy
            more = {"gaussian_filter1d": [1.0], "uniform_filter1d": [3]}.get(name, [])

            def of(x: Any, function: Any = function, more: Any = more) -> Any:
                return function(x, *more)

            calls[f"scipy.{module}.{name}"] = of
    t, ones = np.arange(6.0), np.ones(2)
    calls |= {
        "scipy.special.xlogy": lambda x: sp.special.xlogy(x, x),
        "scipy.special.beta": lambda x: sp.special.beta(x, 2.0),
        "scipy.special.betaln": lambda x: sp.special.betaln(x, 2.0),
        "scipy.special.jv": lambda x: sp.special.jv(0.5, x),
        "scipy.special.polygamma": lambda x: sp.special.polygamma(1, x),
        "scipy.special.rel_entr": lambda x: sp.special.rel_entr(x, x[::-1]),
        "scipy.special.kl_div": lambda x: sp.special.kl_div(x, x[::-1]),
        "scipy.special.huber": lambda x: sp.special.huber(0.5, x),
        "scipy.special.comb": lambda x: sp.special.comb(5.0, x),
        "scipy.integrate.quad": lambda x: sp.integrate.quad(
            lambda s: x[0] * s * s, 0.0, 1.0
        )[0],
        "scipy.integrate.quad, bound": lambda x: sp.integrate.quad(
            lambda s: s * s, 0.0, x[0]
        )[0],
        "scipy.integrate.quad_vec": lambda x: sp.integrate.quad_vec(
            lambda s: x[0] * s * s, 0.0, 1.0
        )[0],
        "scipy.integrate.fixed_quad": lambda x: sp.integrate.fixed_quad(
            lambda s: x[0] * s * s, 0.0, 1.0
        )[0],
        "scipy.integrate.dblquad": lambda x: sp.integrate.dblquad(
            lambda s, u: x[0] * s * u, 0.0, 1.0, 0.0, 1.0
        )[0],
        "scipy.integrate.solve_ivp": lambda x: sp.integrate.solve_ivp(
            lambda s, y: -x[0] * y, (0.0, 1.0), [1.0]
        ).y[0, -1],
        "scipy.integrate.solve_ivp, start": lambda x: sp.integrate.solve_ivp(
            lambda s, y: -y, (0.0, 1.0), [x[0]]
        ).y[0, -1],
        "scipy.integrate.odeint": lambda x: sp.integrate.odeint(
            lambda y, s: -x[0] * y, [1.0], [0.0, 1.0]
        ),
        "scipy.optimize.brentq": lambda x: sp.optimize.brentq(
            lambda s: s * s - x[0], 0.0, 2.0
        ),
        "scipy.optimize.root_scalar": lambda x: (
            sp.optimize.root_scalar(lambda s: s * s - x[0], bracket=[0.0, 2.0]).root
        ),
        "scipy.optimize.newton": lambda x: sp.optimize.newton(
            lambda s: s * s - x[0], 1.0, fprime=lambda s: 2.0 * s, tol=1e-12
        ),
        "scipy.optimize.fsolve": lambda x: sp.optimize.fsolve(
            lambda s: s * s - x[0], [1.0]
        ),
        "scipy.optimize.root": lambda x: (
            sp.optimize.root(lambda s: s * s - x[0], [1.0]).x
        ),
        "scipy.optimize.minimize": lambda x: (
            sp.optimize.minimize(lambda s: (s[0] - x[0]) ** 2, [1.0]).x
        ),
        "scipy.optimize.minimize_scalar": lambda x: (
            sp.optimize.minimize_scalar(lambda s: (s - x[0]) ** 2).x
        ),
        "scipy.optimize.least_squares": lambda x: (
            sp.optimize.least_squares(lambda s: s - x[0], [1.0]).x
        ),
        "scipy.optimize.curve_fit": lambda x: sp.optimize.curve_fit(
            lambda s, a, b: a * s + b, t, x
        )[0],
        "scipy.optimize.nnls": lambda x: sp.optimize.nnls(np.eye(6), x)[0],
        "scipy.optimize.lsq_linear": lambda x: sp.optimize.lsq_linear(np.eye(6), x).x,
        "scipy.optimize.approx_fprime": lambda x: sp.optimize.approx_fprime(
            np.asanyarray(x), lambda s: (s * s).sum(), 1e-6
        ),
        "scipy.optimize.linear_sum_assignment": lambda x: (
            sp.optimize.linear_sum_assignment(np.outer(x, x))
        ),
        "scipy.linalg.solve": lambda x: sp.linalg.solve(general(x), ones),
        "scipy.linalg.solve_triangular": lambda x: sp.linalg.solve_triangular(
            general(x), ones
        ),
        "scipy.linalg.cho_factor": lambda x: sp.linalg.cho_factor(square(x))[0],
        "scipy.linalg.cholesky": lambda x: sp.linalg.cholesky(square(x)),
        "scipy.linalg.inv": lambda x: sp.linalg.inv(general(x)),
        "scipy.linalg.pinv": lambda x: sp.linalg.pinv(general(x)),
        "scipy.linalg.det": lambda x: sp.linalg.det(general(x)),
        "scipy.linalg.lu": lambda x: sp.linalg.lu(general(x))[2],
        "scipy.linalg.qr": lambda x: sp.linalg.qr(general(x))[1],
        "scipy.linalg.svd": lambda x: sp.linalg.svd(general(x))[1],
        "scipy.linalg.eigh": lambda x: sp.linalg.eigh(square(x))[0],
        "scipy.linalg.eigvals": lambda x: np.sort(sp.linalg.eigvals(general(x)).real),
        "scipy.linalg.expm": lambda x: sp.linalg.expm(general(x)),
        "scipy.linalg.logm": lambda x: sp.linalg.logm(square(x)),
        "scipy.linalg.sqrtm": lambda x: sp.linalg.sqrtm(square(x)),
        "scipy.linalg.lstsq": lambda x: sp.linalg.lstsq(general(x), ones)[0],
        "scipy.linalg.kron": lambda x: np.kron(general(x), general(x)),
        "scipy.fft.fft": lambda x: sp.fft.fft(x).real,
        "scipy.fft.rfft": lambda x: sp.fft.rfft(x).real,
        "scipy.interpolate.interp1d": lambda x: sp.interpolate.interp1d(t, x)(1.7),
        "scipy.interpolate.interp1d at a Value": lambda x: sp.interpolate.interp1d(
            t, t**2
        )(x[0]),
        "scipy.interpolate.CubicSpline": lambda x: sp.interpolate.CubicSpline(t, x)(
            1.7
        ),
        "scipy.interpolate.CubicSpline at": lambda x: sp.interpolate.CubicSpline(
            t, t**2
        )(x[0]),
        "scipy.interpolate.PchipInterpolator": lambda x: (
            sp.interpolate.PchipInterpolator(t, x)(1.7)
        ),
        "scipy.interpolate.Akima1DInterpolator": lambda x: (
            sp.interpolate.Akima1DInterpolator(t, x)(1.7)
        ),
        "scipy.interpolate.make_interp_spline": lambda x: (
            sp.interpolate.make_interp_spline(t, x)(1.7)
        ),
        "scipy.interpolate.UnivariateSpline": lambda x: sp.interpolate.UnivariateSpline(
            t, x, s=0
        )(1.7),
        "scipy.interpolate.splrep": lambda x: sp.interpolate.splrep(t, x)[1],
        "scipy.interpolate.BarycentricInterpolator": lambda x: (
            sp.interpolate.BarycentricInterpolator(t, x)(1.7)
        ),
        "scipy.interpolate.RBFInterpolator": lambda x: sp.interpolate.RBFInterpolator(
            t[:, None], x
        )([[1.7]]),
        "scipy.interpolate.griddata": lambda x: sp.interpolate.griddata(
            t, np.asanyarray(x), 1.7
        ),
        "scipy.interpolate.RegularGridInterpolator": lambda x: (
            sp.interpolate.RegularGridInterpolator((t,), x)([1.7])
        ),
        "scipy.signal.find_peaks": lambda x: sp.signal.find_peaks(x)[0],
        "scipy.signal.argrelmax": lambda x: sp.signal.argrelmax(np.asanyarray(x)),
        "scipy.signal.convolve": lambda x: sp.signal.convolve(x, [1.0, 2.0]),
        "scipy.signal.fftconvolve": lambda x: sp.signal.fftconvolve(x, [1.0, 2.0]),
        "scipy.signal.correlate": lambda x: sp.signal.correlate(x, [1.0, 2.0]),
        "scipy.signal.lfilter": lambda x: sp.signal.lfilter([1.0], [1.0, -0.5], x),
        "scipy.signal.filtfilt": lambda x: sp.signal.filtfilt(
            [1.0], [1.0, -0.5], x, padlen=1
        ),
        "scipy.signal.savgol_filter": lambda x: sp.signal.savgol_filter(x, 5, 2),
        "scipy.signal.resample": lambda x: sp.signal.resample(x, 4),
        "scipy.signal.welch": lambda x: sp.signal.welch(np.asanyarray(x), nperseg=4)[1],
        "scipy.ndimage.convolve1d": lambda x: sp.ndimage.convolve1d(x, [1.0, 2.0, 1.0]),
        "scipy.ndimage.map_coordinates": lambda x: sp.ndimage.map_coordinates(
            x, [[1.7]], order=1
        ),
        "scipy.stats.norm.pdf": lambda x: sp.stats.norm.pdf(x),
        "scipy.stats.norm.cdf": lambda x: sp.stats.norm.cdf(x),
        "scipy.stats.norm.logpdf": lambda x: sp.stats.norm.logpdf(0.5, x[0], x[1]),
        "scipy.stats.norm.ppf": lambda x: sp.stats.norm.ppf(np.multiply(x, 0.5)),
        "scipy.stats.gamma.logpdf": lambda x: sp.stats.gamma.logpdf(x, 2.0),
        "scipy.stats.poisson.logpmf": lambda x: sp.stats.poisson.logpmf(2, x),
        "scipy.stats.multivariate_normal.logpdf": lambda x: (
            sp.stats.multivariate_normal.logpdf(x, np.zeros(6))
        ),
        "scipy.stats.multivariate_normal, cov": lambda x: (
            sp.stats.multivariate_normal.logpdf(ones, None, square(x))
        ),
        "scipy.stats.gaussian_kde": lambda x: sp.stats.gaussian_kde(x)(0.5),
        "scipy.stats.pearsonr": lambda x: sp.stats.pearsonr(x, t)[0],
        "scipy.stats.spearmanr": lambda x: sp.stats.spearmanr(x, t)[0],
        "scipy.stats.linregress": lambda x: sp.stats.linregress(t, x)[0],
        "scipy.stats.ttest_ind": lambda x: sp.stats.ttest_ind(x, t)[0],
        "scipy.stats.trim_mean": lambda x: sp.stats.trim_mean(x, 0.2),
        "scipy.stats.wasserstein_distance": lambda x: sp.stats.wasserstein_distance(
            x, t
        ),
        "scipy.spatial.distance.euclidean": lambda x: sp.spatial.distance.euclidean(
            x, t
        ),
        "scipy.spatial.distance.cosine": lambda x: sp.spatial.distance.cosine(x, t),
        "scipy.spatial.distance.cdist": lambda x: sp.spatial.distance.cdist([x], [t]),
        "scipy.spatial.distance.pdist": lambda x: sp.spatial.distance.pdist(
            np.reshape(x, (3, 2))
        ),
        "scipy.sparse.csr_array @": lambda x: sp.sparse.csr_array(np.eye(6)) @ x,
        "scipy.sparse.csr_array": lambda x: sp.sparse.csr_array(np.outer(x, x)).sum(),
        "scipy.sparse.csr_array * x": lambda x: (
            sp.sparse.csr_array(np.eye(2)) * x[0]
        ).sum(),
    }
    return calls


def main() -> None:
    """Print the table and what it adds up to."""
    found = list(rows(numpy_calls() | scipy_calls()))
    for row in found:
        print(f"{row.name:42}", *[f"{row.verdicts[form]:13}" for form in FORMS])
        for form in FORMS:
            if row.verdicts[form] in sys.argv[1:]:
                print(f"    {form}: {row.texts[form]:.300}")
    for form in FORMS:
        counts: dict[str, int] = {}
        for row in found:
            counts[row.verdicts[form]] = counts.get(row.verdicts[form], 0) + 1
        print(f"{form}: {len(found)} functions,", counts)


if __name__ == "__main__":
    main()
