/* Runs of array operations in one call, without Python between them.

   On a few hundred numbers most of the time of a NumPy call is spent around the
   operation: arguments are parsed, types resolved, iterators set up. All of it depends
   on the arrays alone. Here it is done once, and what is kept of an operation is NumPy's
   own inner loop, a function in C, with the pointers, counts and strides that it takes.
   One array may be elsewhere in each run: what points into it is moved.

   https://numpy.org/doc/stable/reference/c-api/types-and-structures.html#c.PyUFuncObject
*/

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_1_23_API_VERSION
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

#include <stddef.h>
#include <string.h>

#define MAX_ARGS 4     /* inputs and outputs of an operation */
#define MAX_AXES 4     /* axes that are left when neighbours are merged */
#define MAX_COUNTS 4   /* of matmul: 1 and the three sizes */
#define MAX_STEPS 9    /* of matmul: three of the batch and two for each matrix */

typedef struct {
    PyUFuncGenericFunction loop;
    void *data;
    int n_args, n_outer;
    char *start[MAX_ARGS];
    npy_intp counts[MAX_COUNTS], steps[MAX_STEPS]; /* what the loop takes */
    npy_intp outer[MAX_AXES], outer_steps[MAX_AXES][MAX_ARGS];
} Operation;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    Py_ssize_t n, n_moving;
    Operation *operations;
    char ***moving;        /* the pointers of the operations into the array that moves */
    PyArrayObject *moved;  /* that array, or where it is now */
    PyObject *steps;       /* their arrays are kept alive, as the operations need them */
} Run;

/* Whether an array is one that a loop can run on: other types need the GIL or units. */
static int
is_plain(PyArrayObject *array)
{
    return (PyArray_ISFLOAT(array) || PyArray_ISBOOL(array)) &&
           PyArray_ISBEHAVED_RO(array) && PyArray_SIZE(array) > 0;
}

static int
has_types(const char *types, PyArrayObject **arrays, int n_args)
{
    for (int j = 0; j < n_args; j++) {
        if (types[j] != PyArray_TYPE(arrays[j])) {
            return 0;
        }
    }
    return 1;
}

/* The inner loop of a ufunc for arrays of these types; 0 where it has none. */
static int
find_loop(PyUFuncObject *ufunc, PyArrayObject **arrays, Operation *operation)
{
    if (ufunc->functions == NULL || ufunc->types == NULL) {
        return 0;
    }
    for (int i = 0; i < ufunc->ntypes; i++) {
        const char *types = ufunc->types + i * ufunc->nargs;
        if (ufunc->functions[i] != NULL && has_types(types, arrays, ufunc->nargs)) {
            operation->loop = ufunc->functions[i];
            operation->data = ufunc->data == NULL ? NULL : ufunc->data[i];
            return 1;
        }
    }
    return 0;
}

/* Matrices (m, n) times (n, p) into (m, p): the loop takes all of them at once. */
static int
lay_out_product(PyArrayObject **arrays, Operation *operation)
{
    npy_intp *left = PyArray_DIMS(arrays[0]), *right = PyArray_DIMS(arrays[1]);
    npy_intp *out = PyArray_DIMS(arrays[2]);
    for (int j = 0; j < 3; j++) {
        if (PyArray_NDIM(arrays[j]) != 2) {
            return 0;
        }
        memcpy(operation->steps + 3 + 2 * j, PyArray_STRIDES(arrays[j]),
               2 * sizeof(npy_intp));
    }
    if (left[1] != right[0] || out[0] != left[0] || out[1] != right[1]) {
        return 0;
    }
    operation->counts[0] = 1;
    operation->counts[1] = left[0];
    operation->counts[2] = left[1];
    operation->counts[3] = right[1];
    return 1;
}

/* The axis for the loop: the one along which the numbers lie closest. */
static int
closest_axis(int n_axes, npy_intp strides[][MAX_ARGS], int n_args)
{
    int closest = 0;
    npy_intp least = 0;
    for (int axis = 0; axis < n_axes; axis++) {
        npy_intp apart = 0;
        for (int j = 0; j < n_args; j++) {
            apart += Py_ABS(strides[axis][j]);
        }
        if (axis == 0 || apart <= least) { /* of equals the last, as C lays arrays out */
            least = apart;
            closest = axis;
        }
    }
    return closest;
}

/* Arrays of one shape: one axis for the loop, the others around it. */
static int
lay_out_elements(PyArrayObject **arrays, Operation *operation)
{
    int n_args = operation->n_args, n_dims = PyArray_NDIM(arrays[0]), n_axes = 0;
    /* Neighbouring axes are merged where each array goes evenly over both of them. */
    npy_intp shape[MAX_AXES + 1] = {1}, strides[MAX_AXES + 1][MAX_ARGS] = {{0}};
    for (int dim = 0; dim < n_dims; dim++) {
        npy_intp length = PyArray_DIM(arrays[0], dim), *stride = strides[n_axes];
        int merges = n_axes > 0;
        for (int j = 0; j < n_args; j++) {
            if (PyArray_NDIM(arrays[j]) != n_dims ||
                PyArray_DIM(arrays[j], dim) != length) {
                return 0;
            }
            stride[j] = PyArray_STRIDE(arrays[j], dim);
            merges = merges && strides[n_axes - 1][j] == length * stride[j];
        }
        if (length == 1) {
            continue;
        }
        if (merges) {
            shape[n_axes - 1] *= length;
            memcpy(strides[n_axes - 1], stride, sizeof strides[0]);
        }
        else if (n_axes == MAX_AXES) {
            return 0;
        }
        else {
            shape[n_axes++] = length;
        }
    }
    int inner = closest_axis(n_axes, strides, n_args);
    for (int axis = 0; axis < n_axes; axis++) {
        if (axis != inner) {
            operation->outer[operation->n_outer] = shape[axis];
            memcpy(operation->outer_steps[operation->n_outer++], strides[axis],
                   sizeof strides[0]);
        }
    }
    operation->counts[0] = n_axes ? shape[inner] : 1;
    memcpy(operation->steps, strides[inner], sizeof strides[0]);
    return 1;
}

/* What there is to run of (ufunc, array, ..., array), outputs last; 0 if it cannot. */
static int
lay_out(PyObject *step, Operation *operation)
{
    Py_ssize_t n_args = PyTuple_GET_SIZE(step) - 1;
    PyUFuncObject *ufunc = (PyUFuncObject *)PyTuple_GET_ITEM(step, 0);
    PyArrayObject *arrays[MAX_ARGS];
    if (n_args > MAX_ARGS || n_args != ufunc->nargs) {
        return 0;
    }
    memset(operation, 0, sizeof *operation);
    operation->n_args = (int)n_args;
    for (int j = 0; j < n_args; j++) {
        arrays[j] = (PyArrayObject *)PyTuple_GET_ITEM(step, j + 1);
        int is_output = j >= ufunc->nin;
        if (!is_plain(arrays[j]) || (is_output && !PyArray_ISWRITEABLE(arrays[j]))) {
            return 0;
        }
        operation->start[j] = PyArray_BYTES(arrays[j]);
    }
    if (!find_loop(ufunc, arrays, operation)) {
        return 0;
    }
    if (ufunc->core_enabled) {
        return strcmp(ufunc->name, "matmul") == 0 && lay_out_product(arrays, operation);
    }
    return lay_out_elements(arrays, operation);
}

static void
operate(Operation *operation)
{
    char *args[MAX_ARGS];
    npy_intp place[MAX_AXES] = {0};
    int n_args = operation->n_args, axis;
    memcpy(args, operation->start, sizeof args);
    do {
        char *inner[MAX_ARGS]; /* a loop may move the pointers it is given */
        memcpy(inner, args, sizeof args);
        operation->loop(inner, operation->counts, operation->steps, operation->data);
        for (axis = operation->n_outer - 1; axis >= 0; axis--) {
            npy_intp *steps = operation->outer_steps[axis];
            if (++place[axis] < operation->outer[axis]) {
                for (int j = 0; j < n_args; j++) {
                    args[j] += steps[j];
                }
                break;
            }
            for (int j = 0; j < n_args; j++) {
                args[j] -= (place[axis] - 1) * steps[j];
            }
            place[axis] = 0;
        }
    } while (axis >= 0);
}

static PyObject *
run_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    Run *run = (Run *)self;
    (void)args;
    if (PyVectorcall_NARGS(nargsf) || (names && PyTuple_GET_SIZE(names))) {
        PyErr_SetString(PyExc_TypeError, "a run takes no arguments");
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < run->n; i++) {
        operate(run->operations + i);
    }
    Py_END_ALLOW_THREADS
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Collect the pointers into the array that moves; 0 if there is no memory for it. */
static int
find_moving(Run *run)
{
    char *first = PyArray_BYTES(run->moved), *end = first + PyArray_NBYTES(run->moved);
    run->moving = PyMem_Calloc(run->n * MAX_ARGS, sizeof(char **));
    if (run->moving == NULL) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < run->n; i++) {
        for (int j = 0; j < run->operations[i].n_args; j++) {
            char **start = run->operations[i].start + j;
            if (*start >= first && *start < end) {
                run->moving[run->n_moving++] = start;
            }
        }
    }
    return 1;
}

static PyObject *
run_move(PyObject *self, PyObject *given)
{
    Run *run = (Run *)self;
    PyArrayObject *array = (PyArrayObject *)given;
    if (run->moved == NULL || !PyArray_Check(given) || !PyArray_ISCARRAY_RO(array) ||
        PyArray_TYPE(array) != PyArray_TYPE(run->moved) ||
        !PyArray_SAMESHAPE(array, run->moved)) {
        PyErr_SetString(PyExc_TypeError, "an array of the same shape, type and order "
                                         "as the one that moves is needed");
        return NULL;
    }
    npy_intp by = PyArray_BYTES(array) - PyArray_BYTES(run->moved);
    for (Py_ssize_t i = 0; i < run->n_moving; i++) {
        *run->moving[i] += by;
    }
    Py_INCREF(array);
    Py_SETREF(run->moved, array);
    Py_RETURN_NONE;
}

static PyObject *
run_new(PyTypeObject *type, PyObject *args, PyObject *options)
{
    PyObject *steps, *moving = NULL;
    static char *names[] = {"steps", "moving", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, options, "O!|O!:Run", names, &PyTuple_Type,
                                     &steps, &PyArray_Type, &moving)) {
        return NULL;
    }
    if (moving && !PyArray_ISCARRAY_RO((PyArrayObject *)moving)) {
        PyErr_SetString(PyExc_TypeError, "what moves must be an array in one piece");
        return NULL;
    }
    Py_ssize_t n = PyTuple_GET_SIZE(steps);
    Run *run = (Run *)type->tp_alloc(type, 0);
    if (run == NULL) {
        return NULL;
    }
    run->vectorcall = run_call;
    run->n = n;
    run->steps = Py_NewRef(steps);
    run->operations = PyMem_Calloc(n, sizeof(Operation));
    if (run->operations == NULL) {
        Py_DECREF(run);
        return PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *step = PyTuple_GET_ITEM(steps, i);
        int is_valid = PyTuple_Check(step) && PyTuple_GET_SIZE(step) > 1 &&
                       PyObject_TypeCheck(PyTuple_GET_ITEM(step, 0), &PyUFunc_Type);
        for (Py_ssize_t j = 1; is_valid && j < PyTuple_GET_SIZE(step); j++) {
            is_valid = PyArray_Check(PyTuple_GET_ITEM(step, j));
        }
        if (!is_valid || !lay_out(step, run->operations + i)) {
            PyErr_Format(PyExc_TypeError, "step %zd has no loop", i);
            Py_DECREF(run);
            return NULL;
        }
    }
    run->moved = (PyArrayObject *)Py_XNewRef(moving);
    if (moving && !find_moving(run)) {
        Py_DECREF(run);
        return PyErr_NoMemory();
    }
    return (PyObject *)run;
}

static void
run_dealloc(PyObject *self)
{
    Run *run = (Run *)self;
    PyMem_Free(run->moving);
    PyMem_Free(run->operations);
    Py_XDECREF(run->moved);
    Py_XDECREF(run->steps);
    Py_TYPE(self)->tp_free(self);
}

static Py_ssize_t
run_length(PyObject *self)
{
    return ((Run *)self)->n;
}

static PyMethodDef run_methods[] = {
    {"move", run_move, METH_O, "Read and write another array in place of `moving`."},
    {NULL, NULL, 0, NULL},
};

static PySequenceMethods run_sequence = {.sq_length = run_length};

static PyTypeObject run_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "autograd.compiler._loops.Run",
    .tp_doc = "Operations of the form (ufunc, array, ..., array), run by one call.",
    .tp_basicsize = sizeof(Run),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_methods = run_methods,
    .tp_new = run_new,
    .tp_dealloc = run_dealloc,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Run, vectorcall),
    .tp_as_sequence = &run_sequence,
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_loops",
    .m_doc = "Runs of array operations in one call, without Python between them.",
    .m_size = -1,
};

PyMODINIT_FUNC
PyInit__loops(void)
{
    import_array();
    import_ufunc();
    PyObject *made = PyModule_Create(&module);
    if (made == NULL || PyModule_AddType(made, &run_type) < 0) {
        Py_XDECREF(made);
        return NULL;
    }
    return made;
}
