"""The one part that is compiled; everything else is in setup.cfg."""

import numpy
from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "autograd.compiler._loops",
            ["autograd/compiler/_loops.c"],
            include_dirs=[numpy.get_include()],
            optional=True,  # without a C compiler all works, small batches slower
        )
    ]
)
