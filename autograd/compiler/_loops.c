/* Runs of array operations in one call, without Python between them.

   On a few hundred numbers most of the time of a NumPy call is spent around the
   operation: arguments are parsed, types resolved, iterators set up. All of it depends
   on the arrays alone. Here it is done once, and what is kept of an operation is NumPy's
   own inner loop, a function in C, with the pointers, counts and strides that it takes.
   One array may be elsewhere in each run: what points into it is moved.

   NumPy gives a loop by two methods of a ufunc, `_resolve_dtypes_and_context` and
   `_get_strided_loop`, whose docstrings say what they are and that they may change.
   Whatever is not as it stands there is refused, and stays a call of NumPy; where the
   methods are not there at all, this module is not imported.
*/

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#define NPY_NO_DEPRECATED_API NPY_1_23_API_VERSION
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

#include <stddef.h>
#include <string.h>
#include <structmember.h>

#define MAX_ARGS 4     /* inputs and outputs of an operation */
#define MAX_AXES 4     /* axes that are left when neighbours are merged */
#define MAX_COUNTS 4   /* of matmul: 1 and the three sizes */
#define MAX_STEPS 9    /* of matmul: three of the batch and two for each matrix */

/* What NumPy says of a loop, in the capsule of this name. */
#define LOOP_INFO "numpy_1.24_ufunc_call_info"

typedef struct {
    int (*loop)(void *context, char *const *args, const npy_intp *counts,
                const npy_intp *steps, void *data); /* it returns 0 unless it fails */
    void *context, *data;
    npy_bool needs_gil, no_floating_point_errors;
} LoopInfo;

typedef struct {
    LoopInfo info;
    PyObject *capsule; /* which keeps what it points to alive */
    int n_args, n_inputs, n_outer;
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
    PyThread_type_lock turn; /* nothing moves while it runs */
} Run;

/* What is looked up once. */
typedef struct {
    PyObject *matmul, *may_share_memory;
    PyObject *resolve, *get_loop, *fixed_strides, *max_work; /* names */
} State;

/* Whether an array is one that a loop can run on: other types need the GIL or units. */
static int
is_plain(PyArrayObject *array)
{
    return (PyArray_ISFLOAT(array) || PyArray_ISBOOL(array)) &&
           PyArray_ISBEHAVED_RO(array) && PyArray_SIZE(array) > 0;
}

/* The inner loop of a ufunc for these types, and these strides unless they are NULL; 0,
   also with an exception, where it has none that runs without the GIL. */
static int
find_loop(State *state, PyObject *ufunc, PyObject *dtypes, PyObject *strides,
          Operation *operation)
{
    PyObject *resolved =
        PyObject_CallMethodObjArgs(ufunc, state->resolve, dtypes, NULL);
    if (resolved == NULL) {
        return 0;
    }
    PyObject *found = NULL, *capsule = NULL, *filled = NULL;
    int is_there = 0;
    if (PyArg_ParseTuple(resolved, "O!O", &PyTuple_Type, &found, &capsule)) {
        /* It would take other types, if NumPy may convert ours to them. */
        is_there = PyTuple_GET_SIZE(found) == PyTuple_GET_SIZE(dtypes);
        for (Py_ssize_t j = 0; is_there && j < PyTuple_GET_SIZE(found); j++) {
            PyObject *dtype = PyTuple_GET_ITEM(found, j);
            is_there = PyArray_DescrCheck(dtype) &&
                       PyArray_EquivTypes((PyArray_Descr *)dtype,
                                          (PyArray_Descr *)PyTuple_GET_ITEM(dtypes, j));
        }
    }
    if (is_there) {
        PyObject *args[] = {ufunc, capsule, strides ? strides : Py_None};
        PyObject *names = PyTuple_Pack(1, state->fixed_strides);
        if (names) {
            filled = PyObject_VectorcallMethod(state->get_loop, args, 2, names);
            Py_DECREF(names);
        }
        is_there = filled != NULL && PyCapsule_IsValid(capsule, LOOP_INFO);
    }
    if (is_there) {
        operation->info = *(LoopInfo *)PyCapsule_GetPointer(capsule, LOOP_INFO);
        operation->capsule = Py_NewRef(capsule);
        is_there = operation->info.loop != NULL && !operation->info.needs_gil;
    }
    Py_XDECREF(filled);
    Py_DECREF(resolved);
    return is_there;
}

/* Whether two arrays lie in the same place, number by number. */
static int
are_same(PyArrayObject *a, PyArrayObject *b)
{
    if (PyArray_BYTES(a) != PyArray_BYTES(b) || PyArray_TYPE(a) != PyArray_TYPE(b) ||
        !PyArray_SAMESHAPE(a, b)) {
        return 0;
    }
    for (int dim = 0; dim < PyArray_NDIM(a); dim++) {
        if (PyArray_DIM(a, dim) > 1 && PyArray_STRIDE(a, dim) != PyArray_STRIDE(b, dim)) {
            return 0;
        }
    }
    return 1;
}

/* The first byte of an array, which is not empty, and the one behind its last. */
static void
find_bounds(PyArrayObject *array, char **low, char **high)
{
    *low = *high = PyArray_BYTES(array);
    for (int dim = 0; dim < PyArray_NDIM(array); dim++) {
        npy_intp length = (PyArray_DIM(array, dim) - 1) * PyArray_STRIDE(array, dim);
        *(length < 0 ? low : high) += length;
    }
    *high += PyArray_ITEMSIZE(array);
}

/* Whether two arrays may have numbers in common; it is NumPy that asks how they lie
   between each other. */
static int
may_overlap(State *state, PyArrayObject *a, PyArrayObject *b)
{
    char *low, *high, *other_low, *other_high;
    find_bounds(a, &low, &high);
    find_bounds(b, &other_low, &other_high);
    if (high <= other_low || other_high <= low) {
        return 0;
    }
    PyObject *found = PyObject_CallFunctionObjArgs(
        state->may_share_memory, (PyObject *)a, (PyObject *)b, state->max_work, NULL);
    int overlap = found != Py_False;
    Py_XDECREF(found);
    return overlap;
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

/* Types and strides as NumPy wants them. */
static PyObject *
dtypes_of(PyArrayObject **arrays, int n_args)
{
    PyObject *dtypes = PyTuple_New(n_args);
    for (int j = 0; dtypes && j < n_args; j++) {
        PyTuple_SET_ITEM(dtypes, j, Py_NewRef((PyObject *)PyArray_DESCR(arrays[j])));
    }
    return dtypes;
}

static PyObject *
strides_of(const npy_intp *steps, int n_args)
{
    PyObject *strides = PyTuple_New(n_args);
    for (int j = 0; strides && j < n_args; j++) {
        PyObject *stride = PyLong_FromSsize_t(steps[j]);
        if (stride == NULL) {
            Py_CLEAR(strides);
            break;
        }
        PyTuple_SET_ITEM(strides, j, stride);
    }
    return strides;
}

/* What there is to run of (ufunc, array, ..., array), outputs last; 0, also with an
   exception, if it cannot. */
static int
lay_out(State *state, PyObject *step, Operation *operation)
{
    Py_ssize_t n_args = PyTuple_GET_SIZE(step) - 1;
    PyUFuncObject *ufunc = (PyUFuncObject *)PyTuple_GET_ITEM(step, 0);
    PyArrayObject *arrays[MAX_ARGS];
    if (n_args > MAX_ARGS || n_args != ufunc->nargs) {
        return 0;
    }
    operation->n_args = (int)n_args;
    operation->n_inputs = ufunc->nin;
    int is_product = (PyObject *)ufunc == state->matmul;
    for (int j = 0; j < n_args; j++) {
        arrays[j] = (PyArrayObject *)PyTuple_GET_ITEM(step, j + 1);
        if (!is_plain(arrays[j])) {
            return 0;
        }
        operation->start[j] = PyArray_BYTES(arrays[j]);
    }
    for (int out = ufunc->nin; out < n_args; out++) {
        if (!PyArray_ISWRITEABLE(arrays[out])) {
            return 0;
        }
        for (int j = 0; j < out; j++) {
            int may_be_same = j < ufunc->nin && !is_product;
            if (!(may_be_same && are_same(arrays[j], arrays[out])) &&
                may_overlap(state, arrays[j], arrays[out])) {
                return 0;
            }
        }
    }
    if (is_product ? !lay_out_product(arrays, operation)
                   : ufunc->core_enabled || !lay_out_elements(arrays, operation)) {
        return 0;
    }
    /* The strides of a product are those between matrices: there is one. */
    PyObject *dtypes = dtypes_of(arrays, operation->n_args), *strides = NULL;
    int is_there = dtypes != NULL;
    if (is_there && !is_product) {
        strides = strides_of(operation->steps, operation->n_args);
        is_there = strides != NULL;
    }
    is_there = is_there &&
               find_loop(state, (PyObject *)ufunc, dtypes, strides, operation);
    Py_XDECREF(dtypes);
    Py_XDECREF(strides);
    return is_there;
}

/* 0, or -1 where the loop failed. */
static int
operate(const Operation *operation)
{
    const LoopInfo *info = &operation->info;
    char *args[MAX_ARGS];
    npy_intp place[MAX_AXES] = {0};
    int n_args = operation->n_args, axis;
    memcpy(args, operation->start, sizeof args);
    do {
        char *inner[MAX_ARGS]; /* a loop may move the pointers it is given */
        memcpy(inner, args, sizeof args);
        if (info->loop(info->context, inner, operation->counts, operation->steps,
                       info->data) < 0) {
            return -1;
        }
        for (axis = operation->n_outer - 1; axis >= 0; axis--) {
            const npy_intp *steps = operation->outer_steps[axis];
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
    return 0;
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
    int failed = 0;
    Py_BEGIN_ALLOW_THREADS
    PyThread_acquire_lock(run->turn, WAIT_LOCK);
    for (Py_ssize_t i = 0; i < run->n && !failed; i++) {
        failed = operate(run->operations + i);
    }
    PyThread_release_lock(run->turn);
    Py_END_ALLOW_THREADS
    if (failed && !PyErr_Occurred()) {
        PyErr_SetString(PyExc_RuntimeError, "a loop of NumPy failed");
    }
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Collect the pointers into the array that moves; 0 with an exception if it cannot. */
static int
find_moving(Run *run)
{
    char *first = PyArray_BYTES(run->moved), *end = first + PyArray_NBYTES(run->moved);
    run->moving = PyMem_Calloc(run->n * MAX_ARGS, sizeof(char **));
    if (run->moving == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    for (Py_ssize_t i = 0; i < run->n; i++) {
        Operation *operation = run->operations + i;
        for (int j = 0; j < operation->n_args; j++) {
            char **start = operation->start + j;
            if (*start < first || *start >= end) {
                continue;
            }
            if (j >= operation->n_inputs) {
                PyErr_SetString(PyExc_TypeError, "what moves must not be written");
                return 0;
            }
            run->moving[run->n_moving++] = start;
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
    Py_INCREF(array);
    if (!PyThread_acquire_lock(run->turn, NOWAIT_LOCK)) {
        Py_BEGIN_ALLOW_THREADS
        PyThread_acquire_lock(run->turn, WAIT_LOCK);
        Py_END_ALLOW_THREADS
    }
    PyArrayObject *before = run->moved;
    npy_intp by = PyArray_BYTES(array) - PyArray_BYTES(before);
    for (Py_ssize_t i = 0; i < run->n_moving; i++) {
        *run->moving[i] += by;
    }
    run->moved = array;
    PyThread_release_lock(run->turn);
    Py_DECREF(before);
    Py_RETURN_NONE;
}

/* Whether it is of the form (ufunc, array, ..., array). */
static int
is_step(PyObject *step)
{
    if (!PyTuple_Check(step) || PyTuple_GET_SIZE(step) < 2 ||
        !Py_IS_TYPE(PyTuple_GET_ITEM(step, 0), &PyUFunc_Type)) {
        return 0;
    }
    for (Py_ssize_t j = 1; j < PyTuple_GET_SIZE(step); j++) {
        /* Of another class it may have operations of its own. */
        if (!PyArray_CheckExact(PyTuple_GET_ITEM(step, j))) {
            return 0;
        }
    }
    return 1;
}

/* Copy the operations of a part from a place on; the next place. */
static Py_ssize_t
take_over(Run *part, Run *run, Py_ssize_t at)
{
    for (Py_ssize_t i = 0; i < part->n; i++) {
        run->operations[at] = part->operations[i];
        Py_INCREF(run->operations[at++].capsule);
    }
    return at;
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
    Py_ssize_t n = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(steps); i++) {
        PyObject *step = PyTuple_GET_ITEM(steps, i);
        if (Py_IS_TYPE(step, type) && ((Run *)step)->moved) {
            PyErr_SetString(PyExc_TypeError, "a run that moves is no part of another");
            return NULL;
        }
        n += Py_IS_TYPE(step, type) ? ((Run *)step)->n : 1;
    }
    State *state = PyType_GetModuleState(type);
    Run *run = (Run *)type->tp_alloc(type, 0);
    if (run == NULL) {
        return NULL;
    }
    run->vectorcall = run_call;
    run->n = n;
    run->steps = Py_NewRef(steps);
    run->operations = PyMem_Calloc(n, sizeof(Operation));
    run->turn = PyThread_allocate_lock();
    if (run->operations == NULL || run->turn == NULL) {
        Py_DECREF(run);
        return PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0, at = 0; i < PyTuple_GET_SIZE(steps); i++) {
        PyObject *step = PyTuple_GET_ITEM(steps, i);
        if (Py_IS_TYPE(step, type)) {
            at = take_over((Run *)step, run, at);
        }
        else if (is_step(step) && lay_out(state, step, run->operations + at)) {
            at++;
        }
        else {
            if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_Exception)) {
                PyErr_Format(PyExc_TypeError, "step %zd has no loop", i);
            }
            Py_DECREF(run);
            return NULL;
        }
    }
    run->moved = (PyArrayObject *)Py_XNewRef((PyObject *)moving);
    if (moving && !find_moving(run)) {
        Py_DECREF(run);
        return NULL;
    }
    return (PyObject *)run;
}

static void
run_dealloc(PyObject *self)
{
    Run *run = (Run *)self;
    PyTypeObject *type = Py_TYPE(self);
    for (Py_ssize_t i = 0; run->operations && i < run->n; i++) {
        Py_XDECREF(run->operations[i].capsule);
    }
    if (run->turn) {
        PyThread_free_lock(run->turn);
    }
    PyMem_Free(run->moving);
    PyMem_Free(run->operations);
    Py_XDECREF(run->moved);
    Py_XDECREF(run->steps);
    type->tp_free(self);
    Py_DECREF(type);
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

static PyMemberDef run_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Run, vectorcall), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot run_slots[] = {
    {Py_tp_doc, "Operations (ufunc, array, ..., array), or other runs, as one call."},
    {Py_tp_new, run_new},
    {Py_tp_dealloc, run_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_methods, run_methods},
    {Py_tp_members, run_members},
    {Py_sq_length, run_length},
    {0, NULL},
};

static PyType_Spec run_spec = {
    .name = "autograd.compiler._loops.Run",
    .basicsize = sizeof(Run),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = run_slots,
};

/* Whether NumPy gives loops as it is written here: that of one addition tells. */
static int
gives_loops(State *state, PyObject *numpy)
{
    PyObject *add = PyObject_GetAttrString(numpy, "add"), *dtypes = NULL;
    PyObject *number = (PyObject *)PyArray_DescrFromType(NPY_DOUBLE);
    Operation operation = {0};
    if (add && number) {
        dtypes = PyTuple_Pack(3, number, number, number);
    }
    int is_there = dtypes && find_loop(state, add, dtypes, NULL, &operation);
    Py_XDECREF(operation.capsule);
    Py_XDECREF(dtypes);
    Py_XDECREF(number);
    Py_XDECREF(add);
    if (!is_there && (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_Exception))) {
        PyErr_SetString(PyExc_ImportError, "this NumPy gives no loops of its ufuncs");
    }
    return is_there;
}

static int
fill(PyObject *module)
{
    import_array1(-1);
    import_umath1(-1);
    State *state = PyModule_GetState(module);
    PyObject *numpy = PyImport_ImportModule("numpy");
    if (numpy == NULL) {
        return -1;
    }
    state->matmul = PyObject_GetAttrString(numpy, "matmul");
    state->may_share_memory = PyObject_GetAttrString(numpy, "may_share_memory");
    state->resolve = PyUnicode_InternFromString("_resolve_dtypes_and_context");
    state->get_loop = PyUnicode_InternFromString("_get_strided_loop");
    state->fixed_strides = PyUnicode_InternFromString("fixed_strides");
    state->max_work = PyLong_FromLong(1);
    int is_filled = state->matmul && state->may_share_memory && state->resolve &&
                    state->get_loop && state->fixed_strides && state->max_work &&
                    gives_loops(state, numpy);
    Py_DECREF(numpy);
    if (!is_filled) {
        return -1;
    }
    PyObject *type = PyType_FromModuleAndSpec(module, &run_spec, NULL);
    int failed = type == NULL || PyModule_AddType(module, (PyTypeObject *)type) < 0;
    Py_XDECREF(type);
    return failed ? -1 : 0;
}

static int
traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->matmul);
    Py_VISIT(state->may_share_memory);
    return 0;
}

static int
clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    Py_CLEAR(state->matmul);
    Py_CLEAR(state->may_share_memory);
    Py_CLEAR(state->resolve);
    Py_CLEAR(state->get_loop);
    Py_CLEAR(state->fixed_strides);
    Py_CLEAR(state->max_work);
    return 0;
}

static void
free_module(void *module)
{
    clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, fill},
#ifdef Py_mod_multiple_interpreters
    /* NumPy has one table of its functions in the process. */
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#ifdef Py_mod_gil
    /* A run changes by `move` alone, in turn with its calls. */
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_loops",
    .m_doc = "Runs of array operations in one call, without Python between them.",
    .m_size = sizeof(State),
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = free_module,
};

PyMODINIT_FUNC
PyInit__loops(void)
{
    return PyModuleDef_Init(&definition);
}
