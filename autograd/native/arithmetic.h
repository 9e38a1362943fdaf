/* The primitives of the rules, on doubles: what `Floats` is to Python.

   They compute what Python's own functions compute, bit for bit where these are the C
   library's. hypot and lgamma, which Python has of its own, are not here, and their rules
   are run in Python. What has no result, or too large a one, is not finite here, and not an
   error: who calls looks. */

#ifndef VALUEGRAD_ARITHMETIC_H
#define VALUEGRAD_ARITHMETIC_H

#include <Python.h>
#include <math.h>
#include <string.h>

/* A number of a rule; a rule ends where it is not finite. */
#define LET(name, value)                                                               \
    double name = (value);                                                             \
    if (!isfinite(name)) return 0

#define exp_ exp
#define log_ log
#define log1p_ log1p
#define log2_ log2
#define log10_ log10
#define expm1_ expm1
#define sqrt_ sqrt
#define sin_ sin
#define cos_ cos
#define tan_ tan
#define asin_ asin
#define acos_ acos
#define atan_ atan
#define sinh_ sinh
#define cosh_ cosh
#define tanh_ tanh
#define asinh_ asinh
#define acosh_ acosh
#define atanh_ atanh
#define erf_ erf
#define erfc_ erfc
#define atan2_ atan2
#define abs_ fabs

static inline double pow_(double a, double b)
{
    return a == 0.0 && b < 0.0 ? NAN : pow(a, b);
}

static inline double pow_derivative_(double a, double b, int i, int j)
{
    if (i == 1 && j == 0)
        return b != 0.0 ? b * pow_(a, b - 1.0) : 0.0;
    if (a == 0.0)
        return b > i ? 0.0 * a : NAN;
    return i == 0 && j == 1 ? log(a) * pow_(a, b) : NAN;
}

static inline double exp2_(double a)
{
    return pow(2.0, a);
}

static inline double cbrt_(double a)
{
    if (a == 0.0 || isinf(a))
        return a;
    double root = copysign(pow(fabs(a), 1.0 / 3.0), a);
    return root - (root - a / root / root) / 3.0;
}

static inline double sigmoid_(double a)
{
    if (a >= 0.0)
        return 1.0 / (1.0 + exp(-a));
    double exp_a = exp(a);
    return exp_a / (1.0 + exp_a);
}

static inline double sigmoid_slope_(double a)
{
    double e = exp(-fabs(a));
    return e / (1.0 + e) / (1.0 + e);
}

static inline double tanh_slope_(double a)
{
    double e = exp(-fabs(a));
    double sech = 2.0 * e / (1.0 + e * e);
    return sech * sech;
}

static inline double softplus_(double a)
{
    return (a > 0.0 ? a : 0.0) + log1p(exp(-fabs(a)));
}

static inline double logaddexp_(double a, double b)
{
    if (a == b)
        return a + log(2.0);
    return (b > a ? b : a) + log1p(exp(-fabs(a - b)));
}

static inline double gaussian_(double a)
{
    return exp(-a * a);
}

static inline double asin_slope_(double a)
{
    return 1.0 / sqrt((1.0 - a) * (1.0 + a));
}

static inline double largest_of(double a, double b)
{
    double x = fabs(a), y = fabs(b);
    return y > x ? y : x;
}

static inline double cosine_(double a, double b)
{
    double scale = largest_of(a, b), x = a / scale, y = b / scale;
    return x / sqrt(x * x + y * y);
}

static inline double atan2_slope_(double a, double b)
{
    double scale = largest_of(a, b), x = a / scale, y = b / scale;
    return y / (x * x + y * y) / scale;
}

static inline double floor_(double a)
{
    return copysign(floor(a), a);
}

static inline double ceil_(double a)
{
    return copysign(ceil(a), a);
}

/* The remainder of Python's %, which has the sign of b, and its quotient. */
static inline double mod_(double a, double b)
{
    if (b == 0.0)
        return NAN;
    double rest = fmod(a, b);
    if (rest == 0.0)
        return copysign(0.0, b);
    return (b < 0.0) != (rest < 0.0) ? rest + b : rest;
}

static inline double floor_divide_(double a, double b)
{
    if (b == 0.0)
        return NAN;
    double rest = fmod(a, b), quotient = (a - rest) / b;
    if (rest != 0.0 && (b < 0.0) != (rest < 0.0))
        quotient -= 1.0;
    if (quotient == 0.0)
        return copysign(0.0, a / b);
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

static inline double step_(double a)
{
    return a > 0.0 ? 1.0 : 0.0;
}

static inline double greater_(double a, double b)
{
    return a > b ? 1.0 : 0.0;
}

static inline double stop_gradient_(double a)
{
    return a;
}

static inline double maximum_(double a, double b)
{
    return a > b ? a : b;
}

static inline double minimum_(double a, double b)
{
    return a < b ? a : b;
}

static inline double where_(double condition, double a, double b)
{
    return condition != 0.0 ? a : b;
}

/* Lists */

/* A sum as Python makes it: from 3.12 on with what is lost on the way (Neumaier). */
typedef struct {
    double total, lost;
} Sum;

static inline void add_one(double *total, double *lost, double a)
{
    double sum = *total + a;
#if PY_VERSION_HEX >= 0x030C0000
    *lost += fabs(*total) >= fabs(a) ? (*total - sum) + a : (a - sum) + *total;
#endif
    *total = sum;
}

static inline void add_to(Sum *sum, double a)
{
    add_one(&sum->total, &sum->lost, a);
}

static inline double total_of(const Sum *sum)
{
    return sum->lost != 0.0 && isfinite(sum->lost) ? sum->total + sum->lost
                                                   : sum->total;
}

static inline double sum_(const double *a, Py_ssize_t n)
{
    Sum sum = {0.0, 0.0};
    for (Py_ssize_t i = 0; i < n; i++)
        add_to(&sum, a[i]);
    return total_of(&sum);
}

static inline double dot_(const double *a, Py_ssize_t n)
{
    Sum sum = {0.0, 0.0};
    for (Py_ssize_t i = 0; i < n / 2; i++)
        add_to(&sum, a[i] * a[n / 2 + i]);
    return total_of(&sum);
}

static inline double max_(const double *a, Py_ssize_t n)
{
    if (n == 0)
        return NAN;
    double largest = a[n - 1];
    for (Py_ssize_t i = n - 1; i-- > 0;)
        if (a[i] > largest)
            largest = a[i];
    return largest;
}

static inline double min_(const double *a, Py_ssize_t n)
{
    if (n == 0)
        return NAN;
    double smallest = a[n - 1];
    for (Py_ssize_t i = n - 1; i-- > 0;)
        if (a[i] < smallest)
            smallest = a[i];
    return smallest;
}

static inline double logsumexp_(const double *a, Py_ssize_t n)
{
    if (n == 0)
        return NAN;
    Py_ssize_t top = 0;
    for (Py_ssize_t i = 1; i < n; i++)
        if (a[i] > a[top])
            top = i;
    Sum sum = {0.0, 0.0};
    for (Py_ssize_t i = 0; i < n; i++)
        if (i != top)
            add_to(&sum, a[i] == a[top] ? 1.0 : exp(a[i] - a[top]));
    return a[top] + log1p(total_of(&sum));
}

#endif
