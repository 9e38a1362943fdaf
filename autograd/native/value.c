/* The twin of autograd/value.py: Values in C.

   What a Value is, and what every message says, stands in value.py, which is the page to
   read. Here are the same nodes, 64 bytes each, which Python's garbage collector does
   not see: a node refers to nodes that were there before it, so there are no cycles to
   be found. Whatever is not usual, an operand that is no number, a result that is not
   finite, a hook, is left to the functions of value.py and apply.py, which are given
   these nodes and do with them what they do with their own. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <structmember.h>

#include "rules.h"

/* What few nodes have. */
typedef struct {
    PyObject *label; /* NULL for "" */
    PyObject *notes; /* NULL for None */
    PyObject *data;  /* what `data` was set to, if that is no float */
    PyObject *grad;  /* what `grad` was set to, if that is no float */
} Extra;

typedef struct Node {
    PyObject_HEAD
    double data; /* NaN where extra->data is set */
    double grad;
    PyObject *first;  /* a parent, or a tuple of them, or NULL */
    PyObject *second; /* a parent or NULL */
    Extra *extra;
    uint64_t seen : 44; /* by which walk */
    uint64_t op : 18;   /* which operation, 0 on a leaf */
    uint64_t has_grad : 1;
} Node;

#define LAST_WALK ((1ULL << 44) - 1)
#define LAST_OP ((1 << 18) - 1)

/* One interpreter has it all. */
static PyTypeObject *value_type, *constant_type, *function_type;
static Py_ssize_t n_nodes; /* alive */
static uint64_t walk;      /* the last one */

/* Operations by number: those of the table first, by the numbers of their rules. */
static PyObject **ops;
static signed char *arities; /* 0 for any number */
static int n_ops, room_for_ops;
static PyObject *numbers; /* dict: operation -> number */

/* What was passed from Python: see `make`. */
static PyObject *base, *no_gradient, *current_note, *refuse, *turn;
static PyObject *slow_backward, *slow_pass_on, *slow_order, *not_finite_error;

#define IS_VALUE(o) Py_IS_TYPE(o, value_type)
#define IS_NODE(o) (IS_VALUE(o) || IS_CONSTANT(o))
#define IS_CONSTANT(o) Py_IS_TYPE(o, constant_type)
#define DATA(o) (((Node *)(o))->data)

/* Nodes: made and freed */

static Node *new_node(PyTypeObject *type)
{
    Node *node;
    if (type == value_type || type == constant_type) {
        node = PyObject_Malloc(sizeof(Node));
        if (node == NULL)
            return (Node *)PyErr_NoMemory();
        memset((char *)node + sizeof(PyObject), 0, sizeof(Node) - sizeof(PyObject));
        PyObject_Init((PyObject *)node, type);
    }
    else {
        node = (Node *)type->tp_alloc(type, 0);
        if (node == NULL)
            return NULL;
    }
    n_nodes++;
    return node;
}

static Extra *extra_of(Node *node)
{
    if (node->extra == NULL) {
        node->extra = PyMem_Calloc(1, sizeof(Extra));
        if (node->extra == NULL)
            PyErr_NoMemory();
    }
    return node->extra;
}

/* Nodes that are to be freed, linked by their `grad`. A graph may be deeper than any
   stack: whoever is freeing takes up what becomes free meanwhile. */
static Node *to_free;
static int is_freeing;

static void dealloc(PyObject *self)
{
    Node *node = (Node *)self;
    memcpy(&node->grad, &to_free, sizeof to_free);
    to_free = node;
    if (is_freeing)
        return;
    is_freeing = 1;
    while (to_free != NULL) {
        node = to_free;
        memcpy(&to_free, &node->grad, sizeof to_free);
        PyTypeObject *type = Py_TYPE(node);
        PyObject *first = node->first, *second = node->second;
        Extra *extra = node->extra;
        if (type == value_type || type == constant_type)
            PyObject_Free(node);
        else
            type->tp_free(node);
        n_nodes--;
        Py_XDECREF(first);
        Py_XDECREF(second);
        if (extra != NULL) {
            Py_XDECREF(extra->label);
            Py_XDECREF(extra->notes);
            Py_XDECREF(extra->data);
            Py_XDECREF(extra->grad);
            PyMem_Free(extra);
        }
        Py_DECREF(type);
    }
    is_freeing = 0;
}

/* The number of an operation, or -1 and an exception. */
static int number_of_op(PyObject *op)
{
    PyObject *known = PyDict_GetItemWithError(numbers, op);
    if (known != NULL)
        return (int)PyLong_AsLong(known);
    if (PyErr_Occurred())
        return -1;
    if (n_ops > LAST_OP) {
        PyErr_SetString(PyExc_OverflowError, "there are too many operations");
        return -1;
    }
    if (n_ops == room_for_ops) {
        int room = 2 * room_for_ops;
        PyObject **more = PyMem_Realloc(ops, room * sizeof(PyObject *));
        if (more != NULL)
            ops = more;
        signed char *wider = PyMem_Realloc(arities, room);
        if (wider != NULL)
            arities = wider;
        if (more == NULL || wider == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        room_for_ops = room;
    }
    PyObject *arity = PyObject_GetAttrString(op, "arity");
    if (arity == NULL)
        return -1;
    long n = arity == Py_None ? 0 : PyLong_AsLong(arity);
    Py_DECREF(arity);
    if (n == -1 && PyErr_Occurred())
        return -1;
    PyObject *number = PyLong_FromLong(n_ops);
    if (number == NULL || PyDict_SetItem(numbers, op, number) < 0) {
        Py_XDECREF(number);
        return -1;
    }
    Py_DECREF(number);
    Py_INCREF(op);
    ops[n_ops] = op;
    arities[n_ops] = n > 100 ? 100 : (signed char)n;
    return n_ops++;
}

/* A node that was recorded, or what the note of this block makes of it. */
static PyObject *noted(Node *node)
{
    PyObject *note = NULL;
    if (PyContextVar_Get(current_note, NULL, &note) < 0) {
        Py_DECREF(node);
        return NULL;
    }
    if (note == NULL || note == Py_None) {
        Py_XDECREF(note);
        return (PyObject *)node;
    }
    PyObject *result = PyObject_CallOneArg(note, (PyObject *)node);
    Py_DECREF(note);
    Py_DECREF(node);
    return result;
}

static PyObject *new_constant(double data)
{
    Node *node = new_node(constant_type);
    if (node != NULL)
        node->data = data;
    return (PyObject *)node;
}

/* A plain number that needs no second look: 1, or 0. */
static inline int plain(PyObject *thing, double *number)
{
    if (PyFloat_CheckExact(thing)) {
        *number = PyFloat_AS_DOUBLE(thing);
        return *number == *number;
    }
    if (PyLong_CheckExact(thing)) {
        *number = PyLong_AsDouble(thing);
        if (*number == -1.0 && PyErr_Occurred()) {
            PyErr_Clear();
            return 0;
        }
        return 1;
    }
    return 0;
}

/* An operand as a new reference to a node. */
static inline PyObject *as_node(PyObject *thing, double number)
{
    if (IS_NODE(thing))
        return Py_NewRef(thing);
    return new_constant(number);
}

/* The number of an operand: 1, or 0 where it needs a second look. */
static inline int operand(PyObject *thing, double *number)
{
    if (IS_NODE(thing)) {
        *number = DATA(thing);
        return *number == *number;
    }
    return plain(thing, number);
}

static PyObject *made(int rule, PyObject *first, PyObject *second, double data)
{
    Node *node = first == NULL ? NULL : new_node(value_type);
    if (node == NULL) {
        Py_XDECREF(first);
        Py_XDECREF(second);
        return NULL;
    }
    node->data = data;
    node->op = rule;
    node->first = first;
    node->second = second;
    return noted(node);
}

/* Operations of one, two and three arguments: NULL, without an exception, where the
   functions of apply.py are to see what it is. */

static inline PyObject *unary(int rule, PyObject *a)
{
    double data;
    if (!IS_VALUE(a) || DATA(a) != DATA(a) ||
        !forward_of(rule, DATA(a), 0.0, 0.0, &data))
        return NULL;
    return made(rule, Py_NewRef(a), NULL, data);
}

static inline PyObject *binary(int rule, PyObject *a, PyObject *b)
{
    double x, y, data;
    if (!(IS_VALUE(a) || IS_VALUE(b)) || !operand(a, &x) || !operand(b, &y) ||
        !forward_of(rule, x, y, 0.0, &data))
        return NULL;
    PyObject *first = as_node(a, x), *second = as_node(b, y);
    if (second == NULL) {
        Py_XDECREF(first);
        return NULL;
    }
    return made(rule, first, second, data);
}

static PyObject *of_tuple(int rule, PyObject *parents, double data)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(parents); i++)
        if (PyTuple_GET_ITEM(parents, i) == NULL) {
            Py_DECREF(parents);
            return NULL;
        }
    PyObject_GC_UnTrack(parents); /* nodes alone: nothing to be found in it */
    return made(rule, parents, NULL, data);
}

static PyObject *ternary(int rule, PyObject *const *args)
{
    double x[3], data;
    if (!(IS_VALUE(args[0]) || IS_VALUE(args[1]) || IS_VALUE(args[2])))
        return NULL;
    for (int i = 0; i < 3; i++)
        if (!operand(args[i], &x[i]))
            return NULL;
    if (!forward_of(rule, x[0], x[1], x[2], &data))
        return NULL;
    PyObject *parents = PyTuple_New(3);
    if (parents == NULL)
        return NULL;
    for (int i = 0; i < 3; i++)
        PyTuple_SET_ITEM(parents, i, as_node(args[i], x[i]));
    return of_tuple(rule, parents, data);
}

/* Room for a list of numbers and what its rule writes down on the way. */
static double *list_room(Py_ssize_t n)
{
    double *room = PyMem_Malloc(sizeof(double) * (n + SPACE * n + n + 1));
    if (room == NULL)
        PyErr_NoMemory();
    return room;
}

static PyObject *of_list(int rule, PyObject *const *args, Py_ssize_t n)
{
    int has_value = 0;
    double *x = list_room(n), data;
    if (x == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!operand(args[i], &x[i])) {
            PyMem_Free(x);
            return NULL;
        }
        has_value |= IS_VALUE(args[i]);
    }
    if (!has_value || !forward_of_list(rule, x, n, x + n, &data)) {
        PyMem_Free(x);
        return NULL;
    }
    PyObject *parents = PyTuple_New(n);
    for (Py_ssize_t i = 0; parents != NULL && i < n; i++)
        PyTuple_SET_ITEM(parents, i, as_node(args[i], x[i]));
    PyMem_Free(x);
    return parents == NULL ? NULL : of_tuple(rule, parents, data);
}

/* Operators */

static PyObject *slow_operator(const char *name, const char *reflected, PyObject *a,
                               PyObject *b)
{
    int is_left = PyObject_TypeCheck(a, value_type);
    PyObject *method = PyObject_GetAttrString(base, is_left ? name : reflected);
    if (method == NULL)
        return NULL;
    PyObject *result = is_left ? PyObject_CallFunctionObjArgs(method, a, b, NULL)
                               : PyObject_CallFunctionObjArgs(method, b, a, NULL);
    Py_DECREF(method);
    return result;
}

#define BINARY_OPERATOR(rule, name)                                                    \
    static PyObject *operator_##rule(PyObject *a, PyObject *b)                         \
    {                                                                                  \
        PyObject *result = binary(RULE_##rule, a, b);                                  \
        if (result != NULL || PyErr_Occurred())                                        \
            return result;                                                             \
        return slow_operator("__" name "__", "__r" name "__", a, b);                   \
    }

BINARY_OPERATOR(add, "add")
BINARY_OPERATOR(sub, "sub")
BINARY_OPERATOR(mul, "mul")
BINARY_OPERATOR(div, "truediv")
BINARY_OPERATOR(mod, "mod")
BINARY_OPERATOR(floor_divide, "floordiv")

static PyObject *operator_pow(PyObject *a, PyObject *b, PyObject *modulus)
{
    if (modulus != Py_None)
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *result = binary(RULE_pow, a, b);
    if (result != NULL || PyErr_Occurred())
        return result;
    return slow_operator("__pow__", "__rpow__", a, b);
}

#define UNARY_OPERATOR(rule, name)                                                     \
    static PyObject *operator_##rule(PyObject *a)                                      \
    {                                                                                  \
        PyObject *result = unary(RULE_##rule, a);                                      \
        if (result != NULL || PyErr_Occurred())                                        \
            return result;                                                             \
        PyObject *method = PyObject_GetAttrString(base, "__" name "__");               \
        if (method == NULL)                                                            \
            return NULL;                                                               \
        result = PyObject_CallOneArg(method, a);                                       \
        Py_DECREF(method);                                                             \
        return result;                                                                 \
    }

UNARY_OPERATOR(neg, "neg")
UNARY_OPERATOR(pos, "pos")
UNARY_OPERATOR(abs, "abs")

/* Attributes */

static PyObject *get_data(Node *node, void *unused)
{
    if (node->extra != NULL && node->extra->data != NULL)
        return Py_NewRef(node->extra->data);
    return PyFloat_FromDouble(node->data);
}

static PyObject *get_grad(Node *node, void *unused)
{
    if (node->extra != NULL && node->extra->grad != NULL)
        return Py_NewRef(node->extra->grad);
    if (!node->has_grad)
        return Py_NewRef(no_gradient);
    return PyFloat_FromDouble(node->grad);
}

static int no_deletion(PyObject *value)
{
    if (value == NULL)
        PyErr_SetString(PyExc_AttributeError, "an attribute of a Value stays");
    return value == NULL;
}

static int set_data(Node *node, PyObject *value, void *unused)
{
    if (no_deletion(value))
        return -1;
    int is_float = PyFloat_CheckExact(value);
    if (!is_float && extra_of(node) == NULL)
        return -1;
    node->data = is_float ? PyFloat_AS_DOUBLE(value) : NAN;
    if (node->extra != NULL) {
        PyObject *before = node->extra->data;
        node->extra->data = is_float ? NULL : Py_NewRef(value);
        Py_XDECREF(before);
    }
    return 0;
}

static int set_grad(Node *node, PyObject *value, void *unused)
{
    if (no_deletion(value))
        return -1;
    int is_float = PyFloat_CheckExact(value);
    if (!is_float && extra_of(node) == NULL)
        return -1;
    node->has_grad = value != no_gradient;
    node->grad = is_float ? PyFloat_AS_DOUBLE(value) : NAN;
    if (node->extra != NULL) {
        PyObject *before = node->extra->grad;
        node->extra->grad = is_float ? NULL : Py_NewRef(value);
        Py_XDECREF(before);
    }
    return 0;
}

static PyObject *get_label(Node *node, void *unused)
{
    if (node->extra != NULL && node->extra->label != NULL)
        return Py_NewRef(node->extra->label);
    return PyUnicode_FromStringAndSize(NULL, 0);
}

static int set_label(Node *node, PyObject *value, void *unused)
{
    if (no_deletion(value) || extra_of(node) == NULL)
        return -1;
    PyObject *before = node->extra->label;
    node->extra->label = Py_NewRef(value);
    Py_XDECREF(before);
    return 0;
}

static PyObject *get_notes(Node *node, void *unused)
{
    if (node->extra != NULL && node->extra->notes != NULL)
        return Py_NewRef(node->extra->notes);
    Py_RETURN_NONE;
}

static int set_notes(Node *node, PyObject *value, void *unused)
{
    if (no_deletion(value) || extra_of(node) == NULL)
        return -1;
    PyObject *before = node->extra->notes;
    node->extra->notes = value == Py_None ? NULL : Py_NewRef(value);
    Py_XDECREF(before);
    return 0;
}

static PyObject *get_op(Node *node, void *unused)
{
    return Py_NewRef(node->op ? ops[node->op] : Py_None);
}

static int set_op(Node *node, PyObject *value, void *unused)
{
    if (no_deletion(value))
        return -1;
    int number = value == Py_None ? 0 : number_of_op(value);
    if (number < 0)
        return -1;
    node->op = number;
    return 0;
}

static PyObject *get_parent(Node *node, void *is_second)
{
    PyObject *parent = is_second ? node->second : node->first;
    return Py_NewRef(parent == NULL ? Py_None : parent);
}

static int set_parent(Node *node, PyObject *value, void *is_second)
{
    if (no_deletion(value))
        return -1;
    PyObject **place = is_second ? &node->second : &node->first;
    PyObject *before = *place;
    *place = value == Py_None ? NULL : Py_NewRef(value);
    Py_XDECREF(before);
    return 0;
}

/* The parents, side by side: a pointer to the first of n. */
static inline PyObject **parents_of(Node *node, Py_ssize_t *n)
{
    if (node->op == 0) {
        *n = 0;
        return NULL;
    }
    int arity = arities[node->op];
    if (arity == 1 || arity == 2) {
        *n = arity;
        return &node->first;
    }
    *n = PyTuple_GET_SIZE(node->first);
    return &PyTuple_GET_ITEM(node->first, 0);
}

static PyObject *get_parents(Node *node, void *unused)
{
    Py_ssize_t n;
    PyObject **parents = parents_of(node, &n);
    if (node->op != 0 && arities[node->op] != 1 && arities[node->op] != 2)
        return Py_NewRef(node->first);
    PyObject *tuple = PyTuple_New(n);
    for (Py_ssize_t i = 0; tuple != NULL && i < n; i++)
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(parents[i]));
    return tuple;
}

static PyGetSetDef attributes[] = {
    {"data", (getter)get_data, (setter)set_data, "The number, a float.", NULL},
    {"grad", (getter)get_grad, (setter)set_grad, "∂root/∂self.", NULL},
    {"label", (getter)get_label, (setter)set_label, "A name for people.", NULL},
    {"op", (getter)get_op, (setter)set_op, "The row that made it, or None.", NULL},
    {"_first", (getter)get_parent, (setter)set_parent, NULL, NULL},
    {"_second", (getter)get_parent, (setter)set_parent, NULL, (void *)1},
    {"_notes", (getter)get_notes, (setter)set_notes, NULL, NULL},
    {"parents", (getter)get_parents, NULL,
     "The operands that made this Value, in order; empty on a leaf.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* Construction */

static PyObject *make_empty(PyTypeObject *type, PyObject *args, PyObject *named)
{
    return (PyObject *)new_node(type);
}

/* The quick way for Value(2.0); for all else there is __init__, in Python. */
static PyObject *construct(PyObject *type, PyObject *const *args, size_t nargsf,
                           PyObject *names)
{
    double number;
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    if (n == 1 && names == NULL && plain(args[0], &number)) {
        Node *node = new_node((PyTypeObject *)type);
        if (node != NULL)
            node->data = number;
        return (PyObject *)node;
    }
    PyObject *given = PyTuple_New(n), *named = NULL, *result = NULL;
    for (Py_ssize_t i = 0; given != NULL && i < n; i++)
        PyTuple_SET_ITEM(given, i, Py_NewRef(args[i]));
    if (given != NULL && names != NULL && (named = PyDict_New()) != NULL)
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++)
            if (PyDict_SetItem(named, PyTuple_GET_ITEM(names, i), args[n + i]) < 0)
                Py_CLEAR(named);
    if (given != NULL && (names == NULL || named != NULL)) {
        result = (PyObject *)new_node((PyTypeObject *)type);
        if (result != NULL && Py_TYPE(result)->tp_init(result, given, named) < 0)
            Py_CLEAR(result);
    }
    Py_XDECREF(given);
    Py_XDECREF(named);
    return result;
}

/* The order, and the sweep */

typedef struct {
    Node **nodes;
    Py_ssize_t n, room;
} Order;

typedef struct {
    Node *node;
    Py_ssize_t next; /* which parent is to be looked at */
} Entry;

static int grow(void **array, Py_ssize_t *room, size_t size)
{
    Py_ssize_t more = *room ? 2 * *room : 256;
    void *larger = PyMem_Realloc(*array, more * size);
    if (larger == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *array = larger;
    *room = more;
    return 0;
}

static inline int append(Order *order, Node *node)
{
    if (order->n == order->room &&
        grow((void **)&order->nodes, &order->room, sizeof(Node *)) < 0)
        return -1;
    order->nodes[order->n++] = node;
    return 0;
}

/* Everything that the roots depend on, after all its parents: depth first, left parent
   first. References are borrowed: the roots hold them. */
static int order_of(PyObject *const *roots, Py_ssize_t n_roots, Order *order)
{
    Entry *stack = NULL;
    Py_ssize_t depth = 0, room = 0;
    walk++;
    for (Py_ssize_t i = 0; i < n_roots; i++) {
        Node *node = (Node *)roots[i];
        if (node->seen == walk)
            continue;
        node->seen = walk;
        for (;;) {
            /* `node` is new: enter it. */
            if (node->op != 0) {
                if (depth == room && grow((void **)&stack, &room, sizeof(Entry)) < 0)
                    goto failed;
                stack[depth++] = (Entry){node, 0};
            }
            else if (append(order, node) < 0)
                goto failed;
            /* Find the next new one; leave those that have none. */
            node = NULL;
            while (depth > 0 && node == NULL) {
                Entry *top = &stack[depth - 1];
                Py_ssize_t n;
                PyObject **parents = parents_of(top->node, &n);
                while (top->next < n) {
                    Node *parent = (Node *)parents[top->next++];
                    if (parent->seen != walk) {
                        parent->seen = walk;
                        node = parent;
                        break;
                    }
                }
                if (node == NULL) {
                    if (append(order, top->node) < 0)
                        goto failed;
                    depth--;
                }
            }
            if (node == NULL)
                break;
        }
    }
    PyMem_Free(stack);
    return 0;
failed:
    PyMem_Free(stack);
    return -1;
}

static PyObject *list_of(Node **nodes, Py_ssize_t n)
{
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list != NULL && i < n; i++)
        PyList_SET_ITEM(list, i, Py_NewRef((PyObject *)nodes[i]));
    return list;
}

static PyObject *topological_order(PyObject *self, PyObject *const *roots, Py_ssize_t n)
{
    Order order = {NULL, 0, 0};
    PyObject *list = NULL;
    for (Py_ssize_t i = 0; i < n; i++)
        if (!PyObject_TypeCheck(roots[i], value_type))
            return PyErr_Format(PyExc_TypeError,
                                "topological_order: root %zd is a %s, not a Value.", i,
                                Py_TYPE(roots[i])->tp_name);
    if (walk == LAST_WALK)
        return PyObject_Vectorcall(slow_order, roots, n, NULL);
    if (order_of(roots, n, &order) == 0)
        list = list_of(order.nodes, order.n);
    PyMem_Free(order.nodes);
    return list;
}

/* Add node.grad · ∂node/∂parent to each parent; 0, or -1 and an exception. */
static int pass_on(Node *node)
{
    Py_ssize_t n;
    PyObject **parents = parents_of(node, &n);
    double grad = node->grad, out = node->data, d[3];
    int rule = node->op, arity = arities[rule];
    if (rule < N_RULES && arity > 0 && arity <= 3) {
        double x[3] = {0.0, 0.0, 0.0};
        for (int i = 0; i < arity; i++)
            x[i] = DATA(parents[i]);
        for (int i = 0; i < arity; i++) {
            d[i] = 0.0;
            if (arity > 1 && IS_CONSTANT(parents[i]))
                continue;
            if (!partial_of(rule, i, x[0], x[1], x[2], out, &d[i]))
                goto in_python;
        }
        for (int i = 0; i < arity; i++)
            if (arity == 1 || !IS_CONSTANT(parents[i]))
                ((Node *)parents[i])->grad += grad * d[i];
        return 0;
    }
    if (rule < N_RULES && arity == 0) {
        double *x = list_room(n), *partials;
        if (x == NULL)
            return -1;
        for (Py_ssize_t i = 0; i < n; i++)
            x[i] = DATA(parents[i]);
        partials = x + n;
        int found = partials_of_list(rule, x, n, out, x + 2 * n, partials);
        for (Py_ssize_t i = 0; found && i < n; i++)
            if (!IS_CONSTANT(parents[i]))
                ((Node *)parents[i])->grad += grad * partials[i];
        PyMem_Free(x);
        if (found)
            return 0;
    }
in_python:;
    PyObject *done = PyObject_CallOneArg(slow_pass_on, (PyObject *)node);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

typedef struct {
    Node *node;
    double grad;
    int has_grad;
} Leaf;

static PyObject *grad_before(const Leaf *leaf)
{
    return leaf->has_grad ? PyFloat_FromDouble(leaf->grad) : Py_NewRef(no_gradient);
}

static void raise_not_finite(const Order *order, const Leaf *leaves, Py_ssize_t n)
{
    PyObject *nodes = list_of(order->nodes, order->n), *pairs = PyList_New(n);
    for (Py_ssize_t i = 0; pairs != NULL && i < n; i++) {
        PyObject *pair = Py_BuildValue("(ON)", leaves[i].node, grad_before(&leaves[i]));
        if (pair == NULL)
            Py_CLEAR(pairs);
        else
            PyList_SET_ITEM(pairs, i, pair);
    }
    if (nodes != NULL && pairs != NULL) {
        PyObject *error =
            PyObject_CallFunctionObjArgs(not_finite_error, nodes, pairs, NULL);
        if (error != NULL)
            PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_XDECREF(error);
    }
    Py_XDECREF(nodes);
    Py_XDECREF(pairs);
}

/* The sweep itself, of a graph in which nothing is strange: 0, or -1. */
static int sweep(Node *root, const Order *order, Leaf *leaves, Py_ssize_t n_leaves)
{
    for (Py_ssize_t i = 0; i < order->n; i++) {
        order->nodes[i]->grad = 0.0;
        order->nodes[i]->has_grad = 1;
    }
    root->grad = 1.0;
    for (Py_ssize_t i = order->n; i-- > 0;)
        if (order->nodes[i]->op != 0 && pass_on(order->nodes[i]) < 0)
            return -1;
    int finite = 1;
    for (Py_ssize_t i = 0; i < n_leaves; i++) {
        double before = leaves[i].has_grad && leaves[i].grad != 0.0 ? leaves[i].grad : 0.0;
        finite &= isfinite(before + leaves[i].node->grad) != 0;
    }
    if (!finite) {
        raise_not_finite(order, leaves, n_leaves);
        return -1;
    }
    for (Py_ssize_t i = 0; i < n_leaves; i++) {
        double before = leaves[i].has_grad && leaves[i].grad != 0.0 ? leaves[i].grad : 0.0;
        leaves[i].node->grad += before;
    }
    return 0;
}

static int take_turn(const char *method)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *done = PyObject_CallMethod(turn, method, NULL);
    Py_XDECREF(done);
    if (done == NULL) {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
        return -1;
    }
    PyErr_Restore(type, value, traceback);
    return 0;
}

static PyObject *backward(PyObject *self, PyObject *unused)
{
    Order order = {NULL, 0, 0};
    Leaf *leaves = NULL;
    Py_ssize_t n_leaves = 0, k = 0;
    int is_strange = walk == LAST_WALK, failed = 0;
    if (take_turn("acquire") < 0)
        return NULL;
    if (!is_strange) {
        failed = order_of(&self, 1, &order) < 0;
        for (Py_ssize_t i = 0; i < order.n; i++) {
            Extra *extra = order.nodes[i]->extra;
            is_strange |= extra != NULL && (extra->notes || extra->data || extra->grad);
            n_leaves += order.nodes[i]->op == 0;
        }
        is_strange |= order.n == 1;
    }
    PyObject *result = NULL;
    if (failed)
        ;
    else if (is_strange)
        result = PyObject_CallOneArg(slow_backward, self);
    else if ((leaves = PyMem_Malloc(sizeof(Leaf) * n_leaves)) == NULL)
        PyErr_NoMemory();
    else {
        for (Py_ssize_t i = 0; i < order.n; i++) {
            Node *node = order.nodes[i];
            if (node->op == 0)
                leaves[k++] = (Leaf){node, node->grad, node->has_grad};
        }
        if (sweep((Node *)self, &order, leaves, n_leaves) == 0)
            result = Py_NewRef(Py_None);
        else
            for (Py_ssize_t i = 0; i < n_leaves; i++) {
                leaves[i].node->grad = leaves[i].grad;
                leaves[i].node->has_grad = leaves[i].has_grad;
            }
    }
    PyMem_Free(leaves);
    PyMem_Free(order.nodes);
    if (take_turn("release") < 0)
        Py_CLEAR(result);
    return result;
}

/* record(op, first, second, data): what the functions in Python make nodes by. */
static PyObject *record(PyObject *self, PyObject *const *args, Py_ssize_t n)
{
    if (n != 4)
        return PyErr_Format(PyExc_TypeError, "record takes 4 arguments, not %zd", n);
    int op = number_of_op(args[0]);
    double data = op < 0 ? 0.0 : PyFloat_AsDouble(args[3]);
    if (PyErr_Occurred())
        return NULL;
    int arity = arities[op];
    int is_tuple = arity != 1 && arity != 2;
    if (is_tuple != PyTuple_CheckExact(args[1]) ||
        (!is_tuple && !PyObject_TypeCheck(args[1], value_type)) ||
        (arity == 2 && !PyObject_TypeCheck(args[2], value_type)))
        return PyErr_Format(PyExc_TypeError, "record: parents must be Values");
    if (is_tuple)
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args[1]); i++)
            if (!PyObject_TypeCheck(PyTuple_GET_ITEM(args[1], i), value_type))
                return PyErr_Format(PyExc_TypeError, "record: parents must be Values");
    Node *node = new_node(value_type);
    if (node == NULL)
        return NULL;
    node->data = data;
    node->op = op;
    node->first = Py_NewRef(args[1]);
    node->second = arity == 2 ? Py_NewRef(args[2]) : NULL;
    if (!isfinite(data)) {
        PyObject *parents = get_parents(node, NULL), *done = NULL;
        if (parents != NULL)
            done = PyObject_CallFunctionObjArgs(refuse, args[0], parents, args[3], NULL);
        Py_XDECREF(parents);
        Py_XDECREF(done);
        if (done == NULL) {
            Py_DECREF(node);
            return NULL;
        }
    }
    return noted(node);
}

/* Functions: a row as a callable, quick for Values, in Python for all else */

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *slow;
    PyObject *defaults; /* tuple of floats */
    int rule, arity;
} Function;

static PyObject *call_function(PyObject *self, PyObject *const *args, size_t nargsf,
                               PyObject *names)
{
    Function *function = (Function *)self;
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    PyObject *result = NULL, *complete[3];
    if (names == NULL && function->arity == 0) {
        if (n == 1 && (PyList_CheckExact(args[0]) || PyTuple_CheckExact(args[0]))) {
            PyObject *list = args[0];
            if (PySequence_Fast_GET_SIZE(list) > 0)
                result = of_list(function->rule, PySequence_Fast_ITEMS(list),
                                 PySequence_Fast_GET_SIZE(list));
        }
        else if (n > 0)
            result = of_list(function->rule, args, n);
    }
    else if (names == NULL && n <= function->arity) {
        Py_ssize_t missing = function->arity - n;
        Py_ssize_t given = PyTuple_GET_SIZE(function->defaults);
        if (n > 0 && missing <= given) {
            for (Py_ssize_t i = 0; i < n; i++)
                complete[i] = args[i];
            for (Py_ssize_t i = 0; i < missing; i++)
                complete[n + i] =
                    PyTuple_GET_ITEM(function->defaults, given - missing + i);
            if (function->arity == 1)
                result = unary(function->rule, complete[0]);
            else if (function->arity == 2)
                result = binary(function->rule, complete[0], complete[1]);
            else
                result = ternary(function->rule, complete);
        }
    }
    if (result != NULL || PyErr_Occurred())
        return result;
    return PyObject_Vectorcall(function->slow, args, nargsf, names);
}

static PyObject *bind_function(PyObject *self, PyObject *instance, PyObject *type)
{
    if (instance == NULL || instance == Py_None)
        return Py_NewRef(self);
    return PyMethod_New(self, instance);
}

static PyObject *function_attribute(PyObject *self, PyObject *name)
{
    PyObject *found = PyObject_GenericGetAttr(self, name);
    if (found != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return found;
    PyErr_Clear();
    return PyObject_GetAttr(((Function *)self)->slow, name);
}

static PyObject *function_global(PyObject *self, PyObject *unused)
{
    return PyObject_GetAttrString(((Function *)self)->slow, "__qualname__");
}

static PyObject *function_repr(PyObject *self)
{
    PyObject *name = PyObject_GetAttrString(((Function *)self)->slow, "__qualname__");
    PyObject *text = name == NULL ? NULL : PyUnicode_FromFormat("<function %U>", name);
    Py_XDECREF(name);
    return text;
}

static PyObject *get_wrapped(PyObject *self, void *unused)
{
    return Py_NewRef(((Function *)self)->slow);
}

static PyObject *get_text(PyObject *self, void *name)
{
    return PyObject_GetAttrString(((Function *)self)->slow, name);
}

static int traverse_function(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((Function *)self)->slow);
    Py_VISIT(((Function *)self)->defaults);
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static int clear_function(PyObject *self)
{
    Py_CLEAR(((Function *)self)->slow);
    Py_CLEAR(((Function *)self)->defaults);
    return 0;
}

static void free_function(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    clear_function(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef function_methods[] = {
    {"__reduce__", function_global, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef function_attributes[] = {
    {"__wrapped__", get_wrapped, NULL, NULL, NULL},
    {"__doc__", get_text, NULL, NULL, "__doc__"},
    {"__module__", get_text, NULL, NULL, "__module__"},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef function_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Function, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot function_slots[] = {
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, bind_function},
    {Py_tp_getattro, function_attribute},
    {Py_tp_repr, function_repr},
    {Py_tp_traverse, traverse_function},
    {Py_tp_clear, clear_function},
    {Py_tp_dealloc, free_function},
    {Py_tp_methods, function_methods},
    {Py_tp_getset, function_attributes},
    {Py_tp_members, function_members},
    {0, NULL},
};

static PyType_Spec function_spec = {
    .name = "autograd.native._core.Function",
    .basicsize = sizeof(Function),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
             Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = function_slots,
};

/* function(op, slow, defaults): `slow` itself where there is no rule. */
static PyObject *new_function(PyObject *self, PyObject *args)
{
    PyObject *op, *slow, *defaults;
    if (!PyArg_ParseTuple(args, "OOO!:function", &op, &slow, &PyTuple_Type, &defaults))
        return NULL;
    int number = number_of_op(op);
    if (number < 0)
        return NULL;
    if (number >= N_RULES || arities[number] > 3)
        return Py_NewRef(slow);
    Function *function = PyObject_GC_New(Function, function_type);
    if (function == NULL)
        return NULL;
    function->call = call_function;
    function->slow = Py_NewRef(slow);
    function->defaults = Py_NewRef(defaults);
    function->rule = number;
    function->arity = arities[number];
    PyObject_GC_Track(function);
    return (PyObject *)function;
}

/* The types, and the module */

static PyMethodDef value_methods[] = {
    {"backward", backward, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* A type with this and without Py_TPFLAGS_HAVE_GC does not inherit that flag from its
   base, which has it as all classes written in Python have. */
static int traverse_nothing(PyObject *self, visitproc visit, void *arg)
{
    return 0;
}

static PyType_Slot value_slots[] = {
    {Py_tp_traverse, traverse_nothing},
    {Py_tp_new, make_empty},
    {Py_tp_dealloc, dealloc},
    {Py_tp_methods, value_methods},
    {Py_tp_getset, attributes},
    {Py_nb_add, operator_add},
    {Py_nb_subtract, operator_sub},
    {Py_nb_multiply, operator_mul},
    {Py_nb_true_divide, operator_div},
    {Py_nb_remainder, operator_mod},
    {Py_nb_floor_divide, operator_floor_divide},
    {Py_nb_power, operator_pow},
    {Py_nb_negative, operator_neg},
    {Py_nb_positive, operator_pos},
    {Py_nb_absolute, operator_abs},
    {0, NULL},
};

static PyType_Spec value_spec = {
    .name = "autograd.value.Value",
    .basicsize = sizeof(Node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = value_slots,
};

static PyType_Slot constant_slots[] = {
    {Py_tp_traverse, traverse_nothing},
    {0, NULL},
};

static PyType_Spec constant_spec = {
    .name = "autograd.value.Constant",
    .basicsize = sizeof(Node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = constant_slots,
};

static PyTypeObject *new_type(PyObject *module, PyType_Spec *spec, PyObject *parent)
{
    PyObject *bases = PyTuple_Pack(1, parent);
    PyObject *type = bases ? PyType_FromModuleAndSpec(module, spec, bases) : NULL;
    Py_XDECREF(bases);
    if (type != NULL) {
        ((PyTypeObject *)type)->tp_vectorcall = construct;
        /* Messages name a class that was written in Python without its module. */
        ((PyTypeObject *)type)->tp_name = strrchr(spec->name, '.') + 1;
    }
    return (PyTypeObject *)type;
}

/* make(page): the two types. `page` has the names of value.py. */
static PyObject *make(PyObject *module, PyObject *page)
{
    PyObject *table = NULL, *written;
    const struct {
        const char *name;
        PyObject **place;
    } needed[] = {
        {"Methods", &base},
        {"NO_GRADIENT", &no_gradient},
        {"refuse", &refuse},
        {"turn", &turn},
        {"pass_on", &slow_pass_on},
        {"topological_order", &slow_order},
        {"not_finite_error", &not_finite_error},
        {"Value", &written},
        {"current_note", &current_note},
        {"TABLE", &table},
    };
    if (value_type != NULL)
        return PyErr_Format(PyExc_RuntimeError, "the types were made already");
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        *needed[i].place = Py_XNewRef(PyDict_GetItemString(page, needed[i].name));
        if (*needed[i].place == NULL)
            return PyErr_Format(PyExc_ImportError, "there is no %s", needed[i].name);
    }
    slow_backward = PyObject_GetAttrString(written, "backward");
    /* The context variable that current_note() reads. */
    current_note = PyObject_GetAttrString(current_note, "__self__");
    if (slow_backward == NULL || current_note == NULL)
        return NULL;
    numbers = PyDict_New();
    room_for_ops = 2 * N_RULES;
    ops = PyMem_Calloc(room_for_ops, sizeof(PyObject *));
    arities = PyMem_Calloc(room_for_ops, 1);
    if (numbers == NULL || ops == NULL || arities == NULL)
        return PyErr_NoMemory();
    n_ops = 1; /* 0 is a leaf */
    for (int rule = 1; rule < N_RULES; rule++) {
        PyObject *op = PyDict_GetItemString(table, rule_names[rule]);
        if (op == NULL)
            return PyErr_Format(PyExc_ImportError, "the table lacks %s",
                                rule_names[rule]);
        if (number_of_op(op) != rule)
            return PyErr_Occurred() ? NULL
                                    : PyErr_Format(PyExc_ImportError, "%s is there twice",
                                                   rule_names[rule]);
    }
    function_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &function_spec, NULL);
    value_type = new_type(module, &value_spec, base);
    if (function_type == NULL || value_type == NULL)
        return NULL;
    constant_type = new_type(module, &constant_spec, (PyObject *)value_type);
    if (constant_type == NULL)
        return NULL;
    return PyTuple_Pack(2, value_type, constant_type);
}

/* rule(op, numbers), rule(op, numbers, out, i): the result of a rule, and a partial; of a
   list all partials. None where a rule gives nothing. */
static double *numbers_of(PyObject *sequence, Py_ssize_t *n)
{
    PyObject *fast = PySequence_Fast(sequence, "a list of numbers is needed");
    if (fast == NULL)
        return NULL;
    *n = PySequence_Fast_GET_SIZE(fast);
    double *x = list_room(*n < 3 ? 3 : *n);
    for (Py_ssize_t i = 0; x != NULL && i < *n; i++)
        x[i] = PyFloat_AsDouble(PySequence_Fast_GET_ITEM(fast, i));
    Py_DECREF(fast);
    return x;
}

static PyObject *rule_of(PyObject *module, PyObject *args)
{
    PyObject *op, *given, *result = NULL;
    double out = 0.0;
    int i = -1;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "OO|di:rule", &op, &given, &out, &i))
        return NULL;
    int rule = number_of_op(op), found = 0;
    double *x = rule < 0 ? NULL : numbers_of(given, &n);
    if (x == NULL || PyErr_Occurred()) {
        PyMem_Free(x);
        return NULL;
    }
    double *y = x + n, *space = x + 2 * n;
    if (rule < N_RULES && PyTuple_GET_SIZE(args) == 2)
        found = arities[rule] ? forward_of(rule, x[0], x[1], x[2], y)
                              : forward_of_list(rule, x, n, space, y);
    else if (rule < N_RULES)
        found = arities[rule] ? partial_of(rule, i, x[0], x[1], x[2], out, y)
                              : partials_of_list(rule, x, n, out, space, y);
    if (!found)
        result = Py_NewRef(Py_None);
    else if (PyTuple_GET_SIZE(args) == 2 || arities[rule])
        result = PyFloat_FromDouble(*y);
    else if ((result = PyList_New(n)) != NULL)
        for (Py_ssize_t k = 0; k < n; k++)
            PyList_SET_ITEM(result, k, PyFloat_FromDouble(y[k]));
    PyMem_Free(x);
    return result;
}

static PyObject *count(PyObject *module, PyObject *unused)
{
    return PyLong_FromSsize_t(n_nodes);
}

static PyMethodDef methods[] = {
    {"make", make, METH_O, NULL},
    {"record", (PyCFunction)(void (*)(void))record, METH_FASTCALL, NULL},
    {"topological_order", (PyCFunction)(void (*)(void))topological_order, METH_FASTCALL,
     NULL},
    {"function", new_function, METH_VARARGS, NULL},
    {"rule", rule_of, METH_VARARGS, NULL},
    {"count", count, METH_NOARGS, "How many Values and Constants there are."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "autograd.native._core", NULL, -1, methods, NULL, NULL, NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModule_Create(&definition);
}
