/* Rows of matrices taken from here and there, and put or added there.

   A `Move` is one such operation, with its matrices. What each does is told by the kinds
   of steps in autograd/compiler/steps.py:

       GATHER    out[i] = source[rows[i]]
       PUT       out[rows[i]] = source[i]
       ADD       out[rows[i]] += source[i], from the first i to the last
       SEGMENTS  out[i] = source[rows[i]] + ..., up to the row before rows[i + 1]

   Invariant: rows are within their matrix, and what is read and what is written do not
   overlap: both are seen to when it is made, and nothing is looked at again. It keeps
   the buffers of the matrices, and a copy of the rows. Who runs it sees to it that nobody
   else uses the matrices at the same time. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <structmember.h>
#include <string.h>

enum { GATHER, PUT, ADD, SEGMENTS, N_KINDS };

/* A matrix whose rows are each in one piece: the strides are in bytes. */
typedef struct {
    Py_buffer buffer;
    char *first;
    Py_ssize_t n, width, stride;
} Matrix;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    int kind, is_single;
    Matrix out, source;
    Py_ssize_t n;
    Py_ssize_t *rows;
} Move;

/* The operations, of either width of numbers. A row of one number is the usual one
   where there is no batch, and needs no loop of its own. */

#define DEFINE_ADD(NAME, NUMBER)                                                       \
    static void NAME(const Move *move)                                                 \
    {                                                                                  \
        Py_ssize_t width = move->out.width, to = move->out.stride;                     \
        Py_ssize_t from = move->source.stride;                                         \
        const char *source = move->source.first;                                       \
        for (Py_ssize_t i = 0; i < move->n; i++, source += from) {                     \
            NUMBER *out = (NUMBER *)(move->out.first + move->rows[i] * to);            \
            const NUMBER *x = (const NUMBER *)source;                                  \
            for (Py_ssize_t j = 0; j < width; j++)                                     \
                out[j] += x[j];                                                        \
        }                                                                              \
    }

#define DEFINE_SEGMENTS(NAME, NUMBER)                                                  \
    static void NAME(const Move *move)                                                 \
    {                                                                                  \
        Py_ssize_t width = move->out.width, from = move->source.stride;                \
        for (Py_ssize_t i = 0; i < move->n; i++) {                                     \
            Py_ssize_t row = move->rows[i];                                            \
            Py_ssize_t end = i + 1 < move->n ? move->rows[i + 1] : move->source.n;     \
            NUMBER *out = (NUMBER *)(move->out.first + i * move->out.stride);          \
            memcpy(out, move->source.first + row * from, width * sizeof(NUMBER));      \
            for (row++; row < end; row++) {                                            \
                const NUMBER *x = (const NUMBER *)(move->source.first + row * from);   \
                for (Py_ssize_t j = 0; j < width; j++)                                 \
                    out[j] += x[j];                                                    \
            }                                                                          \
        }                                                                              \
    }

#define DEFINE_COPIES(NAME, NUMBER)                                                    \
    static void NAME(const Move *move)                                                 \
    {                                                                                  \
        Py_ssize_t width = move->out.width, size = width * sizeof(NUMBER);             \
        Py_ssize_t to = move->out.stride, from = move->source.stride;                  \
        int gathers = move->kind == GATHER;                                            \
        for (Py_ssize_t i = 0; i < move->n; i++) {                                     \
            Py_ssize_t there = move->rows[i];                                          \
            char *out = move->out.first + (gathers ? i : there) * to;                  \
            const char *x = move->source.first + (gathers ? there : i) * from;         \
            if (width == 1)                                                            \
                *(NUMBER *)out = *(const NUMBER *)x;                                   \
            else                                                                       \
                memcpy(out, x, size);                                                  \
        }                                                                              \
    }

DEFINE_ADD(add_doubles, double)
DEFINE_ADD(add_singles, float)
DEFINE_SEGMENTS(segments_of_doubles, double)
DEFINE_SEGMENTS(segments_of_singles, float)
DEFINE_COPIES(copy_doubles, double)
DEFINE_COPIES(copy_singles, float)

static void
perform(const Move *move)
{
    switch (move->kind) {
    case ADD:
        (move->is_single ? add_singles : add_doubles)(move);
        break;
    case SEGMENTS:
        (move->is_single ? segments_of_singles : segments_of_doubles)(move);
        break;
    default:
        (move->is_single ? copy_singles : copy_doubles)(move);
    }
}

static PyObject *
move_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    (void)args;
    if (PyVectorcall_NARGS(nargsf) || (names && PyTuple_GET_SIZE(names))) {
        PyErr_SetString(PyExc_TypeError, "a move takes no arguments");
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    perform((Move *)self);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

/* Making one */

/* Take the buffer of a matrix; 0 with an error set where it is no such matrix. */
static int
take(Matrix *matrix, PyObject *given, int is_written, int *is_single)
{
    Py_buffer *buffer = &matrix->buffer;
    int flags = PyBUF_STRIDES | PyBUF_FORMAT | (is_written ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(given, buffer, flags) < 0)
        return 0;
    int is_double = buffer->format && strcmp(buffer->format, "d") == 0;
    *is_single = buffer->format && strcmp(buffer->format, "f") == 0;
    if ((!is_double && !*is_single) || buffer->ndim != 2 ||
        (buffer->shape[1] > 1 && buffer->strides[1] != buffer->itemsize) ||
        (size_t)buffer->buf % buffer->itemsize || buffer->strides[0] % buffer->itemsize) {
        PyErr_SetString(PyExc_ValueError,
                        "a matrix of floats, its rows in one piece, is needed");
        return 0;
    }
    matrix->first = buffer->buf;
    matrix->n = buffer->shape[0];
    matrix->width = buffer->shape[1];
    matrix->stride = buffer->strides[0];
    return 1;
}

/* The first byte of a matrix, and that behind its last. */
static void
span(const Matrix *matrix, char **low, char **high)
{
    char *last = matrix->first + (matrix->n - 1) * matrix->stride;
    *low = last < matrix->first ? last : matrix->first;
    *high = (last < matrix->first ? matrix->first : last) +
            matrix->width * matrix->buffer.itemsize;
}

static int
overlap(const Matrix *a, const Matrix *b)
{
    if (!a->n || !b->n || !a->width)
        return 0;
    char *a_low, *a_high, *b_low, *b_high;
    span(a, &a_low, &a_high);
    span(b, &b_low, &b_high);
    return a_low < b_high && b_low < a_high;
}

/* Copy the rows, and see that they are there; 0 with an error set. */
static int
take_rows(Move *move, PyObject *given)
{
    Py_buffer buffer;
    if (PyObject_GetBuffer(given, &buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0)
        return 0;
    const char *format = buffer.format ? buffer.format : "";
    int is_right = buffer.ndim == 1 && buffer.itemsize == sizeof(Py_ssize_t) &&
                   strlen(format) == 1 && strchr("lqn", format[0]) != NULL;
    Py_ssize_t n = is_right ? buffer.shape[0] : 0;
    int is_read = move->kind == GATHER || move->kind == SEGMENTS;
    Py_ssize_t n_there = (is_read ? &move->source : &move->out)->n;
    Py_ssize_t n_here = (is_read ? &move->out : &move->source)->n;
    is_right = is_right && n == n_here;
    if (is_right && (move->rows = PyMem_Malloc(n * sizeof(Py_ssize_t))) == NULL) {
        PyBuffer_Release(&buffer);
        PyErr_NoMemory();
        return 0;
    }
    if (is_right && n)
        memcpy(move->rows, buffer.buf, n * sizeof(Py_ssize_t));
    PyBuffer_Release(&buffer);
    for (Py_ssize_t i = 0; is_right && i < n; i++)
        is_right = move->rows[i] >= 0 && move->rows[i] < n_there &&
                   (move->kind != SEGMENTS || !i || move->rows[i - 1] < move->rows[i]);
    if (!is_right) {
        PyErr_SetString(PyExc_ValueError, "the rows are not those of the matrices");
        return 0;
    }
    move->n = n;
    return 1;
}

static int
lay_out(Move *move, PyObject *out, PyObject *source, PyObject *rows)
{
    int is_single;
    if (move->kind < 0 || move->kind >= N_KINDS) {
        PyErr_SetString(PyExc_ValueError, "there is no such kind of move");
        return 0;
    }
    if (!take(&move->out, out, 1, &move->is_single) ||
        !take(&move->source, source, 0, &is_single))
        return 0;
    if (is_single != move->is_single || move->out.width != move->source.width ||
        overlap(&move->out, &move->source)) {
        PyErr_SetString(PyExc_ValueError, "the matrices differ in type or width, or "
                                          "overlap");
        return 0;
    }
    return take_rows(move, rows);
}

static PyObject *
move_new(PyTypeObject *type, PyObject *args, PyObject *options)
{
    int kind;
    PyObject *out, *source, *rows;
    static char *names[] = {"kind", "out", "source", "rows", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, options, "iOOO:Move", names, &kind, &out,
                                     &source, &rows))
        return NULL;
    Move *move = (Move *)type->tp_alloc(type, 0);
    if (move == NULL)
        return NULL;
    move->vectorcall = move_call;
    move->kind = kind;
    if (!lay_out(move, out, source, rows)) {
        Py_DECREF(move);
        return NULL;
    }
    return (PyObject *)move;
}

static void
move_dealloc(PyObject *self)
{
    Move *move = (Move *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyMem_Free(move->rows);
    PyBuffer_Release(&move->out.buffer); /* nothing where none was taken */
    PyBuffer_Release(&move->source.buffer);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Move, vectorcall), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot type_slots[] = {
    {Py_tp_doc, "Rows of a matrix taken from another, or put or added there."},
    {Py_tp_new, move_new},
    {Py_tp_dealloc, move_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec type_spec = {
    .name = "autograd.native._scatter.Move",
    .basicsize = sizeof(Move),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = type_slots,
};

static int
fill(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &type_spec, NULL);
    int failed = type == NULL || PyModule_AddType(module, (PyTypeObject *)type) < 0;
    Py_XDECREF(type);
    failed = failed || PyModule_AddIntMacro(module, GATHER) < 0 ||
             PyModule_AddIntMacro(module, PUT) < 0 ||
             PyModule_AddIntMacro(module, ADD) < 0 ||
             PyModule_AddIntMacro(module, SEGMENTS) < 0;
    return failed ? -1 : 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, fill},
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autograd.native._scatter",
    .m_doc = "Rows of matrices taken from here and there, and put or added there.",
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__scatter(void)
{
    return PyModuleDef_Init(&module);
}
