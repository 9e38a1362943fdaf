"""The parts that are compiled; everything else is in setup.cfg.

They are optional: without a C compiler all works, more slowly.
"""

import numpy
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# A product and a sum are two roundings, as in Python, on every machine.
EXACT = ["-O3", "-ffp-contract=off", "-fno-math-errno"]
MICROSOFT = ["/O2", "/fp:precise"]


class Build(build_ext):
    """Compiling in the words of the compiler that there is."""

    def build_extension(self, ext: Extension) -> None:
        """Compile one module; only Microsoft's compiler has flags of its own."""
        if self.compiler.compiler_type == "msvc":
            ext.extra_compile_args = MICROSOFT
        super().build_extension(ext)


setup(
    cmdclass={"build_ext": Build},
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
            "autograd.native._tape",
            ["autograd/native/tape.c"],
            depends=[
                f"autograd/native/{name}.h"
                for name in ("arithmetic", "tape_arithmetic", "primitives", "interpret")
            ],
            extra_compile_args=EXACT,
            optional=True,
        ),
        Extension(
            "autograd.native._scatter",
            ["autograd/native/scatter.c"],
            extra_compile_args=EXACT,
            optional=True,
        ),
        Extension(
            "autograd.compiler._loops",
            ["autograd/compiler/_loops.c"],
            include_dirs=[numpy.get_include()],
            optional=True,
        ),
    ],
)
