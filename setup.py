"""The parts that are compiled; everything else is in setup.cfg.

They are optional: without a C compiler all works, more slowly.
"""

import numpy
from setuptools import Extension, setup

# A product and a sum are two roundings, as in Python, on every machine.
EXACT = ["-O3", "-ffp-contract=off", "-fno-math-errno"]

setup(
    ext_modules=[
        Extension(
            "autograd.native._core",
            ["autograd/native/value.c"],
            depends=["autograd/native/rules.h", "autograd/native/arithmetic.h"],
            extra_compile_args=EXACT,
            optional=True,
        ),
        Extension(
            "autograd.native._compiler",
            ["autograd/native/compiler.c"],
            extra_compile_args=EXACT,
            optional=True,
        ),
        Extension(
            "autograd.compiler._loops",
            ["autograd/compiler/_loops.c"],
            include_dirs=[numpy.get_include()],
            optional=True,
        ),
    ]
)
