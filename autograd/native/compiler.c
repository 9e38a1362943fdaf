/* Passes of the compiler on the flat arrays of a tape: the twins of those in Python.

   What each pass means is written there, and only there: `fold` and `collect_sums` in
   autograd/compiler/simplify.py, `derive` in autograd/compiler/differentiate.py, `layers`
   in autograd/compiler/group.py, `laid_out` in autograd/compiler/trace.py. The tapes that
   come out are the same to the bit.

   No mathematics is here. What an operation on constants gives is asked of `helper`, and
   so is what a rule of the table writes: once for each operation and each choice of
   arguments to differentiate by, as a *template*, a small tape over holes for the
   arguments and the result. Where a rule meets constants whose result is none, or is not
   finite, a pass returns None, and its Python twin decides.

   Numbers are those of a `Writer` in tape.py: constants below zero, then inputs,
   parameters and instructions. All state is local to a call. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FAILED (-1) /* a Python error is set */
#define GAVE_UP (-2) /* the Python twin has to decide */
#define NONE INT32_MIN

/* The operations that passes know, by their place in what `helper` knows. */
enum { ADD, SUB, NEG, MUL, SUM, DOT, ATAN2 };

/* What `helper.flags` tells of an operation. */
enum {
    COMMUTATIVE = 1,
    SHORTCUTS = 2,
    STOPS = 4,
    BASIC = 8, /* written to a tape as it is, and not by what its rule is made of */
    VARIADIC = 16
};

/* The kinds of templates. */
enum { FORWARD, PARTIALS, SHORTCUT };

/* What `derive` makes. */
enum { LOWER, DIFFERENTIATE, GRADIENT, PULLBACK, PUSHFORWARD };

/* Arrays that grow */

typedef struct {
    int32_t *at;
    Py_ssize_t n, room;
} Ints;

typedef struct {
    double *at;
    Py_ssize_t n, room;
} Doubles;

typedef struct {
    int64_t *at;
    Py_ssize_t n, room;
} Longs;

static int
grown(void **at, Py_ssize_t *room, Py_ssize_t wanted, size_t size)
{
    if (wanted <= *room)
        return 0;
    Py_ssize_t more = *room + *room / 2 + 16;
    if (more < wanted)
        more = wanted;
    void *moved = realloc(*at, (size_t)more * size);
    if (moved == NULL) {
        PyErr_NoMemory();
        return FAILED;
    }
    *at = moved;
    *room = more;
    return 0;
}

#define RESERVE(list, more) \
    grown((void **)&(list)->at, &(list)->room, (list)->n + (more), sizeof *(list)->at)

static int
push(Ints *list, int32_t number)
{
    if (RESERVE(list, 1) < 0)
        return FAILED;
    list->at[list->n++] = number;
    return 0;
}

/* A tape as it is given */

typedef struct {
    int n_inputs, n_parameters;
    Py_buffer buffers[6];
    int n_buffers;
    const double *constants;
    const int32_t *codes, *operands, *outputs, *guards;
    const int64_t *starts;
    Py_ssize_t n_constants, n, n_operands, n_outputs, n_guards;
    int32_t n_leaves;
} Given;

static void
release(Given *tape)
{
    for (int i = 0; i < tape->n_buffers; i++)
        PyBuffer_Release(&tape->buffers[i]);
    tape->n_buffers = 0;
}

/* The start of a bytes-like object's items of a size, and how many there are. */
static const void *
items(Given *tape, PyObject *object, size_t size, Py_ssize_t *n)
{
    Py_buffer *buffer = &tape->buffers[tape->n_buffers];
    if (PyObject_GetBuffer(object, buffer, PyBUF_SIMPLE) < 0)
        return NULL;
    tape->n_buffers++;
    *n = buffer->len / (Py_ssize_t)size;
    return buffer->buf != NULL ? buffer->buf : (const void *)"";
}

static int
read_tape(PyObject *given, Given *tape)
{
    PyObject *constants, *codes, *starts, *operands, *outputs, *guards;
    Py_ssize_t n_starts;
    memset(tape, 0, sizeof *tape);
    if (!PyArg_ParseTuple(given, "iiOOOOOO", &tape->n_inputs, &tape->n_parameters,
                          &constants, &codes, &starts, &operands, &outputs, &guards))
        return FAILED;
    if ((tape->constants = items(tape, constants, 8, &tape->n_constants)) == NULL ||
        (tape->codes = items(tape, codes, 4, &tape->n)) == NULL ||
        (tape->starts = items(tape, starts, 8, &n_starts)) == NULL ||
        (tape->operands = items(tape, operands, 4, &tape->n_operands)) == NULL ||
        (tape->outputs = items(tape, outputs, 4, &tape->n_outputs)) == NULL ||
        (guards != Py_None &&
         (tape->guards = items(tape, guards, 4, &tape->n_guards)) == NULL)) {
        release(tape);
        return FAILED;
    }
    Py_ssize_t n_leaves = (Py_ssize_t)tape->n_inputs + tape->n_parameters +
                          tape->n_constants;
    /* What a pass makes of a tape may be some times as long. */
    if (n_leaves + tape->n > INT32_MAX / 2) {
        release(tape);
        PyErr_SetString(PyExc_OverflowError, "a tape of more than 2^30 numbers");
        return FAILED;
    }
    tape->n_leaves = (int32_t)n_leaves;
    int right = n_starts == tape->n + 1 && tape->starts[0] == 0 &&
                tape->starts[tape->n] == tape->n_operands;
    for (Py_ssize_t i = 0; right && i < tape->n; i++) {
        right = tape->codes[i] >= 0 && tape->starts[i] <= tape->starts[i + 1];
        for (int64_t j = tape->starts[i]; right && j < tape->starts[i + 1]; j++)
            right = 0 <= tape->operands[j] && tape->operands[j] < n_leaves + i;
    }
    for (Py_ssize_t i = 0; right && i < tape->n_outputs; i++)
        right = 0 <= tape->outputs[i] && tape->outputs[i] < n_leaves + tape->n;
    for (Py_ssize_t i = 0; right && i < tape->n_guards; i++)
        right = 0 <= tape->guards[i] && tape->guards[i] < n_leaves + tape->n;
    if (!right) {
        release(tape);
        PyErr_SetString(PyExc_ValueError, "not a tape");
        return FAILED;
    }
    return 0;
}

static Py_ssize_t
n_arguments(const Given *tape, Py_ssize_t i)
{
    return (Py_ssize_t)(tape->starts[i + 1] - tape->starts[i]);
}

/* Writing a tape */

typedef struct {
    int kind;
    int32_t code;
    Py_ssize_t n_holes;
    uint64_t choice; /* which partials are wanted, or the bits of the last argument */
    int is_none;
    Py_ssize_t n, n_results;
    int32_t *codes, *operands, *results; /* holes, then instructions; constants < 0 */
    int64_t *starts;
} Template;

typedef struct {
    PyObject *helper;
    int simplifies; /* whether it is a Simplifier of simplify.py */
    int32_t n_inputs, first;
    Doubles constants;
    Ints codes, operands, result;
    Longs starts;
    int32_t *slots, *constant_slots; /* hash tables of instructions, of constants */
    Py_ssize_t n_slots, n_constant_slots;
    Ints flags;
    Template **templates;
    Py_ssize_t n_templates, template_room;
    Ints numbers; /* of what templates compute, a stack */
    Ints scratch; /* the arguments of their instructions, a stack */
} Writer;

static uint64_t
mixed(uint64_t hash, uint64_t with)
{
    hash = (hash ^ with) * 0x9E3779B97F4A7C15u;
    return hash ^ (hash >> 29);
}

static uint64_t
bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static int
emptied(int32_t **slots, Py_ssize_t *n_slots, Py_ssize_t n)
{
    int32_t *fresh = malloc((size_t)n * sizeof *fresh);
    if (fresh == NULL) {
        PyErr_NoMemory();
        return FAILED;
    }
    memset(fresh, 0xff, (size_t)n * sizeof *fresh); /* -1 everywhere */
    free(*slots);
    *slots = fresh;
    *n_slots = n;
    return 0;
}

static int
begin(Writer *w, const Given *tape, int n_new, PyObject *helper, int simplifies)
{
    memset(w, 0, sizeof *w);
    w->helper = helper;
    w->simplifies = simplifies;
    w->n_inputs = tape->n_inputs + n_new;
    w->first = w->n_inputs + tape->n_parameters;
    Py_ssize_t room = 64;
    while (3 * room < 4 * tape->n)
        room *= 2;
    if (emptied(&w->slots, &w->n_slots, room) < 0 ||
        emptied(&w->constant_slots, &w->n_constant_slots, 64) < 0 ||
        RESERVE(&w->starts, 1) < 0)
        return FAILED;
    w->starts.at[w->starts.n++] = 0;
    return 0;
}

static void
end(Writer *w)
{
    for (Py_ssize_t i = 0; i < w->n_templates; i++) {
        free(w->templates[i]->codes);
        free(w->templates[i]->starts);
        free(w->templates[i]->operands);
        free(w->templates[i]->results);
        free(w->templates[i]);
    }
    free(w->templates);
    free(w->constants.at);
    free(w->codes.at);
    free(w->operands.at);
    free(w->result.at);
    free(w->starts.at);
    free(w->slots);
    free(w->constant_slots);
    free(w->flags.at);
    free(w->numbers.at);
    free(w->scratch.at);
}

/* What the helper tells of an operation: not below 0. */
static int
flags_of(Writer *w, int32_t code)
{
    while (w->flags.n <= code)
        if (push(&w->flags, -1) < 0)
            return FAILED;
    if (w->flags.at[code] < 0) {
        PyObject *told = PyObject_CallMethod(w->helper, "flags", "i", (int)code);
        if (told == NULL)
            return FAILED;
        long flags = PyLong_AsLong(told);
        Py_DECREF(told);
        if (flags == -1 && PyErr_Occurred())
            return FAILED;
        w->flags.at[code] = (int32_t)flags;
    }
    return w->flags.at[code];
}

static double
value(const Writer *w, int32_t number)
{
    return w->constants.at[-1 - number];
}

static int
is_number(const Writer *w, int32_t number, double wanted)
{
    return number < 0 && value(w, number) == wanted;
}

/* The number of a constant; those that differ in a bit are different. */
static int
constant(Writer *w, double given, int32_t *number)
{
    if (given != given)
        return GAVE_UP;
    uint64_t bits = bits_of(given);
    if (2 * w->constants.n >= w->n_constant_slots) {
        if (emptied(&w->constant_slots, &w->n_constant_slots,
                    2 * w->n_constant_slots) < 0)
            return FAILED;
        uint64_t mask = (uint64_t)w->n_constant_slots - 1;
        for (Py_ssize_t i = 0; i < w->constants.n; i++) {
            uint64_t at = mixed(0, bits_of(w->constants.at[i])) & mask;
            while (w->constant_slots[at] >= 0)
                at = (at + 1) & mask;
            w->constant_slots[at] = (int32_t)i;
        }
    }
    uint64_t mask = (uint64_t)w->n_constant_slots - 1, at = mixed(0, bits) & mask;
    for (; w->constant_slots[at] >= 0; at = (at + 1) & mask)
        if (bits_of(w->constants.at[w->constant_slots[at]]) == bits) {
            *number = -1 - w->constant_slots[at];
            return 0;
        }
    if (RESERVE(&w->constants, 1) < 0)
        return FAILED;
    w->constant_slots[at] = (int32_t)w->constants.n;
    w->constants.at[w->constants.n++] = given;
    *number = (int32_t)-w->constants.n;
    return 0;
}

/* The new numbers of a tape's leaves, behind `n_new` inputs. */
static int
write_leaves(Writer *w, const Given *tape, int n_new, int32_t *new)
{
    int32_t n = tape->n_inputs + tape->n_parameters;
    for (int32_t i = 0; i < n; i++)
        new[i] = n_new + i;
    for (Py_ssize_t i = 0; i < tape->n_constants; i++) {
        int status = constant(w, tape->constants[i], &new[n + i]);
        if (status < 0)
            return status;
    }
    return 0;
}

static uint64_t
hashed(int32_t code, const int32_t *args, Py_ssize_t n)
{
    uint64_t hash = mixed((uint64_t)n, (uint32_t)code);
    for (Py_ssize_t i = 0; i < n; i++)
        hash = mixed(hash, (uint32_t)args[i]);
    return hash;
}

static int
rehash(Writer *w)
{
    if (emptied(&w->slots, &w->n_slots, 2 * w->n_slots) < 0)
        return FAILED;
    uint64_t mask = (uint64_t)w->n_slots - 1;
    for (Py_ssize_t i = 0; i < w->codes.n; i++) {
        int64_t start = w->starts.at[i];
        uint64_t at = hashed(w->codes.at[i], w->operands.at + start,
                             (Py_ssize_t)(w->starts.at[i + 1] - start)) & mask;
        while (w->slots[at] >= 0)
            at = (at + 1) & mask;
        w->slots[at] = (int32_t)i;
    }
    return 0;
}

static int instantiate(Writer *w, const Template *t, const int32_t *holes,
                       Py_ssize_t *results);
static int template_of(Writer *w, int kind, int32_t code, Py_ssize_t n_holes,
                       uint64_t choice, PyObject *choice_object, Template **found);

/* What a shortcut makes of an instruction; 1 where there is none. */
static int
by_shortcut(Writer *w, int32_t code, const int32_t *args, Py_ssize_t n, int32_t *number)
{
    double last = value(w, args[n - 1]);
    if (last == 0.0)
        last = 0.0; /* the rules are known by numbers, to which the two are equal */
    PyObject *choice = PyFloat_FromDouble(last);
    if (choice == NULL)
        return FAILED;
    Template *t;
    int status = template_of(w, SHORTCUT, code, n - 1, bits_of(last), choice, &t);
    Py_DECREF(choice);
    if (status < 0)
        return status;
    if (t->is_none)
        return 1;
    Py_ssize_t at = w->numbers.n, results;
    status = instantiate(w, t, args, &results);
    if (status == 0)
        *number = w->numbers.at[results];
    w->numbers.n = at;
    return status;
}

/* The result of an operation on constants as a constant; 1 where there is none. */
static int
folded(Writer *w, int32_t code, const int32_t *args, Py_ssize_t n, int32_t *number)
{
    PyObject *operands = PyTuple_New(n);
    if (operands == NULL)
        return FAILED;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *operand = PyFloat_FromDouble(value(w, args[i]));
        if (operand == NULL) {
            Py_DECREF(operands);
            return FAILED;
        }
        PyTuple_SET_ITEM(operands, i, operand);
    }
    PyObject *result = PyObject_CallMethod(w->helper, "folded", "iO", (int)code,
                                           operands);
    Py_DECREF(operands);
    if (result == NULL)
        return FAILED;
    int status = 1;
    if (result != Py_None) {
        double found = PyFloat_AsDouble(result);
        status = found == -1.0 && PyErr_Occurred() ? FAILED
                                                   : constant(w, found, number);
    }
    Py_DECREF(result);
    return status;
}

static int
are_constants(const int32_t *args, Py_ssize_t n)
{
    for (Py_ssize_t i = 0; i < n; i++)
        if (args[i] >= 0)
            return 0;
    return n > 0;
}

/* The number of an instruction, written where it is new. In a rule it gives up on
   constants that have no finite result. */
static int
emit(Writer *w, int32_t code, const int32_t *args, Py_ssize_t n, int in_rule,
     int32_t *number)
{
    int32_t own[4];
    if (w->simplifies && 0 < n && n <= 4) {
        int flags = flags_of(w, code);
        if (flags < 0)
            return FAILED;
        memcpy(own, args, (size_t)n * sizeof *own);
        if ((flags & COMMUTATIVE) && n == 2 && args[0] > args[1]) {
            own[0] = args[1];
            own[1] = args[0];
        }
        args = own;
        if ((flags & SHORTCUTS) && own[0] >= 0 && own[n - 1] < 0) {
            int status = by_shortcut(w, code, own, n, number);
            if (status <= 0)
                return status;
        }
    }
    if (4 * w->codes.n >= 3 * w->n_slots && rehash(w) < 0)
        return FAILED;
    int constants = are_constants(args, n);
    uint64_t mask = (uint64_t)w->n_slots - 1, at = hashed(code, args, n) & mask;
    for (; w->slots[at] >= 0; at = (at + 1) & mask) {
        int32_t i = w->slots[at];
        int64_t start = w->starts.at[i];
        if (w->codes.at[i] == code && w->starts.at[i + 1] - start == n &&
            (n == 0 ||
             memcmp(w->operands.at + start, args, (size_t)n * sizeof *args) == 0)) {
            *number = w->result.at[i];
            return constants && in_rule && *number >= 0 ? GAVE_UP : 0;
        }
    }
    if (w->codes.n >= INT32_MAX - w->first - 1) {
        PyErr_SetString(PyExc_OverflowError, "a tape of more than 2^31 numbers");
        return FAILED;
    }
    *number = w->first + (int32_t)w->codes.n;
    if (constants) {
        int status = folded(w, code, args, n, number);
        if (status < 0)
            return status;
        if (status == 1 && in_rule)
            return GAVE_UP;
    }
    if (RESERVE(&w->operands, n) < 0 || RESERVE(&w->starts, 1) < 0 ||
        push(&w->result, *number) < 0 || push(&w->codes, code) < 0)
        return FAILED;
    if (n)
        memcpy(w->operands.at + w->operands.n, args, (size_t)n * sizeof *args);
    w->operands.n += n;
    w->starts.at[w->starts.n++] = w->operands.n;
    w->slots[at] = (int32_t)w->codes.n - 1;
    return 0;
}

/* Templates */

/* A copy of the items of a bytes object. */
static void *
copied(PyObject *bytes, size_t size, Py_ssize_t *n)
{
    char *from;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(bytes, &from, &length) < 0)
        return NULL;
    void *to = malloc((size_t)length + 1);
    if (to == NULL)
        return PyErr_NoMemory();
    memcpy(to, from, (size_t)length);
    *n = length / (Py_ssize_t)size;
    return to;
}

/* Constants in the place of their numbers in a template. */
static int
settled(Writer *w, int32_t *numbers, Py_ssize_t n, const double *constants,
        Py_ssize_t n_constants)
{
    for (Py_ssize_t i = 0; i < n; i++)
        if (numbers[i] < 0) {
            if (-1 - (Py_ssize_t)numbers[i] >= n_constants) {
                PyErr_SetString(PyExc_ValueError, "not a template");
                return FAILED;
            }
            int status = constant(w, constants[-1 - numbers[i]], &numbers[i]);
            if (status < 0)
                return status;
        }
    return 0;
}

static int
fill(Writer *w, Template *t, PyObject *told)
{
    PyObject *codes, *starts, *operands, *constants, *results;
    Py_ssize_t n_starts = 0, n_operands = 0, n_constants = 0;
    t->is_none = told == Py_None;
    if (t->is_none)
        return 0;
    if (!PyArg_ParseTuple(told, "OOOOO", &codes, &starts, &operands, &constants,
                          &results))
        return FAILED;
    double *numbers = copied(constants, 8, &n_constants);
    if (numbers == NULL)
        return FAILED;
    int status = FAILED;
    if ((t->codes = copied(codes, 4, &t->n)) != NULL &&
        (t->starts = copied(starts, 8, &n_starts)) != NULL &&
        (t->operands = copied(operands, 4, &n_operands)) != NULL &&
        (t->results = copied(results, 4, &t->n_results)) != NULL) {
        status = settled(w, t->operands, n_operands, numbers, n_constants);
        if (status == 0)
            status = settled(w, t->results, t->n_results, numbers, n_constants);
    }
    free(numbers);
    return status;
}

/* What a rule writes, asked for when it is first wanted. */
static int
template_of(Writer *w, int kind, int32_t code, Py_ssize_t n_holes, uint64_t choice,
            PyObject *choice_object, Template **found)
{
    for (Py_ssize_t i = w->n_templates; i-- > 0;) {
        Template *t = w->templates[i];
        if (t->code == code && t->kind == kind && t->n_holes == n_holes &&
            t->choice == choice) {
            if (i < w->n_templates - 1) { /* so that the usual ones are found soon */
                w->templates[i] = w->templates[i + 1];
                w->templates[i + 1] = t;
            }
            *found = t;
            return 0;
        }
    }
    PyObject *told = PyObject_CallMethod(w->helper, "template", "iinO", kind,
                                         (int)code, n_holes, choice_object);
    if (told == NULL)
        return FAILED;
    Template *t = calloc(1, sizeof *t);
    if (t == NULL ||
        grown((void **)&w->templates, &w->template_room, w->n_templates + 1,
              sizeof *w->templates) < 0) {
        free(t);
        Py_DECREF(told);
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        return FAILED;
    }
    w->templates[w->n_templates++] = t;
    t->kind = kind;
    t->code = code;
    t->n_holes = n_holes;
    t->choice = choice;
    int status = fill(w, t, told);
    Py_DECREF(told);
    *found = t;
    return status;
}

/* Write what a template says of these holes: its results are the numbers at `results`
   of the stack, until that is cut again. */
static int
instantiate(Writer *w, const Template *t, const int32_t *holes, Py_ssize_t *results)
{
    Py_ssize_t base = w->numbers.n, n_holes = t->n_holes;
    if (RESERVE(&w->numbers, t->n + t->n_results) < 0)
        return FAILED;
    w->numbers.n += t->n + t->n_results;
#define FILLED(r) ((r) < 0 ? (r) : (r) < n_holes ? holes[r] \
                                                 : w->numbers.at[base + (r) - n_holes])
    for (Py_ssize_t i = 0; i < t->n; i++) {
        Py_ssize_t n = (Py_ssize_t)(t->starts[i + 1] - t->starts[i]);
        Py_ssize_t at = w->scratch.n;
        if (RESERVE(&w->scratch, n) < 0)
            return FAILED;
        w->scratch.n += n;
        for (Py_ssize_t k = 0; k < n; k++) {
            int32_t r = t->operands[t->starts[i] + k];
            w->scratch.at[at + k] = FILLED(r);
        }
        int32_t number;
        int status = emit(w, t->codes[i], w->scratch.at + at, n, 1, &number);
        w->scratch.n = at;
        if (status < 0)
            return status;
        w->numbers.at[base + i] = number;
    }
    *results = base + t->n;
    for (Py_ssize_t k = 0; k < t->n_results; k++) {
        int32_t r = t->results[k];
        w->numbers.at[*results + k] = FILLED(r);
    }
#undef FILLED
    return 0;
}

/* Finishing a tape */

static PyObject *
bytes_of(size_t size, Py_ssize_t n, void **start)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size * n);
    if (bytes != NULL)
        *start = PyBytes_AS_STRING(bytes);
    return bytes;
}

static PyObject *
as_bytes(const void *items, Py_ssize_t n, size_t size)
{
    return PyBytes_FromStringAndSize(n ? items : "", n * (Py_ssize_t)size);
}

/* An array as bytes; it is given up. */
static PyObject *
taken(void **items, Py_ssize_t n, size_t size)
{
    PyObject *bytes = as_bytes(*items, n, size);
    free(*items);
    *items = NULL;
    return bytes;
}

/* The tape of what the outputs need, as `finish` of tape.py makes it; `guards` may be
   NULL. A tuple of its constants, codes, starts, operands, outputs and guards, and of
   the codes of its table in the order in which they occur. */
static PyObject *
finish(Writer *w, const Ints *outputs, const Ints *guards, const Ints *kept)
{
    Py_ssize_t n = w->codes.n;
    int32_t first = w->first;
    /* Nothing is written any more. */
    free(w->slots);
    free(w->result.at);
    w->slots = w->result.at = NULL;
    PyObject *made = NULL, *table = NULL, *listed[6] = {NULL};
    char *needed = calloc((size_t)n + 1, 1);
    int32_t *new = malloc(((size_t)n + 1) * sizeof *new);
    int32_t *new_constant = malloc(((size_t)w->constants.n + 1) * sizeof *new);
    int32_t n_known = 0;
    for (Py_ssize_t i = 0; i < n; i++)
        if (w->codes.at[i] >= n_known)
            n_known = w->codes.at[i] + 1;
    int32_t *new_code = malloc(((size_t)n_known + 1) * sizeof *new);
    int32_t *constants = malloc(((size_t)w->constants.n + 1) * sizeof *new);
    if (!needed || !new || !new_constant || !new_code || !constants) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < outputs->n; i++)
        if (outputs->at[i] >= first)
            needed[outputs->at[i] - first] = 1;
    for (Py_ssize_t i = 0; i < kept->n; i++)
        if (kept->at[i] >= first)
            needed[kept->at[i] - first] = 1;
    Py_ssize_t n_constants = 0;
    int32_t n_codes = 0;
    for (Py_ssize_t i = n; i-- > 0;)
        if (needed[i])
            for (int64_t j = w->starts.at[i]; j < w->starts.at[i + 1]; j++) {
                int32_t number = w->operands.at[j];
                if (number >= first)
                    needed[number - first] = 1;
            }
    /* Constants get their numbers in the order in which they are read. */
    for (Py_ssize_t i = 0; i < w->constants.n; i++)
        new_constant[i] = -1;
#define READ(number)                                             \
    if ((number) < 0 && new_constant[-1 - (number)] < 0) {       \
        constants[n_constants] = -1 - (number);                  \
        new_constant[-1 - (number)] = first + (int32_t)n_constants++; \
    }
    for (Py_ssize_t i = 0; i < n; i++)
        if (needed[i])
            for (int64_t j = w->starts.at[i]; j < w->starts.at[i + 1]; j++) {
                READ(w->operands.at[j])
            }
    for (Py_ssize_t i = 0; i < outputs->n; i++) {
        READ(outputs->at[i])
    }
#undef READ
    int32_t next = first + (int32_t)n_constants;
    for (Py_ssize_t i = 0; i < n; i++)
        new[i] = needed[i] ? next++ : -1;
#define RENUMBERED(number) ((number) < 0 ? new_constant[-1 - (number)] \
                            : (number) < first ? (number) : new[(number) - first])
    double *out_constants = NULL;
    int32_t *out_outputs = NULL, *out_guards = NULL;
    listed[0] = bytes_of(8, n_constants, (void **)&out_constants);
    listed[4] = bytes_of(4, outputs->n, (void **)&out_outputs);
    table = PyList_New(0);
    if (!listed[0] || !listed[4] || !table)
        goto done;
    for (Py_ssize_t i = 0; i < n_constants; i++)
        out_constants[i] = w->constants.at[constants[i]];
    for (int32_t i = 0; i < n_known; i++)
        new_code[i] = -1;
    /* What is needed moves to the front of the arrays, in their order. */
    int64_t end_of = 0;
    Py_ssize_t k = 0;
    for (Py_ssize_t i = 0; i < n; i++)
        if (needed[i]) {
            int32_t code = w->codes.at[i];
            int64_t from = w->starts.at[i], to = w->starts.at[i + 1];
            if (new_code[code] < 0) {
                PyObject *number = PyLong_FromLong(code);
                if (number == NULL || PyList_Append(table, number) < 0) {
                    Py_XDECREF(number);
                    goto done;
                }
                Py_DECREF(number);
                new_code[code] = n_codes++;
            }
            for (int64_t j = from; j < to; j++)
                w->operands.at[end_of++] = RENUMBERED(w->operands.at[j]);
            w->codes.at[k++] = new_code[code];
            w->starts.at[k] = end_of;
        }
    listed[3] = taken((void **)&w->operands.at, end_of, 4);
    listed[2] = taken((void **)&w->starts.at, k + 1, 8);
    listed[1] = taken((void **)&w->codes.at, k, 4);
    if (!listed[1] || !listed[2] || !listed[3])
        goto done;
    for (Py_ssize_t i = 0; i < outputs->n; i++)
        out_outputs[i] = RENUMBERED(outputs->at[i]);
    if (guards == NULL) {
        listed[5] = Py_None;
        Py_INCREF(Py_None);
    } else {
        Py_ssize_t n_guards = 0;
        const Ints *both[2] = {guards, kept};
        for (int k = 0; k < 2; k++)
            for (Py_ssize_t i = 0; i < both[k]->n; i++) {
                int32_t number = both[k]->at[i];
                n_guards += number >= first && needed[number - first];
            }
        listed[5] = bytes_of(4, n_guards, (void **)&out_guards);
        if (listed[5] == NULL)
            goto done;
        for (int k = 0; k < 2; k++)
            for (Py_ssize_t i = 0; i < both[k]->n; i++) {
                int32_t number = both[k]->at[i];
                if (number >= first && needed[number - first])
                    *out_guards++ = new[number - first];
            }
    }
#undef RENUMBERED
    made = PyTuple_Pack(7, listed[0], listed[1], listed[2], listed[3], listed[4],
                        listed[5], table);
done:
    for (int i = 0; i < 6; i++)
        Py_XDECREF(listed[i]);
    Py_XDECREF(table);
    free(needed);
    free(new);
    free(new_constant);
    free(new_code);
    free(constants);
    return made;
}

/* What a pass returns: a tape, or None where its twin has to decide. */
static PyObject *
outcome(int status, PyObject *made)
{
    if (status == GAVE_UP) {
        Py_XDECREF(made);
        Py_RETURN_NONE;
    }
    return made;
}

static int
moved_outputs(const Given *tape, const int32_t *new, Ints *outputs)
{
    for (Py_ssize_t i = 0; i < tape->n_outputs; i++)
        if (push(outputs, new[tape->outputs[i]]) < 0)
            return FAILED;
    return 0;
}

/* An instruction of a tape, written with the new numbers of its arguments. */
static int
emit_again(Writer *w, const Given *tape, Py_ssize_t i, const int32_t *new,
           int32_t *number)
{
    Py_ssize_t n = n_arguments(tape, i), at = w->scratch.n;
    if (RESERVE(&w->scratch, n) < 0)
        return FAILED;
    for (Py_ssize_t k = 0; k < n; k++)
        w->scratch.at[at + k] = new[tape->operands[tape->starts[i] + k]];
    w->scratch.n += n;
    int status = emit(w, tape->codes[i], w->scratch.at + at, n, 0, number);
    w->scratch.n = at;
    return status;
}

static PyObject *
fold(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *given, *helper, *made = NULL;
    Given tape;
    if (!PyArg_ParseTuple(arguments, "OO", &given, &helper) ||
        read_tape(given, &tape) < 0)
        return NULL;
    Writer w;
    Ints outputs = {0}, none = {0};
    int32_t *new = malloc(((size_t)tape.n_leaves + (size_t)tape.n + 1) * sizeof *new);
    int status = begin(&w, &tape, 0, helper, 1);
    if (new == NULL) {
        PyErr_NoMemory();
        status = FAILED;
    }
    if (status == 0)
        status = write_leaves(&w, &tape, 0, new);
    for (Py_ssize_t i = 0; status == 0 && i < tape.n; i++)
        status = emit_again(&w, &tape, i, new, &new[tape.n_leaves + i]);
    if (status == 0)
        status = moved_outputs(&tape, new, &outputs);
    if (status == 0)
        made = finish(&w, &outputs, NULL, &none);
    free(new);
    free(outputs.at);
    end(&w);
    release(&tape);
    return outcome(status, made);
}

/* Sums */

typedef struct {
    Ints stack, pairs[2], singles[2], terms, factors;
} Sums;

static int
by_pair(const void *a, const void *b)
{
    const int32_t *left = a, *right = b;
    for (int i = 0; i < 2; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

/* Write Σ left · right + Σ single. */
static int
write_terms(Writer *w, Sums *sums, Ints *pairs, const Ints *singles, int32_t *number)
{
    int32_t first = w->first, n_inputs = w->n_inputs;
    Ints *terms = &sums->terms, *factors = &sums->factors;
    terms->n = factors->n = 0;
    /* A place at the front for what the products make. */
    if (push(terms, 0) < 0)
        return FAILED;
    int has_parameter = 0;
#define IS_LEAF(i) ((i) >= 0 && (i) < first)
#define IS_PARAMETER(i) ((i) >= n_inputs && (i) < first)
    for (Py_ssize_t i = 0; i < singles->n; i++)
        if (!is_number(w, singles->at[i], 0.0)) {
            if (push(terms, singles->at[i]) < 0)
                return FAILED;
            has_parameter |= IS_PARAMETER(singles->at[i]);
        }
    for (Py_ssize_t i = 0; i < pairs->n; i += 2) {
        int32_t a = pairs->at[i], b = pairs->at[i + 1];
        if ((is_number(w, a, 0.0) && IS_LEAF(b)) ||
            (is_number(w, b, 0.0) && IS_LEAF(a)))
            continue;
        if (push(factors, a) < 0 || push(factors, b) < 0)
            return FAILED;
        has_parameter |= IS_PARAMETER(a) || IS_PARAMETER(b);
    }
#undef IS_LEAF
#undef IS_PARAMETER
    if (has_parameter && factors->n != pairs->n) {
        if (factors->n)
            memcpy(pairs->at, factors->at, (size_t)factors->n * sizeof *factors->at);
        pairs->n = factors->n;
    }
    int32_t *at = terms->at + 1, product;
    Py_ssize_t n = terms->n - 1;
    if (pairs->n) {
        int status;
        if (pairs->n == 2)
            status = emit(w, MUL, pairs->at, 2, 0, &product);
        else {
            Py_ssize_t half = pairs->n / 2;
            for (Py_ssize_t i = 0; i < pairs->n; i += 2)
                if (pairs->at[i] > pairs->at[i + 1]) {
                    int32_t greater = pairs->at[i];
                    pairs->at[i] = pairs->at[i + 1];
                    pairs->at[i + 1] = greater;
                }
            qsort(pairs->at, (size_t)half, 2 * sizeof *pairs->at, by_pair);
            factors->n = 0;
            if (RESERVE(factors, pairs->n) < 0)
                return FAILED;
            for (Py_ssize_t i = 0; i < half; i++) {
                factors->at[i] = pairs->at[2 * i];
                factors->at[half + i] = pairs->at[2 * i + 1];
            }
            status = emit(w, DOT, factors->at, pairs->n, 0, &product);
        }
        if (status < 0)
            return status;
        terms->at[0] = product;
        at--;
        n++;
    }
    if (n == 0)
        return constant(w, 0.0, number);
    if (n == 1) {
        *number = at[0];
        return 0;
    }
    return emit(w, n == 2 ? ADD : SUM, at, n, 0, number);
}

/* Write the tree of additions under a root. */
static int
write_sum(Writer *w, const Given *tape, Sums *sums, const int32_t *new,
          const char *inner, int32_t root, int32_t *number)
{
    Ints *stack = &sums->stack;
    for (int k = 0; k < 2; k++)
        sums->pairs[k].n = sums->singles[k].n = 0;
    /* Each number, and whether it is added. */
    if (push(stack, root) < 0 || push(stack, 1) < 0)
        return FAILED;
    while (stack->n) {
        int32_t added = stack->at[stack->n - 1], here = stack->at[stack->n - 2];
        stack->n -= 2;
        if (here != root && !inner[here]) {
            if (push(&sums->singles[added], new[here]) < 0)
                return FAILED;
            continue;
        }
        Py_ssize_t i = here - tape->n_leaves, n = n_arguments(tape, i);
        const int32_t *args = tape->operands + tape->starts[i];
        int32_t code = tape->codes[i];
        if (code == MUL || code == DOT) {
            Py_ssize_t half = n / 2;
            for (Py_ssize_t k = 0; k < half; k++)
                if (push(&sums->pairs[added], new[args[k]]) < 0 ||
                    push(&sums->pairs[added], new[args[half + k]]) < 0)
                    return FAILED;
        } else {
            for (Py_ssize_t k = n; k-- > 0;) {
                int minus = code == NEG || (code == SUB && k == 1);
                if (push(stack, args[k]) < 0 || push(stack, minus ? !added : added) < 0)
                    return FAILED;
            }
        }
    }
    int is_added = sums->pairs[1].n || sums->singles[1].n;
    int is_subtracted = sums->pairs[0].n || sums->singles[0].n;
    if (!is_subtracted)
        return write_terms(w, sums, &sums->pairs[1], &sums->singles[1], number);
    int32_t both[2];
    int status = write_terms(w, sums, &sums->pairs[0], &sums->singles[0], &both[1]);
    if (status < 0)
        return status;
    if (!is_added)
        return emit(w, NEG, &both[1], 1, 0, number);
    status = write_terms(w, sums, &sums->pairs[1], &sums->singles[1], &both[0]);
    return status < 0 ? status : emit(w, SUB, both, 2, 0, number);
}

static int
is_additive(int32_t code)
{
    return code <= DOT && code != MUL;
}

/* Mark what an arc tangent depends on, and the inner nodes of sums. */
static void
mark(const Given *tape, char *is_signed, char *inner, int32_t *uses)
{
    int32_t start = tape->n_leaves;
    for (Py_ssize_t i = 0; i < tape->n_operands; i++)
        uses[tape->operands[i]]++;
    for (Py_ssize_t i = 0; i < tape->n_outputs; i++)
        uses[tape->outputs[i]]++;
    for (Py_ssize_t i = tape->n; i-- > 0;)
        if (tape->codes[i] == ATAN2 || is_signed[start + i])
            for (int64_t j = tape->starts[i]; j < tape->starts[i + 1]; j++)
                is_signed[tape->operands[j]] = 1;
    for (Py_ssize_t i = 0; i < tape->n; i++) {
        int32_t code = tape->codes[i];
        if (!is_additive(code) || code == DOT || is_signed[start + i])
            continue;
        for (int64_t j = tape->starts[i]; j < tape->starts[i + 1]; j++) {
            int32_t number = tape->operands[j];
            if (uses[number] == 1 && number >= start &&
                tape->codes[number - start] <= DOT)
                inner[number] = 1;
        }
    }
}

static PyObject *
collect_sums(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *given, *helper, *made = NULL;
    Given tape;
    if (!PyArg_ParseTuple(arguments, "OO", &given, &helper) ||
        read_tape(given, &tape) < 0)
        return NULL;
    Writer w;
    Sums sums;
    Ints outputs = {0}, none = {0};
    memset(&sums, 0, sizeof sums);
    size_t n_all = (size_t)tape.n_leaves + (size_t)tape.n + 1;
    int32_t *new = malloc(n_all * sizeof *new), *uses = calloc(n_all, sizeof *uses);
    char *is_signed = calloc(n_all, 1), *inner = calloc(n_all, 1);
    int status = begin(&w, &tape, 0, helper, 1);
    if (!new || !uses || !is_signed || !inner) {
        PyErr_NoMemory();
        status = FAILED;
    }
    if (status == 0) {
        mark(&tape, is_signed, inner, uses);
        free(uses);
        uses = NULL;
        status = write_leaves(&w, &tape, 0, new);
    }
    for (Py_ssize_t i = 0; status == 0 && i < tape.n; i++) {
        int32_t number = tape.n_leaves + (int32_t)i;
        if (inner[number])
            new[number] = number; /* written where its sum is */
        else if (is_additive(tape.codes[i]) && !is_signed[number])
            status = write_sum(&w, &tape, &sums, new, inner, number, &new[number]);
        else
            status = emit_again(&w, &tape, i, new, &new[number]);
    }
    if (status == 0)
        status = moved_outputs(&tape, new, &outputs);
    if (status == 0)
        made = finish(&w, &outputs, NULL, &none);
    free(new);
    free(uses);
    free(is_signed);
    free(inner);
    free(outputs.at);
    free(sums.stack.at);
    free(sums.terms.at);
    free(sums.factors.at);
    for (int k = 0; k < 2; k++) {
        free(sums.pairs[k].at);
        free(sums.singles[k].at);
    }
    end(&w);
    release(&tape);
    return outcome(status, made);
}

/* Derivatives */

typedef struct {
    const Given *tape;
    Writer *w;
    int32_t *new, *found, *place; /* one for each number of the tape */
    char *moves;                  /* whether it depends on what is differentiated by */
    int32_t zero;
    Ints kept;
    Ints holes;              /* the arguments of an instruction, and its result */
    Ints names, heads, next; /* its distinct arguments, and where each one stands */
} Derivative;

static int
of_two(Writer *w, int32_t code, int32_t a, int32_t b, int32_t *number)
{
    if (a < 0 && b < 0) {
        double x = value(w, a), y = value(w, b);
        return constant(w, code == ADD ? x + y : x * y, number);
    }
    int32_t both[2] = {a, b};
    return emit(w, code, both, 2, 0, number);
}

static int
times(Derivative *d, int32_t slope, int32_t partial, int32_t *number)
{
    Writer *w = d->w;
    if (is_number(w, partial, 0.0)) {
        *number = d->zero;
        return slope < 0 ? constant(w, value(w, slope) * 0.0, number) : 0;
    }
    if (is_number(w, partial, 1.0)) {
        *number = slope;
        return 0;
    }
    if (is_number(w, partial, -1.0))
        return slope < 0 ? constant(w, -value(w, slope), number)
                         : emit(w, NEG, &slope, 1, 0, number);
    if (is_number(w, slope, 1.0)) {
        *number = partial;
        return 0;
    }
    return of_two(w, MUL, slope, partial, number);
}

static int
plus(Derivative *d, int32_t slope, int32_t share, int32_t *number)
{
    if (is_number(d->w, slope, 0.0))
        *number = share;
    else if (is_number(d->w, share, 0.0))
        *number = slope;
    else
        return of_two(d->w, ADD, slope, share, number);
    return 0;
}

/* Write all numbers of the tape anew, by primitives. */
static int
lower_all(Derivative *d)
{
    const Given *tape = d->tape;
    Writer *w = d->w;
    for (Py_ssize_t i = 0; i < tape->n; i++) {
        int32_t code = tape->codes[i], *number = &d->new[tape->n_leaves + i];
        int flags = flags_of(w, code), status;
        if (flags < 0)
            return FAILED;
        if (flags & BASIC) {
            status = emit_again(w, tape, i, d->new, number);
        } else {
            Py_ssize_t n = n_arguments(tape, i), at = w->numbers.n, results;
            d->holes.n = 0;
            if (RESERVE(&d->holes, n) < 0)
                return FAILED;
            for (Py_ssize_t k = 0; k < n; k++)
                d->holes.at[k] = d->new[tape->operands[tape->starts[i] + k]];
            Template *t;
            status = template_of(w, FORWARD, code, n, 0, Py_None, &t);
            if (status == 0)
                status = instantiate(w, t, d->holes.at, &results);
            if (status == 0)
                *number = w->numbers.at[results];
            w->numbers.n = at;
        }
        if (status < 0)
            return status;
    }
    return 0;
}

static int
find_moving(Derivative *d)
{
    const Given *tape = d->tape;
    for (Py_ssize_t i = 0; i < tape->n; i++) {
        int flags = flags_of(d->w, tape->codes[i]);
        if (flags < 0)
            return FAILED;
        char moves = 0;
        for (int64_t j = tape->starts[i]; j < tape->starts[i + 1]; j++)
            moves |= d->moves[tape->operands[j]];
        d->moves[tape->n_leaves + i] = moves && !(flags & STOPS);
    }
    return 0;
}

/* The partials of an instruction by its distinct arguments that move: `names`, and of
   each the partial at `*partials` of the stack of numbers. */
static int
find_partials(Derivative *d, Py_ssize_t i, Py_ssize_t *partials)
{
    const Given *tape = d->tape;
    Writer *w = d->w;
    const int32_t *args = tape->operands + tape->starts[i];
    Py_ssize_t n = n_arguments(tape, i), results;
    int32_t code = tape->codes[i];
    int flags = flags_of(w, code);
    uint64_t wanted = 0;
    if (flags < 0)
        return FAILED;
    if (!(flags & VARIADIC)) {
        if (n > 64)
            return GAVE_UP;
        for (Py_ssize_t k = 0; k < n; k++)
            wanted |= (uint64_t)(d->moves[args[k]] != 0) << k;
    }
    d->holes.n = d->names.n = d->heads.n = d->next.n = 0;
    if (RESERVE(&d->holes, n + 1) < 0 || RESERVE(&d->names, n) < 0 ||
        RESERVE(&d->heads, n) < 0 || RESERVE(&d->next, n) < 0)
        return FAILED;
    for (Py_ssize_t k = 0; k < n; k++)
        d->holes.at[k] = d->new[args[k]];
    d->holes.at[n] = d->new[tape->n_leaves + i];
    PyObject *choice = PyLong_FromUnsignedLongLong(wanted);
    if (choice == NULL)
        return FAILED;
    Template *t;
    int status = template_of(w, PARTIALS, code, n + 1, wanted, choice, &t);
    Py_DECREF(choice);
    if (status == 0)
        status = instantiate(w, t, d->holes.at, &results);
    if (status < 0)
        return status;
    if (t->n_results != n) {
        PyErr_SetString(PyExc_ValueError, "not one partial for each argument");
        return FAILED;
    }
    /* Where each argument stands, from its first place to its last. */
    for (Py_ssize_t k = n; k-- > 0;) {
        d->next.at[k] = d->place[args[k]];
        d->place[args[k]] = (int32_t)k;
    }
    for (Py_ssize_t k = 0; k < n; k++)
        if (d->moves[args[k]] && d->place[args[k]] == k) {
            d->names.at[d->names.n++] = args[k];
            d->heads.at[d->heads.n++] = (int32_t)k;
        }
    for (Py_ssize_t k = 0; k < n; k++)
        d->place[args[k]] = -1;
    /* An argument that stands in several places has the sum of their partials. */
    for (Py_ssize_t m = 0; m < d->names.n; m++) {
        int32_t head = d->heads.at[m], total = w->numbers.at[results + head];
        for (int32_t k = d->next.at[head]; k >= 0; k = d->next.at[k]) {
            status = of_two(w, ADD, total, w->numbers.at[results + k], &total);
            if (status < 0)
                return status;
        }
        w->numbers.at[results + head] = total;
    }
    *partials = results;
    return 0;
}

static int
keep(Derivative *d, int32_t partial, int32_t slope)
{
    if (is_number(d->w, partial, 0.0) && slope >= 0)
        return push(&d->kept, slope); /* 0 times what does not exist is not 0 */
    return 0;
}

static int
sweep_back(Derivative *d)
{
    const Given *tape = d->tape;
    for (Py_ssize_t i = tape->n; i-- > 0;) {
        int32_t number = tape->n_leaves + (int32_t)i, slope = d->found[number];
        d->found[number] = NONE;
        if (slope == NONE || !d->moves[number])
            continue;
        Py_ssize_t at = d->w->numbers.n, partials;
        int status = find_partials(d, i, &partials);
        for (Py_ssize_t m = 0; status == 0 && m < d->names.n; m++) {
            int32_t name = d->names.at[m], share;
            int32_t partial = d->w->numbers.at[partials + d->heads.at[m]];
            int32_t before = d->found[name] == NONE ? d->zero : d->found[name];
            status = keep(d, partial, slope);
            if (status == 0)
                status = times(d, slope, partial, &share);
            if (status == 0)
                status = plus(d, before, share, &d->found[name]);
        }
        d->w->numbers.n = at;
        if (status < 0)
            return status;
    }
    return 0;
}

static int
sweep_forward(Derivative *d)
{
    const Given *tape = d->tape;
    for (Py_ssize_t i = 0; i < tape->n; i++) {
        int32_t number = tape->n_leaves + (int32_t)i, total = d->zero;
        if (!d->moves[number])
            continue;
        Py_ssize_t at = d->w->numbers.n, partials;
        int status = find_partials(d, i, &partials);
        for (Py_ssize_t m = 0; status == 0 && m < d->names.n; m++) {
            int32_t speed = d->found[d->names.at[m]], share;
            int32_t partial = d->w->numbers.at[partials + d->heads.at[m]];
            status = keep(d, partial, speed);
            if (status == 0)
                status = times(d, speed, partial, &share);
            if (status == 0)
                status = plus(d, total, share, &total);
        }
        d->found[number] = total;
        d->w->numbers.n = at;
        if (status < 0)
            return status;
    }
    return 0;
}

/* Each of what is kept once, without the leaves. */
static int
keep_once(Derivative *d)
{
    Writer *w = d->w;
    char *seen = calloc((size_t)w->codes.n + 1, 1);
    if (seen == NULL) {
        PyErr_NoMemory();
        return FAILED;
    }
    Py_ssize_t n = 0;
    for (Py_ssize_t i = 0; i < d->kept.n; i++) {
        int32_t number = d->kept.at[i];
        if (number >= w->first && !seen[number - w->first]) {
            seen[number - w->first] = 1;
            d->kept.at[n++] = number;
        }
    }
    d->kept.n = n;
    free(seen);
    return 0;
}

/* The derivatives that a mode asks for, as outputs behind each other. */
static int
find_outputs(Derivative *d, int mode, int32_t first, int32_t last,
             const int32_t *of, Py_ssize_t n_of, Ints *outputs)
{
    const Given *tape = d->tape;
    Writer *w = d->w;
    int status = lower_all(d);
    if (status < 0 || mode == LOWER)
        return status < 0 ? status : moved_outputs(tape, d->new, outputs);
    for (int32_t i = first; i < last; i++)
        d->moves[i] = 1;
    if (find_moving(d) < 0)
        return FAILED;
    status = constant(w, 0.0, &d->zero);
    if (status == 0 && (mode == DIFFERENTIATE || mode == GRADIENT))
        status = constant(w, 1.0, &d->found[tape->outputs[0]]);
    for (int32_t k = 0; status == 0 && mode == PULLBACK && k < tape->n_outputs; k++) {
        int32_t *found = &d->found[tape->outputs[k]];
        status = plus(d, *found == NONE ? d->zero : *found, k, found);
    }
    for (int32_t i = first; mode == PUSHFORWARD && i < last; i++)
        d->found[i] = i - first;
    if (status == 0)
        status = mode == PUSHFORWARD ? sweep_forward(d) : sweep_back(d);
    if (status == 0)
        status = keep_once(d);
    if (status < 0)
        return status;
    if (mode == DIFFERENTIATE && push(outputs, d->new[tape->outputs[0]]) < 0)
        return FAILED;
    Py_ssize_t n = mode == PUSHFORWARD ? n_of : last - first;
    for (Py_ssize_t i = 0; i < n; i++) {
        int32_t wanted = mode == PUSHFORWARD ? tape->outputs[of[i]] : first + (int32_t)i;
        int32_t slope = d->found[wanted];
        if (push(outputs, slope == NONE ? d->zero : slope) < 0)
            return FAILED;
    }
    if (mode == DIFFERENTIATE)
        return 0;
    if (moved_outputs(tape, d->new, outputs) < 0)
        return FAILED;
    for (Py_ssize_t i = 0; i < d->kept.n; i++)
        if (push(outputs, d->kept.at[i]) < 0)
            return FAILED;
    d->kept.n = 0;
    return 0;
}

static PyObject *
derive(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *given, *helper, *made = NULL;
    Py_buffer of;
    int mode, first, last;
    Given tape;
    if (!PyArg_ParseTuple(arguments, "OOiiiy*", &given, &helper, &mode, &first, &last,
                          &of))
        return NULL;
    if (read_tape(given, &tape) < 0) {
        PyBuffer_Release(&of);
        return NULL;
    }
    const int32_t *places = of.buf;
    Py_ssize_t n_of = of.len / 4;
    int right = 0 <= first && first <= last && last <= tape.n_leaves &&
                (tape.n_outputs > 0 || mode == LOWER);
    for (Py_ssize_t i = 0; right && i < n_of; i++)
        right = 0 <= places[i] && places[i] < tape.n_outputs;
    if (!right) {
        PyErr_SetString(PyExc_ValueError, "derive: there is no such leaf or output");
        PyBuffer_Release(&of);
        release(&tape);
        return NULL;
    }
    int n_new = mode == PULLBACK      ? (int)tape.n_outputs
                : mode == PUSHFORWARD ? last - first
                                      : 0;
    Writer w;
    Derivative d;
    Ints outputs = {0}, guards = {0};
    memset(&d, 0, sizeof d);
    d.tape = &tape;
    d.w = &w;
    size_t n_all = (size_t)tape.n_leaves + (size_t)tape.n + 1;
    d.new = malloc(n_all * sizeof *d.new);
    d.found = malloc(n_all * sizeof *d.found);
    d.place = malloc(n_all * sizeof *d.place);
    d.moves = calloc(n_all, 1);
    int status = begin(&w, &tape, n_new, helper, 0);
    if (!d.new || !d.found || !d.place || !d.moves) {
        PyErr_NoMemory();
        status = FAILED;
    }
    if (status == 0) {
        for (size_t i = 0; i < n_all; i++) {
            d.found[i] = NONE;
            d.place[i] = -1;
        }
        status = write_leaves(&w, &tape, n_new, d.new);
    }
    if (status == 0)
        status = find_outputs(&d, mode, first, last, places, n_of, &outputs);
    Py_ssize_t n_guards = tape.guards != NULL ? tape.n_guards : tape.n;
    for (Py_ssize_t i = 0; status == 0 && i < n_guards; i++) {
        Py_ssize_t number = tape.guards != NULL ? tape.guards[i] : tape.n_leaves + i;
        status = push(&guards, d.new[number]);
    }
    free(d.new);
    free(d.found);
    free(d.place);
    free(d.moves);
    if (status == 0)
        made = finish(&w, &outputs, &guards, &d.kept);
    free(d.kept.at);
    free(d.holes.at);
    free(d.names.at);
    free(d.heads.at);
    free(d.next.at);
    free(outputs.at);
    free(guards.at);
    end(&w);
    PyBuffer_Release(&of);
    release(&tape);
    return outcome(status, made);
}

/* Grouping */

/* For each number its depth, and whether one of the first is behind it. */
static PyObject *
layers(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    int n_varying, n_leaves;
    Py_buffer starts_of, operands_of;
    if (!PyArg_ParseTuple(arguments, "iiy*y*", &n_varying, &n_leaves, &starts_of,
                          &operands_of))
        return NULL;
    const int64_t *starts = starts_of.buf;
    const int32_t *operands = operands_of.buf;
    Py_ssize_t n = starts_of.len / 8 - 1, n_operands = operands_of.len / 4;
    int right = n >= 0 && 0 <= n_varying && n_varying <= n_leaves &&
                starts[n] <= n_operands && starts[0] == 0;
    int32_t *depth = NULL;
    char *varies = NULL;
    PyObject *depths = NULL, *varying = NULL, *made = NULL;
    if (right) {
        depths = bytes_of(4, n_leaves + n, (void **)&depth);
        varying = bytes_of(1, n_leaves + n, (void **)&varies);
        right = depths != NULL && varying != NULL;
    } else
        PyErr_SetString(PyExc_ValueError, "not a tape");
    for (Py_ssize_t i = 0; right && i < n_leaves; i++) {
        depth[i] = 0;
        varies[i] = i < n_varying;
    }
    for (Py_ssize_t i = 0; right && i < n; i++) {
        int32_t deepest = 0;
        char any = 0;
        right = starts[i] <= starts[i + 1];
        for (int64_t j = starts[i]; right && j < starts[i + 1]; j++) {
            int32_t number = operands[j];
            if (number < 0 || number >= n_leaves + i) {
                right = 0;
                break;
            }
            if (depth[number] > deepest)
                deepest = depth[number];
            any |= varies[number];
        }
        if (!right)
            PyErr_SetString(PyExc_ValueError, "not a tape");
        depth[n_leaves + i] = 1 + deepest;
        varies[n_leaves + i] = any;
    }
    if (right)
        made = PyTuple_Pack(2, depths, varying);
    Py_XDECREF(depths);
    Py_XDECREF(varying);
    PyBuffer_Release(&starts_of);
    PyBuffer_Release(&operands_of);
    return made;
}

/* Recording */

typedef struct {
    PyObject *const *leaves, *const *order;
    Py_ssize_t n_leaves, n_order;
    int32_t *slots, *number; /* a hash table of nodes by their place, and their numbers */
    Py_ssize_t n_slots;
    PyObject *table; /* the operations, a list */
    Ints arities;    /* of each: -1 where there may be any number of arguments */
    int32_t last;    /* the one that was found last */
    PyObject *op_name, *arity_name, *first_name, *second_name, *parents_name;
} Recording;

/* Where a node is, or belongs, in the hash table. */
static uint64_t
slot_of(const Recording *r, PyObject *node)
{
    uint64_t mask = (uint64_t)r->n_slots - 1;
    uint64_t at = mixed(0, (uint64_t)(uintptr_t)node >> 4) & mask;
    for (; r->slots[at] >= 0; at = (at + 1) & mask) {
        int32_t i = r->slots[at];
        if ((i < r->n_leaves ? r->leaves[i] : r->order[i - r->n_leaves]) == node)
            break;
    }
    return at;
}

static int
push_number(const Recording *r, PyObject *node, Ints *numbers)
{
    int32_t i = node == NULL ? -1 : r->slots[slot_of(r, node)];
    if (i < 0) {
        if (node != NULL)
            PyErr_SetString(PyExc_ValueError, "an operand comes after its operation");
        return FAILED;
    }
    return push(numbers, r->number[i]);
}

static int
push_attribute(const Recording *r, PyObject *node, PyObject *name, Ints *numbers)
{
    PyObject *found = PyObject_GetAttr(node, name);
    int status = push_number(r, found, numbers); /* the graph keeps the parent */
    Py_XDECREF(found);
    return status;
}

/* The place of an operation in the table. */
static int32_t
code_of(Recording *r, PyObject *op)
{
    Py_ssize_t n = PyList_GET_SIZE(r->table);
    if (r->last < n && PyList_GET_ITEM(r->table, r->last) == op)
        return r->last;
    for (r->last = 0; r->last < n; r->last++)
        if (PyList_GET_ITEM(r->table, r->last) == op)
            return r->last;
    PyObject *arity = PyObject_GetAttr(op, r->arity_name);
    if (arity == NULL)
        return FAILED;
    long number = arity == Py_None ? -1 : PyLong_AsLong(arity);
    Py_DECREF(arity);
    if (PyErr_Occurred() || push(&r->arities, (int32_t)number) < 0 ||
        PyList_Append(r->table, op) < 0)
        return FAILED;
    return r->last;
}

static int
push_parents(const Recording *r, PyObject *node, int32_t arity, Ints *numbers)
{
    if (arity == 1 || arity == 2) {
        if (push_attribute(r, node, r->first_name, numbers) < 0)
            return FAILED;
        return arity == 2 ? push_attribute(r, node, r->second_name, numbers) : 0;
    }
    PyObject *parents = PyObject_GetAttr(node, r->parents_name);
    if (parents == NULL || !PyTuple_Check(parents)) {
        Py_XDECREF(parents);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "parents are a tuple");
        return FAILED;
    }
    int status = 0;
    for (Py_ssize_t i = 0; status == 0 && i < PyTuple_GET_SIZE(parents); i++)
        status = push_number(r, PyTuple_GET_ITEM(parents, i), numbers);
    Py_DECREF(parents);
    return status;
}

/* The graph as the arrays of a tape: its table, codes, starts, operands and outputs. */
static PyObject *
laid_out(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *order, *leaves, *outputs, *made = NULL;
    if (!PyArg_ParseTuple(arguments, "O!O!O!", &PyList_Type, &order, &PyList_Type,
                          &leaves, &PyList_Type, &outputs))
        return NULL;
    Recording r;
    Ints codes = {0}, operands = {0}, roots = {0};
    Longs starts = {0};
    memset(&r, 0, sizeof r);
    r.n_leaves = PyList_GET_SIZE(leaves);
    r.n_order = PyList_GET_SIZE(order);
    if (r.n_leaves + r.n_order > INT32_MAX / 2) {
        PyErr_SetString(PyExc_OverflowError, "a graph of more than 2^30 nodes");
        return NULL;
    }
    /* Nothing else has these lists. */
    r.leaves = ((PyListObject *)leaves)->ob_item;
    r.order = ((PyListObject *)order)->ob_item;
    Py_ssize_t room = 64;
    while (room < (r.n_leaves + r.n_order) / 2 * 3)
        room *= 2;
    int status = emptied(&r.slots, &r.n_slots, room);
    r.number = malloc(((size_t)(r.n_leaves + r.n_order) + 1) * sizeof *r.number);
    r.table = PyList_New(0);
    r.op_name = PyUnicode_InternFromString("op");
    r.arity_name = PyUnicode_InternFromString("arity");
    r.first_name = PyUnicode_InternFromString("_first");
    r.second_name = PyUnicode_InternFromString("_second");
    r.parents_name = PyUnicode_InternFromString("parents");
    if (r.number == NULL) {
        PyErr_NoMemory();
        status = FAILED;
    }
    if (!r.table || !r.op_name || !r.arity_name || !r.first_name || !r.second_name ||
        !r.parents_name || RESERVE(&starts, r.n_order + 1) < 0 ||
        RESERVE(&codes, r.n_order) < 0 || RESERVE(&operands, 2 * r.n_order) < 0)
        status = FAILED;
    for (Py_ssize_t i = 0; status == 0 && i < r.n_leaves; i++) {
        r.slots[slot_of(&r, r.leaves[i])] = (int32_t)i;
        r.number[i] = (int32_t)i;
    }
    if (status == 0)
        starts.at[starts.n++] = 0;
    for (Py_ssize_t i = 0; status == 0 && i < r.n_order; i++) {
        PyObject *node = r.order[i], *op = PyObject_GetAttr(node, r.op_name);
        if (op == NULL)
            status = FAILED;
        else if (op != Py_None) {
            int32_t code = code_of(&r, op);
            status = code < 0 ? FAILED
                              : push_parents(&r, node, r.arities.at[code], &operands);
            if (status == 0) {
                Py_ssize_t place = r.n_leaves + i;
                r.number[place] = (int32_t)(r.n_leaves + codes.n);
                r.slots[slot_of(&r, node)] = (int32_t)place;
                status = push(&codes, code);
                starts.at[starts.n++] = operands.n;
            }
        }
        Py_XDECREF(op);
    }
    for (Py_ssize_t i = 0; status == 0 && i < PyList_GET_SIZE(outputs); i++)
        status = push_number(&r, PyList_GET_ITEM(outputs, i), &roots);
    if (status == 0) {
        PyObject *arrays[4] = {as_bytes(codes.at, codes.n, 4),
                               as_bytes(starts.at, starts.n, 8),
                               as_bytes(operands.at, operands.n, 4),
                               as_bytes(roots.at, roots.n, 4)};
        if (arrays[0] && arrays[1] && arrays[2] && arrays[3])
            made = PyTuple_Pack(5, r.table, arrays[0], arrays[1], arrays[2], arrays[3]);
        for (int i = 0; i < 4; i++)
            Py_XDECREF(arrays[i]);
    }
    Py_XDECREF(r.table);
    Py_XDECREF(r.op_name);
    Py_XDECREF(r.arity_name);
    Py_XDECREF(r.first_name);
    Py_XDECREF(r.second_name);
    Py_XDECREF(r.parents_name);
    free(r.slots);
    free(r.number);
    free(r.arities.at);
    free(codes.at);
    free(starts.at);
    free(operands.at);
    free(roots.at);
    return made;
}

static PyMethodDef methods[] = {
    {"laid_out", laid_out, METH_VARARGS, "A recorded graph as the arrays of a tape."},
    {"fold", fold, METH_VARARGS, "Fold constants, merge equal instructions."},
    {"collect_sums", collect_sums, METH_VARARGS, "Collapse trees of additions."},
    {"derive", derive, METH_VARARGS, "Lower, or differentiate."},
    {"layers", layers, METH_VARARGS, "The depth of each number, and if a first one is behind it."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autograd.native._compiler",
    .m_doc = "Passes of the compiler on the flat arrays of a tape.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__compiler(void)
{
    return PyModuleDef_Init(&module);
}
