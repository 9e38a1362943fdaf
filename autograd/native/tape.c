/* A tape of primitives as a stream of instructions, and the machine that runs it.

   It computes what Python's straight-line code of the same tape computes, bit for bit
   but for the primitives of tape_arithmetic.h, and for sines and cosines of several
   examples at once, which are right to less than a unit of the last digit. It is made
   once, in time and memory that are proportional to the tape:

   - What is used once, and is a sum, difference or product, is computed where it is
     used: three operations at most are one instruction. A negative that is added is
     subtracted. A sine and a cosine of the same number are computed together.
   - A result is put where a number lay that is used no more, so that the numbers of a
     long recurrence stay few, and in the cache.
   - What has to be finite is looked at once, at the end, and only where it is not
     certain to have made another number infinite that is looked at. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <stdint.h>
#include <structmember.h>

#include "primitives.h"
#include "tape_arithmetic.h"

/* A batch is computed so many examples at a time, in lanes, where the compiler has
   vectors. */
#ifdef __GNUC__
#define WIDE 8
#define VECTOR(type, n) type __attribute__((vector_size(8 * (n)), may_alias))
typedef VECTOR(double, 2) Two;
typedef VECTOR(double, 4) Four;
#else
#define WIDE 1
#endif

#define add_(a, b) ((a) + (b))
#define sub_(a, b) ((a) - (b))
#define rsub_(a, b) ((b) - (a))
#define mul_(a, b) ((a) * (b))
#define div_(a, b) ((a) / (b))

/* A sum as `add_to` and `total_of` make it, of any kind of number. What is lost is
   exact, in whichever way it is found. */
#if PY_VERSION_HEX >= 0x030C0000
#define ADD_TO(total, lost, number)                                                    \
    do {                                                                               \
        NUMBER x = (number), sum = (total) + x, rest = sum - (total);                  \
        (lost) += ((total) - (sum - rest)) + (x - rest);                               \
        (total) = sum;                                                                 \
    } while (0)
#define WHOLE_OF_ONE(total, lost) ((total) + (isfinite(lost) ? (lost) : 0.0))
#define WHOLE_OF_MANY(total, lost)                                                     \
    ((total) + (__typeof__(total))((__typeof__((lost) == 0.0))(lost) &                 \
                                   ((lost) - (lost) == 0.0)))
#else
#define ADD_TO(total, lost, number) ((void)(lost), (total) += (number))
#define WHOLE_OF_ONE(total, lost) (total)
#define WHOLE_OF_MANY(total, lost) (total)
#endif

/* Codes: first what a tape may have, then what it is translated to. */

#define ARITHMETIC(X) X(add) X(sub) X(mul) X(div)

#define GIVEN(X)                                                                       \
    ARITHMETIC(X)                                                                      \
    X(neg)                                                                             \
    UNARY(X)                                                                           \
    BINARY(X)                                                                          \
    TERNARY(X)                                                                         \
    UNARY_AT(X)                                                                        \
    BINARY_AT(X)                                                                       \
    LISTED(X)

#define PAIRS_OF(X, p) X(p, add) X(p, sub) X(p, mul) X(p, rsub)
#define PAIRS(X) PAIRS_OF(X, add) PAIRS_OF(X, sub) PAIRS_OF(X, mul)
#define CHAINS_OF_2(X, p, q) X(p, q, add) X(p, q, sub) X(p, q, mul) X(p, q, rsub)
#define CHAINS_OF(X, p)                                                                \
    CHAINS_OF_2(X, p, add)                                                             \
    CHAINS_OF_2(X, p, sub)                                                             \
    CHAINS_OF_2(X, p, mul)                                                             \
    CHAINS_OF_2(X, p, rsub)
#define CHAINS(X) CHAINS_OF(X, add) CHAINS_OF(X, sub) CHAINS_OF(X, mul)
#define FORKS_OF_2(X, p, q) X(p, q, add) X(p, q, sub) X(p, q, mul)
#define FORKS_OF(X, p) FORKS_OF_2(X, p, add) FORKS_OF_2(X, p, sub) FORKS_OF_2(X, p, mul)
#define FORKS(X) FORKS_OF(X, add) FORKS_OF(X, sub) FORKS_OF(X, mul)

#define NAME_OF(name) op_##name,
#define NAME_OF_PAIR(p, q) op_##p##_##q,
#define NAME_OF_CHAIN(p, q, r) op_##p##_##q##_##r,
#define NAME_OF_FORK(p, q, r) op_##r##_of_##p##_##q,

enum {
    GIVEN(NAME_OF) N_GIVEN,
    op_long_sum = N_GIVEN,
    op_long_dot,
    op_sum_of_3,
    op_dot_of_2,
    op_dot_of_3,
    op_sin_and_cos,
    op_sines,
    op_cosines,
    PAIRS(NAME_OF_PAIR) CHAINS(NAME_OF_CHAIN) FORKS(NAME_OF_FORK) op_end,
};

enum { RSUB = 3 }; /* in a pair and in a chain, after add, sub and mul */

#define LABEL(name) &&on_##name,
#define LABEL_OF_PAIR(p, q) &&on_##p##_##q,
#define LABEL_OF_CHAIN(p, q, r) &&on_##p##_##q##_##r,
#define LABEL_OF_FORK(p, q, r) &&on_##r##_of_##p##_##q,

#define PASTE(a, b) a##_##b
#define PASTED(a, b) PASTE(a, b)

#define INTERPRET run_one
#define LANES 1
#define NUMBER double
#define WHOLE WHOLE_OF_ONE
#define TARGET inline
#define SIDE_BY_SIDE
#include "interpret.h"

/* Lanes are independent of each other. Loops over them are vectorised in functions of
   their own, and not where the interpreter jumps. */
#undef SIDE_BY_SIDE
#if WIDE > 1
#ifdef __clang__
#define SIDE_BY_SIDE _Pragma("clang loop vectorize(assume_safety)")
#else
#define SIDE_BY_SIDE _Pragma("GCC ivdep")
#endif
#define ALONE __attribute__((noinline))

#define INTERPRET run_wide
#define LANES WIDE
#define NUMBER Two
#define WHOLE WHOLE_OF_MANY
#define TARGET ALONE
#include "interpret.h"
#endif

/* The same once more for processors with wider vectors. */
#if WIDE > 1 && defined(__x86_64__)
#define HAS_AVX2
#define INTERPRET run_avx2
#define LANES WIDE
#define NUMBER Four
#define WHOLE WHOLE_OF_MANY
#define TARGET ALONE __attribute__((target("avx2")))
#include "interpret.h"
#endif

static const char *const names[] = {
#define NAME(name) #name,
    GIVEN(NAME)
#undef NAME
};

/* How many operands, -1 for any number, and how many whole numbers. */
static const struct {
    signed char operands, whole;
} takes[] = {
#define TAKES(name) {2, 0},
    ARITHMETIC(TAKES)
#undef TAKES
    {1, 0},
#define TAKES(name) {1, 0},
    UNARY(TAKES)
#undef TAKES
#define TAKES(name) {2, 0},
    BINARY(TAKES)
#undef TAKES
#define TAKES(name) {3, 0},
    TERNARY(TAKES)
#undef TAKES
#define TAKES(name) {1, 1},
    UNARY_AT(TAKES)
#undef TAKES
#define TAKES(name) {2, 2},
    BINARY_AT(TAKES)
#undef TAKES
#define TAKES(name) {-1, 0},
    LISTED(TAKES)
#undef TAKES
};

/* Whether Python raises no error for any operands, but may compute what is not finite.
   Results of all others are looked at. */
static int never_raises(int code)
{
    switch (code) {
    case op_add:
    case op_sub:
    case op_mul:
    case op_neg:
    case op_abs:
    case op_sum:
    case op_dot:
    case op_max:
    case op_min:
    case op_maximum:
    case op_minimum:
    case op_where:
    case op_step:
    case op_greater:
    case op_stop_gradient:
        return 1;
    }
    return 0;
}

/* Whether the result is not finite wherever that operand is not. */
static int carries(int code, Py_ssize_t operand)
{
    switch (code) {
    case op_add:
    case op_sub:
    case op_mul:
    case op_neg:
    case op_abs:
    case op_sqrt:
    case op_sum:
    case op_dot:
    case op_stop_gradient:
        return 1;
    case op_div:
        return operand == 0;
    }
    return 0;
}

/* Whole numbers that grow */
typedef struct {
    int32_t *items;
    Py_ssize_t n, room;
} Stream;

static int push(Stream *stream, Py_ssize_t n, const int32_t *items)
{
    if (stream->n + n > stream->room) {
        Py_ssize_t room = stream->n + n + stream->room / 2 + 64;
        int32_t *moved = PyMem_Realloc(stream->items, sizeof(int32_t) * room);
        if (moved == NULL)
            return -1;
        stream->items = moved;
        stream->room = room;
    }
    memcpy(stream->items + stream->n, items, sizeof(int32_t) * n);
    stream->n += n;
    return 0;
}

static int push_one(Stream *stream, Py_ssize_t item)
{
    int32_t word = (int32_t)item;
    return push(stream, 1, &word);
}

/* The rest is no more than there is. */
static void fit(Stream *stream)
{
    int32_t *moved = PyMem_Realloc(stream->items, sizeof(int32_t) * (stream->n + 1));
    if (moved != NULL)
        stream->items = moved;
}

typedef struct {
    PyObject_HEAD
    Py_ssize_t n_inputs, n_parameters, n_constants, n_places, longest;
    double *constants;
    double largest; /* in the precision of who asks */
    Stream code;    /* the instructions */
    Stream outputs; /* places */
    Stream finite;  /* places of what has to be finite */
    Stream ranged;  /* places of what may not be larger than the largest */
    Stream given;   /* kind, place, n, n places: see `is_as_given` */
    void *space[2]; /* for one example, and for WIDE, when they are in no use */
} Tape;

/* The translation of a tape */

typedef struct {
    Py_ssize_t n_leaves, n, n_numbers;
    const int32_t *ops;  /* which operation each instruction is */
    const int32_t *at;   /* two whole numbers of each operation */
    uint8_t *codes;      /* as named above, of each instruction; changed on the way */
    int64_t *starts;     /* where the operands of each instruction begin */
    int32_t *operands;   /* changed on the way */
    int32_t *uses;       /* how often each number is used; -1 where it is computed */
    int32_t *places;     /* where each number lies */
    int32_t *twins;      /* the cosine of a sine, and the other way, or 0 */
    uint8_t *state;      /* of each number: bits as below */
    Stream unused;       /* places */
} Work;

enum {
    INSIDE = 1,  /* computed where it is used */
    CERTAIN = 2, /* looked at, or what is looked at is not finite where it is not */
    TAINTED = 4, /* depends on an infinite constant */
    GUARD = 8,   /* eager mode looks at it */
    OUTPUT = 16,
    DONE = 32, /* there is nothing to compute any more */
};

#define CODE(work, number) ((work)->codes[(number) - (work)->n_leaves])
#define OPERANDS(work, number)                                                         \
    ((work)->operands + (work)->starts[(number) - (work)->n_leaves])
#define COUNT(work, number)                                                            \
    ((work)->starts[(number) - (work)->n_leaves + 1] -                                 \
     (work)->starts[(number) - (work)->n_leaves])

static int is_simple(int code)
{
    return code == op_add || code == op_sub || code == op_mul;
}

/* What has to be looked at, and how. It counts as a use. What Python looks at has to be
   finite, and so has what it would have raised an error for; what may be infinite, as an
   infinite constant is, is looked at with its operands. */
static int look(Tape *tape, Work *work, int in_single)
{
    for (Py_ssize_t number = work->n_leaves; number < work->n_numbers; number++) {
        const int32_t *operands = OPERANDS(work, number);
        for (Py_ssize_t k = 0; k < COUNT(work, number); k++) {
            work->state[number] |= work->state[operands[k]] & TAINTED;
            work->uses[operands[k]]++;
        }
    }
    for (Py_ssize_t number = work->n_numbers; number-- > work->n_leaves;) {
        uint8_t state = work->state[number];
        int code = CODE(work, number);
        int asked = (state & GUARD) || !never_raises(code);
        if (state & TAINTED && asked) {
            int32_t head[3] = {never_raises(code) || code == op_logsumexp,
                               (int32_t)number, (int32_t)COUNT(work, number)};
            if (push(&tape->given, 3, head) ||
                push(&tape->given, head[2], OPERANDS(work, number)))
                return -1;
            work->uses[number]++;
            for (Py_ssize_t k = 0; k < head[2]; k++)
                work->uses[OPERANDS(work, number)[k]]++;
        }
        else if (state & GUARD && in_single) {
            if (push_one(&tape->ranged, number))
                return -1;
            work->uses[number]++;
            work->state[number] |= CERTAIN;
        }
        else if (asked && !(state & (CERTAIN | OUTPUT))) {
            if (push_one(&tape->finite, number))
                return -1;
            work->uses[number]++;
            work->state[number] |= CERTAIN;
        }
        if (state & OUTPUT)
            work->state[number] |= CERTAIN;
        if (!(work->state[number] & CERTAIN) || state & TAINTED)
            continue;
        for (Py_ssize_t k = 0; k < COUNT(work, number); k++)
            if (carries(code, k))
                work->state[OPERANDS(work, number)[k]] |= CERTAIN;
    }
    return 0;
}

/* -a + b, a + -b and a - -b without the negative. */
static void drop_negatives(Work *work, int32_t number)
{
    int32_t *operands = OPERANDS(work, number);
    for (int k = 1; k >= 0; k--) {
        int code = CODE(work, number);
        int32_t negative = operands[k];
        if (negative < work->n_leaves || CODE(work, negative) != op_neg)
            continue;
        if (code == op_mul || (code == op_sub && k == 0))
            continue;
        int32_t inner = OPERANDS(work, negative)[0];
        if (--work->uses[negative] == 0)
            work->state[negative] |= DONE;
        else
            work->uses[inner]++;
        operands[k] = inner;
        if (k == 0) {
            operands[0] = operands[1];
            operands[1] = inner;
        }
        CODE(work, number) = code == op_add ? op_sub : op_add;
    }
}

/* Have an operand computed where it is used, if it is used there alone. */
static int take_in(Work *work, int32_t operand)
{
    if (operand < work->n_leaves || work->uses[operand] != 1 ||
        !is_simple(CODE(work, operand)))
        return 0;
    work->state[operand] |= INSIDE;
    drop_negatives(work, operand);
    return 1;
}

/* What is computed where, from the last to the first. */
static void join(Work *work)
{
    for (Py_ssize_t number = work->n_numbers; number-- > work->n_leaves;) {
        int32_t *operands = OPERANDS(work, number);
        if (work->state[number] & (INSIDE | DONE))
            continue;
        if (work->uses[number] == 0) {
            for (Py_ssize_t k = 0; k < COUNT(work, number); k++)
                work->uses[operands[k]]--;
            work->state[number] |= DONE;
            continue;
        }
        if (!is_simple(CODE(work, number)))
            continue;
        drop_negatives(work, (int32_t)number);
        int left = take_in(work, operands[0]), right = take_in(work, operands[1]);
        if (left == right)
            continue;
        operands = OPERANDS(work, operands[left ? 0 : 1]);
        if (!take_in(work, operands[0]))
            take_in(work, operands[1]);
    }
}

/* Sines and cosines of the same number. */
static int find_twins(Work *work)
{
    int32_t *first = PyMem_Calloc(work->n_numbers, sizeof(int32_t));
    work->twins = PyMem_Calloc(work->n_numbers, sizeof(int32_t));
    if (first == NULL || work->twins == NULL) {
        PyMem_Free(first);
        return -1;
    }
    for (Py_ssize_t number = work->n_leaves; number < work->n_numbers; number++) {
        int code = CODE(work, number);
        if ((code != op_sin && code != op_cos) || work->state[number] & DONE)
            continue;
        int32_t operand = OPERANDS(work, number)[0], other = first[operand];
        if (other == 0)
            first[operand] = (int32_t)number;
        else if (CODE(work, other) != code && work->twins[other] == 0) {
            work->twins[other] = (int32_t)number;
            work->twins[number] = other;
        }
    }
    PyMem_Free(first);
    return 0;
}

/* Where an operand lies, used once more. What is not used again may be overwritten. */
static int32_t use(Work *work, int32_t number)
{
    int32_t place = number < work->n_leaves ? number : work->places[number];
    if (--work->uses[number] == 0 && number >= work->n_leaves)
        (void)push_one(&work->unused, place); /* without room it is not used again */
    return place;
}

static int32_t new_place(Tape *tape, Work *work, Py_ssize_t number)
{
    int32_t place = work->unused.n ? work->unused.items[--work->unused.n]
                                   : (int32_t)tape->n_places++;
    work->places[number] = place;
    return place;
}

/* An instruction of additions, subtractions and products. */
static int write_joined(Tape *tape, Work *work, Py_ssize_t number)
{
    int32_t words[6], n = 2;
    int code = CODE(work, number), inner, innermost;
    int32_t *operands = OPERANDS(work, number);
#define IS_INSIDE(operand) (work->state[operand] & INSIDE)
#define USE(operand) words[n++] = use(work, operand)
/* a - b is b taken from a where b is what was computed before. */
#define TURNED(code, k) ((k) && (code) == op_sub ? RSUB : (code))
    int left = IS_INSIDE(operands[0]), right = IS_INSIDE(operands[1]);
    if (left && right) {
        int32_t *first = OPERANDS(work, operands[0]);
        int32_t *second = OPERANDS(work, operands[1]);
        words[0] = op_add_of_add_add + 9 * CODE(work, operands[0]) +
                   3 * CODE(work, operands[1]) + code;
        USE(first[0]);
        USE(first[1]);
        USE(second[0]);
        USE(second[1]);
    }
    else if (left || right) {
        int32_t *within = OPERANDS(work, operands[right]);
        inner = CODE(work, operands[right]);
        int deep_left = IS_INSIDE(within[0]), deep_right = IS_INSIDE(within[1]);
        if (deep_left || deep_right) {
            int32_t *deep = OPERANDS(work, within[deep_right]);
            innermost = CODE(work, within[deep_right]);
            words[0] = op_add_add_add + 16 * innermost + 4 * TURNED(inner, deep_right) +
                       TURNED(code, right);
            USE(deep[0]);
            USE(deep[1]);
            USE(within[!deep_right]);
        }
        else {
            words[0] = op_add_add + 4 * inner + TURNED(code, right);
            USE(within[0]);
            USE(within[1]);
        }
        USE(operands[!right]);
    }
    else {
        words[0] = code;
        USE(operands[0]);
        USE(operands[1]);
    }
    words[1] = new_place(tape, work, number);
    return push(&tape->code, n, words);
}

/* An instruction of any number of operands. */
static int write_list(Tape *tape, Work *work, Py_ssize_t number)
{
    int code = CODE(work, number);
    int32_t *operands = OPERANDS(work, number);
    int32_t n = (int32_t)COUNT(work, number);
    int32_t head[3] = {code, 0, code == op_dot ? n / 2 : n};
    int short_one = (code == op_sum && n == 3) || (code == op_dot && (n == 4 || n == 6));
    if (short_one)
        head[0] = code == op_sum ? op_sum_of_3 : n == 4 ? op_dot_of_2 : op_dot_of_3;
    else if (code == op_sum || code == op_dot)
        head[0] = code == op_sum ? op_long_sum : op_long_dot;
    else if (n > tape->longest)
        tape->longest = n;
    Py_ssize_t start = tape->code.n;
    if (push(&tape->code, short_one ? 2 : 3, head))
        return -1;
    for (int32_t k = 0; k < n; k++)
        if (push_one(&tape->code, use(work, operands[k])))
            return -1;
    tape->code.items[start + 1] = new_place(tape, work, number);
    return 0;
}

static int write_one(Tape *tape, Work *work, Py_ssize_t number)
{
    int code = CODE(work, number);
    int32_t *operands = OPERANDS(work, number), words[6] = {code};
    int32_t twin = work->twins ? work->twins[number] : 0;
    if (is_simple(code))
        return write_joined(tape, work, number);
    if (takes[code].operands < 0)
        return write_list(tape, work, number);
    if (twin) {
        Py_ssize_t sine = code == op_sin ? number : twin;
        words[0] = op_sin_and_cos;
        words[3] = use(work, operands[0]);
        use(work, operands[0]);
        words[1] = new_place(tape, work, sine);
        words[2] = new_place(tape, work, number + twin - sine);
        work->state[twin] |= DONE;
        return push(&tape->code, 4, words);
    }
    int32_t n = 2;
    if (code == op_sin || code == op_cos)
        words[0] = code == op_sin ? op_sines : op_cosines;
    for (int k = 0; k < takes[code].operands; k++)
        USE(operands[k]);
    for (int k = 0; k < takes[code].whole; k++)
        words[n++] = work->at[2 * work->ops[number - work->n_leaves] + k];
    words[1] = new_place(tape, work, number);
    return push(&tape->code, n, words);
}

/* Numbers as the places where they lie. */
static void place(const Work *work, Stream *stream)
{
    for (Py_ssize_t i = 0; i < stream->n; i++)
        if (stream->items[i] >= work->n_leaves)
            stream->items[i] = work->places[stream->items[i]];
    fit(stream);
}

static int translate(Tape *tape, Work *work, int in_single)
{
    for (Py_ssize_t i = 0; i < tape->n_constants; i++)
        if (!isfinite(tape->constants[i]))
            work->state[tape->n_inputs + tape->n_parameters + i] |= TAINTED;
    for (Py_ssize_t i = 0; i < tape->outputs.n; i++) {
        work->state[tape->outputs.items[i]] |= OUTPUT;
        work->uses[tape->outputs.items[i]]++;
    }
    if (look(tape, work, in_single))
        return -1;
    join(work);
    if (find_twins(work))
        return -1;
    tape->n_places = work->n_leaves;
    for (Py_ssize_t number = work->n_leaves; number < work->n_numbers; number++)
        if (!(work->state[number] & (INSIDE | DONE)) &&
            write_one(tape, work, number))
            return -1;
    if (push_one(&tape->code, op_end))
        return -1;
    fit(&tape->code);
    place(work, &tape->outputs);
    place(work, &tape->finite);
    place(work, &tape->ranged);
    for (Py_ssize_t i = 0; i < tape->given.n; i += 3 + tape->given.items[i + 2]) {
        int32_t *each = tape->given.items + i;
        for (int32_t k = 1; k < 3 + each[2]; k++)
            if (k != 2 && each[k] >= work->n_leaves)
                each[k] = work->places[each[k]];
    }
    fit(&tape->given);
    return 0;
}

/* The object */

static void free_tape(Tape *self)
{
    Stream *streams[] = {&self->code, &self->outputs, &self->finite, &self->ranged,
                         &self->given};
    for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++)
        PyMem_Free(streams[i]->items);
    for (int k = 0; k < 2; k++)
        PyMem_RawFree(self->space[k]);
    PyMem_Free(self->constants);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* Whether the tape is one, and all numbers in it are numbers of it. */
static int is_well_formed(const Tape *tape, const Work *work, const int32_t *rules,
                          Py_ssize_t n_rules, Py_ssize_t n_operands)
{
    for (Py_ssize_t i = 0; i < n_rules; i++)
        if (rules[i] < 0 || rules[i] >= N_GIVEN)
            return 0;
    if (work->n_numbers >= INT32_MAX || work->starts[0] != 0 ||
        work->starts[work->n] != n_operands)
        return 0;
    for (Py_ssize_t i = 0; i < work->n; i++) {
        int64_t start = work->starts[i], stop = work->starts[i + 1];
        if (work->ops[i] < 0 || work->ops[i] >= n_rules || stop < start ||
            stop > n_operands)
            return 0;
        int wanted = takes[rules[work->ops[i]]].operands;
        if (wanted >= 0 ? stop - start != wanted
                        : rules[work->ops[i]] == op_dot && (stop - start) % 2)
            return 0;
        for (int64_t k = start; k < stop; k++)
            if (work->operands[k] < 0 || work->operands[k] >= work->n_leaves + i)
                return 0;
    }
    for (Py_ssize_t i = 0; i < tape->outputs.n; i++)
        if (tape->outputs.items[i] < 0 || tape->outputs.items[i] >= work->n_numbers)
            return 0;
    return 1;
}

static void *copied(const Py_buffer *buffer)
{
    void *copy = PyMem_Malloc(buffer->len + 1);
    if (copy != NULL && buffer->len)
        memcpy(copy, buffer->buf, buffer->len);
    return copy;
}

enum { CONSTANTS, RULES, AT_EACH, OPS, STARTS, OPERANDS_OF_ALL, OUTPUTS, GUARDS, N_GIVENS };

/* Tape(n_inputs, n_parameters, constants, rules, whole numbers, ops, starts, operands,
   outputs, guards, in single precision). Arrays are int32, but constants, float64, and
   starts, int64; without guards all instructions are guarded. */
static PyObject *new_tape(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    Py_buffer given[N_GIVENS] = {{0}};
    int in_single, failed = 1;
    Tape *tape = (Tape *)type->tp_alloc(type, 0);
    Work work = {0};
    if (tape == NULL)
        return NULL;
    if (!PyArg_ParseTuple(args, "nny*y*y*y*y*y*y*z*p:Tape", &tape->n_inputs,
                          &tape->n_parameters, given, given + 1, given + 2, given + 3,
                          given + 4, given + 5, given + 6, given + 7, &in_single)) {
        Py_DECREF(tape);
        return NULL;
    }
#define LENGTH(i, type) (given[i].len / (Py_ssize_t)sizeof(type))
    tape->n_constants = LENGTH(CONSTANTS, double);
    tape->largest = in_single ? FLT_MAX : DBL_MAX;
    work.n = LENGTH(OPS, int32_t);
    work.n_leaves = tape->n_inputs + tape->n_parameters + tape->n_constants;
    work.n_numbers = work.n_leaves + work.n;
    work.ops = given[OPS].buf;
    work.at = given[AT_EACH].buf;
    const int32_t *rules = given[RULES].buf;
    if (tape->n_inputs < 0 || tape->n_parameters < 0 ||
        LENGTH(AT_EACH, int32_t) != 2 * LENGTH(RULES, int32_t) ||
        LENGTH(STARTS, int64_t) != work.n + 1) {
        PyErr_SetString(PyExc_ValueError, "Tape: arrays of lengths that do not fit");
        goto end;
    }
    tape->constants = copied(given + CONSTANTS);
    work.starts = given[STARTS].buf;
    work.operands = copied(given + OPERANDS_OF_ALL);
    work.codes = PyMem_Malloc(work.n + 1);
    work.uses = PyMem_Calloc(work.n_numbers + 1, sizeof(int32_t));
    work.places = PyMem_Calloc(work.n_numbers + 1, sizeof(int32_t));
    work.state = PyMem_Calloc(work.n_numbers + 1, 1);
    if (tape->constants == NULL || work.operands == NULL || work.codes == NULL ||
        work.uses == NULL || work.places == NULL || work.state == NULL ||
        push(&tape->outputs, LENGTH(OUTPUTS, int32_t), given[OUTPUTS].buf)) {
        PyErr_NoMemory();
        goto end;
    }
    if (!is_well_formed(tape, &work, rules, LENGTH(RULES, int32_t),
                        LENGTH(OPERANDS_OF_ALL, int32_t))) {
        PyErr_SetString(PyExc_ValueError, "Tape: this is no tape");
        goto end;
    }
    for (Py_ssize_t i = 0; i < work.n; i++)
        work.codes[i] = (uint8_t)rules[work.ops[i]];
    const int32_t *guards = given[GUARDS].buf;
    Py_ssize_t n_guards = guards ? LENGTH(GUARDS, int32_t) : work.n;
    for (Py_ssize_t i = 0; i < n_guards; i++) {
        Py_ssize_t number = guards ? guards[i] : work.n_leaves + i;
        if (number >= work.n_leaves && number < work.n_numbers)
            work.state[number] |= GUARD;
    }
    if (translate(tape, &work, in_single))
        PyErr_NoMemory();
    else
        failed = 0;
end:
    for (int i = 0; i < N_GIVENS; i++)
        PyBuffer_Release(given + i);
    PyMem_Free(work.operands);
    PyMem_Free(work.codes);
    PyMem_Free(work.uses);
    PyMem_Free(work.places);
    PyMem_Free(work.twins);
    PyMem_Free(work.state);
    PyMem_Free(work.unused.items);
    if (failed)
        Py_CLEAR(tape);
    return (PyObject *)tape;
}

/* Running */

static int all_finite(const double *x, Py_ssize_t n)
{
    int finite = 1;
    for (Py_ssize_t i = 0; i < n; i++)
        finite &= fabs(x[i]) <= DBL_MAX;
    return finite;
}

/* Have `good` be 0 for the lanes in which some number is larger than the largest. */
static void look_at(const Stream *places, const double *w, int lanes, double largest,
                    char *good)
{
    const int32_t *items = places->items;
    if (lanes == 1) {
        int all = 1;
        for (Py_ssize_t i = 0; i < places->n; i++)
            all &= fabs(w[items[i]]) <= largest;
        *good &= (char)all;
    }
    for (Py_ssize_t i = 0; lanes > 1 && i < places->n; i++) {
        const double *x = w + (size_t)items[i] * WIDE;
        for (int l = 0; l < WIDE; l++)
            good[l] &= fabs(x[l]) <= largest;
    }
}

/* In which lanes all is as it has to be. */
static void look_at_all(const Tape *tape, const double *w, int lanes, char *good)
{
    look_at(&tape->outputs, w, lanes, DBL_MAX, good);
    look_at(&tape->finite, w, lanes, DBL_MAX, good);
    look_at(&tape->ranged, w, lanes, tape->largest, good);
    for (Py_ssize_t i = 0; i < tape->given.n; i += 3 + tape->given.items[i + 2]) {
        const int32_t *each = tape->given.items + i;
        for (int l = 0; l < lanes; l++) {
            double result = w[(size_t)each[1] * lanes + l];
            int as_given = fabs(result) <= DBL_MAX;
            for (int32_t k = 0; each[0] && result == result && k < each[2]; k++)
                as_given |= !isfinite(w[(size_t)each[3 + k] * lanes + l]);
            good[l] &= (char)as_given;
        }
    }
}

/* What runs WIDE examples here, chosen when the module is made. */
static void (*runner)(const int32_t *, double *, double *) = run_one;

static void choose_runner(void)
{
#if WIDE > 1
    runner = run_wide;
#endif
#ifdef HAS_AVX2
    if (__builtin_cpu_supports("avx2"))
        runner = run_avx2;
#endif
}

/* Run some examples from here on, at most `lanes` of n. */
static void run_lanes(const Tape *tape, double *w, const double *batch, Py_ssize_t n,
                      const double *parameters, char *good, int lanes)
{
    Py_ssize_t n_inputs = tape->n_inputs;
    double *list = w + tape->n_places * lanes;
    for (Py_ssize_t i = 0; i < n_inputs; i++)
        for (int l = 0; l < lanes; l++)
            w[i * lanes + l] = batch[(l < n ? l : n - 1) * n_inputs + i];
    for (Py_ssize_t i = 0; i < tape->n_parameters; i++)
        for (int l = 0; l < lanes; l++)
            w[(n_inputs + i) * lanes + l] = parameters[i];
    (lanes == 1 ? run_one : runner)(tape->code.items, w, list);
    memset(good, 1, lanes);
    look_at_all(tape, w, lanes, good);
}

#define CACHE_LINE 64

/* Room that begins with a line of the cache. */
static double *begin(void *space)
{
    return (double *)(((uintptr_t)space + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

/* Room for all numbers of so many lanes, with the constants in it. */
static void *take_space(Tape *tape, int lanes)
{
    void *space = tape->space[lanes > 1];
    tape->space[lanes > 1] = NULL;
    if (space != NULL)
        return space;
    space = PyMem_RawMalloc(
        CACHE_LINE + sizeof(double) * (tape->n_places * lanes + tape->longest + lanes));
    if (space == NULL)
        return NULL;
    Py_ssize_t first = tape->n_inputs + tape->n_parameters;
    for (Py_ssize_t i = 0; i < tape->n_constants; i++)
        for (int l = 0; l < lanes; l++)
            begin(space)[(first + i) * lanes + l] = tape->constants[i];
    return space;
}

static void give_space(Tape *tape, void *space, int lanes)
{
    void **kept = &tape->space[lanes > 1];
    if (*kept == NULL)
        *kept = space;
    else
        PyMem_RawFree(space);
}

/* So few words are read in less time than other threads take to begin. */
#define SHORT 4096
/* So few examples of a batch are left over that they are run one by one. */
#define FEW 2

/* All examples. With `finite` the outputs are those of each, and else their mean. */
static int run_all(Tape *tape, const double *batch, Py_ssize_t n,
                   const double *parameters, double *out, char *finite)
{
    Py_ssize_t n_inputs = tape->n_inputs, n_outputs = tape->outputs.n;
    const int32_t *places = tape->outputs.items;
    Py_ssize_t rest = n % WIDE, in_lanes = WIDE == 1 ? 0 : rest > FEW ? n : n - rest;
    void *one = in_lanes < n ? take_space(tape, 1) : NULL;
    void *many = in_lanes > 0 ? take_space(tape, WIDE) : NULL;
    if ((in_lanes < n && one == NULL) || (in_lanes > 0 && many == NULL)) {
        PyMem_RawFree(one);
        PyMem_RawFree(many);
        PyErr_NoMemory();
        return -1;
    }
    PyThreadState *state = tape->code.n * n > SHORT ? PyEval_SaveThread() : NULL;
    int known = all_finite(parameters, tape->n_parameters), all_good = known;
    for (Py_ssize_t i = 0; i < n;) {
        char good[WIDE];
        int lanes = i < in_lanes ? WIDE : 1, used = n - i < lanes ? (int)(n - i) : lanes;
        double *w = begin(lanes > 1 ? many : one);
        run_lanes(tape, w, batch + i * n_inputs, n - i, parameters, good, lanes);
        for (int l = 0; l < used; l++) {
            good[l] &= known && all_finite(batch + (i + l) * n_inputs, n_inputs);
            all_good &= good[l];
        }
        for (Py_ssize_t k = 0; k < n_outputs; k++) {
            const double *x = w + (size_t)places[k] * lanes;
            for (int l = 0; l < used; l++) {
                if (finite != NULL)
                    out[(i + l) * n_outputs + k] = x[l];
                else
                    out[k] = (i + l ? out[k] : 0.0) + (n > 1 ? x[l] / (double)n : x[l]);
            }
        }
        if (finite != NULL)
            memcpy(finite + i, good, used);
        i += used;
    }
    if (state != NULL)
        PyEval_RestoreThread(state);
    if (one != NULL)
        give_space(tape, one, 1);
    if (many != NULL)
        give_space(tape, many, WIDE);
    return all_good;
}

/* What is passed: a batch, parameters, outputs, and for rows whether they are finite. */
static PyObject *run(Tape *tape, PyObject *const *args, Py_ssize_t n_args, int of_rows)
{
    Py_buffer views[4] = {{0}};
    PyObject *result = NULL;
    Py_ssize_t size = sizeof(double), n_rows = 1;
    if (n_args != 3 + of_rows) {
        PyErr_Format(PyExc_TypeError, "%d arrays are needed", 3 + of_rows);
        return NULL;
    }
    for (int i = 0; i < n_args; i++)
        if (PyObject_GetBuffer(args[i], views + i,
                               i < 2 ? PyBUF_ND : PyBUF_ND | PyBUF_WRITABLE))
            goto end;
    Py_ssize_t n = views[0].ndim == 2 ? views[0].shape[0] : 0;
    if (of_rows)
        n_rows = n;
    if (n < 1 || views[0].len != size * n * tape->n_inputs ||
        views[1].len != size * tape->n_parameters ||
        views[2].len != size * n_rows * tape->outputs.n ||
        (of_rows && views[3].len != n)) {
        PyErr_SetString(PyExc_ValueError, "Tape: arrays of shapes that do not fit");
        goto end;
    }
    int found = run_all(tape, views[0].buf, n, views[1].buf, views[2].buf,
                        of_rows ? views[3].buf : NULL);
    if (found >= 0)
        result = of_rows ? Py_NewRef(Py_None) : PyBool_FromLong(found);
end:
    for (int i = 0; i < 4; i++)
        PyBuffer_Release(views + i);
    return result;
}

static PyObject *rows(Tape *self, PyObject *const *args, Py_ssize_t n_args)
{
    return run(self, args, n_args, 1);
}

static PyObject *mean(Tape *self, PyObject *const *args, Py_ssize_t n_args)
{
    return run(self, args, n_args, 0);
}

static Py_ssize_t n_bytes(Tape *self)
{
    Py_ssize_t words = self->code.n + self->outputs.n + self->finite.n +
                       self->ranged.n + self->given.n;
    return (Py_ssize_t)sizeof(int32_t) * words;
}

static PyMethodDef tape_methods[] = {
    {"rows", (PyCFunction)(void (*)(void))rows, METH_FASTCALL, NULL},
    {"mean", (PyCFunction)(void (*)(void))mean, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef tape_members[] = {
    {"n_places", T_PYSSIZET, offsetof(Tape, n_places), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PySequenceMethods tape_length = {.sq_length = (lenfunc)n_bytes};

static PyTypeObject tape_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "autograd.native._tape.Tape",
    .tp_basicsize = sizeof(Tape),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = new_tape,
    .tp_dealloc = (destructor)free_tape,
    .tp_methods = tape_methods,
    .tp_members = tape_members,
    .tp_as_sequence = &tape_length,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "autograd.native._tape", NULL, -1, NULL, NULL, NULL, NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__tape(void)
{
    PyObject *module, *codes;
    choose_runner();
    if (PyType_Ready(&tape_type) || (module = PyModule_Create(&definition)) == NULL)
        return NULL;
    if (PyModule_AddObjectRef(module, "Tape", (PyObject *)&tape_type) ||
        (codes = PyDict_New()) == NULL)
        goto failed;
    int bad = 0;
    for (int code = 0; code < N_GIVEN && !bad; code++) {
        PyObject *number = PyLong_FromLong(code);
        bad = number == NULL || PyDict_SetItemString(codes, names[code], number);
        Py_XDECREF(number);
    }
    bad = bad || PyModule_AddObjectRef(module, "codes", codes);
    Py_DECREF(codes);
    if (!bad)
        return module;
failed:
    Py_DECREF(module);
    return NULL;
}
