"""A pendulum from its Lagrangian: the equation of motion by differentiating twice.

Mechanics can do without forces. Write down the Lagrangian L, kinetic minus potential
energy, as a function of the angle q and its speed w. Every motion obeys Euler and
Lagrange,

    d/dt ∂L/∂w = ∂L/∂q,

and the chain rule on the left gives the acceleration:

    ∂²L/∂w² · dw/dt = ∂L/∂q - ∂²L/∂w∂q · w.

We take these derivatives from the program that computes L. Then we integrate the motion
by two rules and look at the energy, w · ∂L/∂w - L, which nature conserves. A rule of
order p gets it wrong by 2^p times less when its step is halved. The classical
Runge-Kutta rule has p = 4, but what it gets wrong adds up. Leapfrog has p = 2, and its
error stays within bounds for as long as the pendulum swings: it is symplectic.

Run it with `python examples/physics.py`. Try: another Lagrangian of one angle, such as
that of a bead on a hoop that turns, by changing `lagrangian` and nothing else.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from autograd import Operand, cos
from autograd.functional import grad, hessian

parser = argparse.ArgumentParser(description="Derive and swing a pendulum.")
parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
args = parser.parse_args()

LENGTH, MASS, GRAVITY = 1.0, 1.0, 9.81  # metres, kilograms, metres per second squared
PERIOD = 2.0 * math.pi * math.sqrt(LENGTH / GRAVITY)  # of small swings, in seconds

State = list[float]
"""The angle, in radians from straight down, and its speed, in radians per second."""

Rule = Callable[[State, float], State]
"""It takes a state to that after a step of h seconds."""

START: State = [2.0, 0.0]


def lagrangian(state: list[Operand]) -> Operand:
    """Kinetic minus potential energy, in joules."""
    q, w = state
    return 0.5 * MASS * (LENGTH * w) ** 2 + MASS * GRAVITY * LENGTH * cos(q)


def acceleration(state: State) -> float:
    """dw/dt, by Euler and Lagrange."""
    by_q, _ = grad(lagrangian)(state)
    _, (by_w_and_q, by_w_twice) = hessian(lagrangian)(state)
    return float((by_q - by_w_and_q * state[1]) / by_w_twice)


def energy(state: State) -> float:
    """Kinetic plus potential energy, in joules."""
    return float(state[1] * grad(lagrangian)(state)[1] - lagrangian([*state]))


def runge_kutta(state: State, h: float) -> State:
    """The classical Runge-Kutta rule (Kutta 1901)."""

    def moved(slope: State, h: float) -> State:
        return [a + h * b for a, b in zip(state, slope, strict=True)]

    def slope(state: State) -> State:
        return [state[1], acceleration(state)]

    k1 = slope(state)
    k2 = slope(moved(k1, h / 2))
    k3 = slope(moved(k2, h / 2))
    k4 = slope(moved(k3, h))
    slopes = zip(k1, k2, k3, k4, strict=True)
    return moved([(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in slopes], h)


def leapfrog(state: State, h: float) -> State:
    """Half a step of the speed, a step of the angle, half a step of the speed."""
    q, w = state
    w += h / 2 * acceleration([q, w])
    q += h * w
    w += h / 2 * acceleration([q, w])
    return [q, w]


def errors(rule: Rule, periods: int, steps: int) -> list[float]:
    """The relative error of the energy after each step, from START."""
    state, h = START, periods * PERIOD / steps
    found = []
    for _ in range(steps):
        state = rule(state, h)
        found.append(energy(state) / energy(START) - 1.0)
    return found


print(f"acceleration at {START[0]} radians, from the Lagrangian alone:")
print(f"  {acceleration(START):.12f}")
print(f"  {-GRAVITY / LENGTH * math.sin(START[0]):.12f} by hand: -g/l · sin q")

print("\nlargest relative error of the energy within a period:")
for rule, order in ((runge_kutta, 4), (leapfrog, 2)):
    before = math.nan
    for steps in (100, 200, 400, 800):
        error = max(map(abs, errors(rule, 1, steps)))
        measured = f"order {math.log2(before / error):.2f}" if before > 0.0 else ""
        print(
            f"  {rule.__name__:11} {steps:4d} steps  {error:.1e}  {measured}".rstrip()
        )
        before = error
    print(f"  {'expected':31} order {order}")

try:
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    from viz.figure import STYLE
except ImportError:
    print('\nno picture: that needs matplotlib, pip install "valuegrad[plots]"')
else:
    rcParams.update(STYLE)
    axes = (figure := Figure(figsize=(7, 4), layout="constrained")).subplots()
    for rule, color in ((leapfrog, "#0072B2"), (runge_kutta, "#D55E00")):
        times = [(i + 1) / 12 for i in range(600)]
        label = rule.__name__.replace("_", "-")
        axes.plot(times, errors(rule, 50, 600), color=color, label=label)
    axes.set(xlabel="time, in periods of small swings", ylabel="relative error")
    axes.set_title("The energy of a pendulum, 12 steps a period")
    axes.legend()
    args.out.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out / "physics_energy.png", dpi=120)
    print(f"\nwritten: {args.out / 'physics_energy.png'}")
