"""Ctrl-C: the first is noted, the second raised, and all is as before afterwards."""

import signal
import threading
from collections.abc import Iterator

import pytest

from nn.interrupt import noted_interrupt


def press() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def usual_handler() -> Iterator[None]:
    """Python's own handler, whatever runs the tests has set."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_interrupt_is_noted() -> None:
    with noted_interrupt() as interrupt:
        assert not interrupt.asked
        press()
        assert interrupt.asked


def test_the_second_interrupt_is_raised() -> None:
    with noted_interrupt() as interrupt:
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
    assert interrupt.asked


@pytest.mark.parametrize("error", [None, ZeroDivisionError, KeyboardInterrupt])
def test_the_usual_handler_is_back_afterwards(
    error: type[BaseException] | None,
) -> None:
    if error is None:
        with noted_interrupt():
            pass
    else:
        with pytest.raises(error), noted_interrupt():
            raise error
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        press()


@pytest.mark.parametrize("theirs", [signal.SIG_IGN, lambda signum, frame: None])
def test_a_program_that_handles_or_ignores_it_keeps_doing_so(theirs: object) -> None:
    signal.signal(signal.SIGINT, theirs)  # type: ignore[arg-type]
    with noted_interrupt() as interrupt:
        assert signal.getsignal(signal.SIGINT) is theirs
        press()
        assert not interrupt.asked
    assert signal.getsignal(signal.SIGINT) is theirs


def test_another_thread_leaves_the_handler_alone() -> None:
    found: list[object] = []

    def work() -> None:
        with noted_interrupt() as interrupt:
            found.extend([signal.getsignal(signal.SIGINT), interrupt.asked])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler, False]
