"""The direction of the imports, and the hygiene of the tests, read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import autograd

ROOT = Path(__file__).parents[1]
PACKAGES = ("autograd", "nn", "viz")

MAY_IMPORT = {
    "autograd": {"autograd"},
    "nn": {"nn", "autograd"},
    "viz": {"viz", "nn", "autograd"},
}
"""The packages of this project that each may import: the arrows go one way."""


def sources(*folders: str) -> list[Path]:
    """All Python files below the folders, as paths relative to the repository."""
    found = [p for folder in folders for p in sorted((ROOT / folder).rglob("*.py"))]
    return [path.relative_to(ROOT) for path in found]


def outside_the_compiler(*folders: str) -> list[Path]:
    return [path for path in sources(*folders) if path.parts[1] != "compiler"]


def parse(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def statements(node: ast.AST, *, everywhere: bool) -> Iterator[ast.AST]:
    """What is inside a node; what runs at import only, unless `everywhere`."""
    for child in ast.iter_child_nodes(node):
        deferred = isinstance(
            child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        )
        for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(
            child.test
        )
        if everywhere or not (deferred or for_types):
            yield child
            yield from statements(child, everywhere=everywhere)


def imports(path: Path, *, everywhere: bool = True) -> set[str]:
    """The dotted names of all modules that a file imports, and names from them."""
    package = path.parent.parts
    names: set[str] = set()
    for node in statements(parse(path), everywhere=everywhere):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return names


def top(name: str) -> str:
    return name.split(".")[0]


# Imports


def test_there_are_packages_to_read() -> None:
    assert Path("autograd/value.py") in sources("autograd")
    assert "autograd.ops.Operation" in imports(Path("autograd/errors.py"))


@pytest.mark.parametrize("path", sources(*PACKAGES), ids=str)
def test_imports_go_one_way(path: Path) -> None:
    ours = {top(name) for name in imports(path)} & set(PACKAGES)
    assert ours <= MAY_IMPORT[path.parts[0]]


@pytest.mark.parametrize(
    "path", outside_the_compiler(*PACKAGES, "examples", "benchmarks"), ids=str
)
def test_inner_modules_of_the_compiler_are_its_own(path: Path) -> None:
    inner = {f"autograd.compiler.{p.stem}" for p in sources("autograd/compiler")}
    assert not inner & imports(path)


NUMPY_IS_THERE = Path("autograd/interop.py")
"""Imported inside functions alone, when NumPy calls."""


@pytest.mark.parametrize(
    "path", sorted({*outside_the_compiler("autograd")} - {NUMPY_IS_THERE}), ids=str
)
def test_autograd_imports_the_standard_library_alone(path: Path) -> None:
    others = {top(name) for name in imports(path, everywhere=False)} - {"autograd"}
    assert others <= set(sys.stdlib_module_names)


def module_name(path: Path) -> str:
    """The dotted name under which a file is imported."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def import_graph(package: str) -> dict[str, set[str]]:
    """Each module of a package, with those that it imports when it is imported."""
    modules = {module_name(path): path for path in sources(package)}
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        found: set[str] = set()
        for node in statements(parse(path), everywhere=False):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.module, f"{path}: a relative import"
                # `from a import b` is the module a.b where there is one, else a.
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                found |= {n if n in modules else node.module for n in names}
        graph[name] = found & modules.keys()
    return graph


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules each of which is imported by the next, the first again at the end."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_modules_of_autograd_import_each_other_in_no_circle() -> None:
    graph = import_graph("autograd")
    assert {"autograd.errors", "autograd.ops"} <= graph["autograd.value"]
    assert "autograd.value" in graph["autograd.compiler.trace"]
    assert not circle(graph)


@pytest.mark.parametrize("upwards", ["autograd.value", "autograd"])
def test_a_circle_would_be_found(upwards: str) -> None:
    graph = import_graph("autograd")
    graph["autograd.errors"].add(upwards)
    assert {"autograd.errors", upwards} <= set(circle(graph))


def test_errors_do_not_know_values() -> None:
    assert not {n for n in imports(Path("autograd/errors.py")) if "Value" in n}


def unexplained(source: str) -> list[int]:
    """The lines of imports inside functions that have no comment beside or above them.

    One comment is enough for several in a row.
    """
    lines = ["", *source.splitlines()]
    lazy = [
        node
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    own = {n for node in lazy for n in range(node.lineno, (node.end_lineno or 0) + 1)}
    found = []
    for node in lazy:
        above = node.lineno
        while above in own or not lines[above].strip():
            above -= 1
        if "#" not in lines[node.lineno] and not lines[above].lstrip().startswith("#"):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", sources("autograd"), ids=str)
def test_every_lazy_import_says_why(path: Path) -> None:
    assert not unexplained((ROOT / path).read_text(encoding="utf-8"))


def test_a_lazy_import_without_a_reason_would_be_found() -> None:
    assert unexplained("def f():\n    import numpy") == [2]
    assert unexplained("def f():\n    if f:\n        import numpy") == [3]
    assert unexplained("def f():\n    # when it is called\n    import numpy") == []
    assert unexplained("try:\n    import numpy\nexcept ImportError:\n    pass") == []


STATE = {
    Path("autograd/ops.py"): {"TABLE"},
}
"""What may change after a module is imported, but for what `modes` switches."""


def changing(tree: ast.Module) -> set[str]:
    """The names in a module that are there to be changed.

    They are containers that are empty at first, context variables, and what a function
    declares global.
    """
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            made = ast.unparse(node.value)
            empty = made in ("[]", "{}", "list()", "dict()", "set()")
            if empty or made.startswith("ContextVar("):
                names.add(ast.unparse(target))
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            names |= {*node.names}
    return names


@pytest.mark.parametrize("path", sources("autograd"), ids=str)
def test_modules_have_no_state_but_the_table_and_the_modes(path: Path) -> None:
    found = changing(parse(path))
    if path == Path("autograd/modes.py"):
        # Nine switches of a thread, and what all threads know of each other: the leaves
        # of the derivatives and of the tracings that are under way.
        assert len(found) == 11
    else:
        assert found == STATE.get(path, set())


def test_state_of_a_module_would_be_found() -> None:
    lines = ["a = []", "b: set[int] = set()", "c = ContextVar('c')", "d = [1]"]
    source = "\n".join([*lines, "def f():", "    global e"])
    assert changing(ast.parse(source)) == {"a", "b", "c", "e"}


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after a statement."""
    script = (
        f"import sys\n{statement}\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(result.stdout.split())


def test_what_imports_numpy_is_imported_when_it_is_called_alone() -> None:
    graph = import_graph("autograd")
    outside = {m for m in graph if not m.startswith("autograd.compiler.")}
    assert not {m for m in outside if module_name(NUMPY_IS_THERE) in graph[m]}


def test_importing_autograd_loads_no_numpy() -> None:
    loaded = modules_after("import autograd")
    assert "autograd" in loaded
    assert not loaded & {"numpy", "nn", "viz"}


@pytest.mark.parametrize("name", ["CompiledProgram", "CompiledFunction"])
def test_the_classes_of_programs_are_there_when_they_are_asked_for(name: str) -> None:
    assert "numpy" in modules_after(f"import autograd; autograd.{name}")
    found = getattr(autograd, name)
    assert found.__name__ == name
    with pytest.raises(AttributeError, match=f"no attribute '{name}s'"):
        getattr(autograd, f"{name}s")


def test_eager_differentiation_loads_no_numpy() -> None:
    program = "from autograd import *; x = Value(2.0); (x * x).exp().backward()"
    assert "numpy" not in modules_after(program)


@pytest.mark.skipif(not sources("viz"), reason="there is no viz yet")
def test_importing_viz_loads_neither_matplotlib_nor_pygraphviz() -> None:
    pytest.importorskip("graphviz")
    loaded = modules_after("import viz")
    assert "viz" in loaded
    assert not loaded & {"matplotlib", "pygraphviz"}


# Hygiene of the tests

TESTS = [path for path in sources("tests") if path.name.startswith("test_")]


def functions(path: Path) -> list[tuple[str, ast.FunctionDef]]:
    """Every test function and fixture of a file, named with its class if it has one."""
    tree = parse(path)
    found = []
    for scope in [tree, *[n for n in tree.body if isinstance(n, ast.ClassDef)]]:
        prefix = scope.name + "." if isinstance(scope, ast.ClassDef) else ""
        found += [
            (prefix + node.name, node)
            for node in scope.body
            if isinstance(node, ast.FunctionDef)
        ]
    return found


@pytest.mark.parametrize("path", TESTS, ids=str)
def test_no_function_shadows_another_of_its_name(path: Path) -> None:
    names = [name for name, _ in functions(path)]
    assert len(names) == len(set(names)), sorted(
        {n for n in names if names.count(n) > 1}
    )


def checks_something(node: ast.AST, helpers: set[str]) -> bool:
    """Whether there is an assert inside, a `raises`, or a call of what has one."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if isinstance(inner, ast.Call):
            called = inner.func
            name = called.attr if isinstance(called, ast.Attribute) else ""
            name = called.id if isinstance(called, ast.Name) else name
            if name in {"raises", "warns", "fail"} | helpers:
                return True
            if name.startswith(("assert_", "check_")):
                return True
    return False


@pytest.mark.parametrize("path", TESTS, ids=str)
def test_every_test_asserts_something(path: Path) -> None:
    named = functions(path)
    helpers = {
        name
        for name, node in named
        if not name.startswith("test") and checks_something(node, set())
    }
    idle = [
        name
        for name, node in named
        if name.split(".")[-1].startswith("test_")
        and not checks_something(node, helpers)
    ]
    assert not idle


def test_idle_and_shadowed_tests_would_be_found() -> None:
    idle = ast.parse("def test_x():\n    pass").body[0]
    busy = ast.parse("def test_x():\n    assert 1 + 1 == 2").body[0]
    helped = ast.parse("def test_x():\n    expect(1)").body[0]
    assert not checks_something(idle, set())
    assert checks_something(busy, set())
    assert not checks_something(helped, set())
    assert checks_something(helped, {"expect"})
