/* Primitives that a tape has in C, and eager mode has not.

   Python computes these by algorithms of its own, so that eager mode, which has to be
   the same on both backends, leaves them to it. A tape may differ in the last digits.
   The formulas are those of autograd/arithmetic.py, which says where they come from. */

#ifndef VALUEGRAD_TAPE_ARITHMETIC_H
#define VALUEGRAD_TAPE_ARITHMETIC_H

#include "arithmetic.h"

#define PI 3.14159265358979323846
#define MOST_ORDERS 32 /* of derivatives; there is no number for more */

#define hypot_ hypot

static inline double lgamma_(double a)
{
    return a <= 0.0 ? NAN : lgamma(a);
}

static inline double whole_power(double a, int n)
{
    double power = 1.0;
    for (int i = 0; i < n; i++)
        power *= a;
    return power;
}

static inline double factorial(int n)
{
    double product = 1.0;
    for (int i = 2; i <= n; i++)
        product *= i;
    return product;
}

static double pow_derivative_of_any_order(double a, double b, int i, int j)
{
    if (j >= MOST_ORDERS || (a == 0.0 && j && !(b > i)))
        return NAN;
    if (a == 0.0 && b > i)
        return 0.0 * a;
    double falling[MOST_ORDERS + 1] = {1.0};
    for (int k = 0; k < i; k++)
        for (int m = j; m >= 0; m--)
            falling[m] = (b - k) * falling[m] + (m ? m * falling[m - 1] : 0.0);
    double factor = falling[0], choices = 1.0, log_a = j ? log(a) : 0.0;
    for (int m = 1; m <= j; m++) {
        choices = choices * (j - m + 1) / m;
        factor = factor * log_a + choices * falling[m];
    }
    return factor != 0.0 ? factor * pow_(a, b - i) : 0.0 * a;
}

#define pow_derivative_(a, b, i, j)                                                    \
    ((i) + (j) == 1 ? (pow_derivative_)(a, b, i, j)                                    \
                    : pow_derivative_of_any_order(a, b, i, j))

static double sinc_derivative_(double a, int n)
{
    double x = PI * a;
    if (fabs(x) < n + 1.0) {
        int first = n % 2;
        double total = 0.0;
        for (int m = first + 4 * n + 22; m >= first; m -= 2) {
            double sign = (m + n) % 4 ? -1.0 : 1.0;
            total = total * (x * x) + sign / (factorial(m) * (m + n + 1.0));
        }
        return whole_power(PI, n) * (first ? total * x : total);
    }
    double whole = nearbyint(a), sign = fmod(whole, 2.0) != 0.0 ? -1.0 : 1.0;
    double sine = sign * sin(PI * (a - whole));
    double cosine = sign * sin(PI * (0.5 - fabs(a - whole)));
    double derivatives[4] = {sine, cosine, -sine, -cosine};
    double total = sine / x;
    for (int k = 1; k <= n; k++)
        total = (derivatives[k % 4] - k * total) / x;
    return whole_power(PI, n) * total;
}

static double polygamma_(double a, int n)
{
    static const double bernoulli[8] = {1.0 / 6,  -1.0 / 30,     1.0 / 42, -1.0 / 30,
                                        5.0 / 66, -691.0 / 2730, 7.0 / 6,  -3617.0 / 510};
    if (a <= 0.0)
        return NAN;
    int shift = 10 + 2 * n;
    Sum first = {0.0, 0.0};
    for (int k = shift - 1; k >= 0; k--)
        add_to(&first, pow(1.0 / (a + k), n + 1));
    double inverse = 1.0 / (a + shift), square = inverse * inverse, series = 0.0;
    for (int k = 8; k >= 1; k--) {
        double factor = factorial(2 * k + n - 1) / factorial(2 * k);
        series = series * square + bernoulli[k - 1] * factor / factorial(n ? n - 1 : 0);
    }
    series = series * square;
    if (n == 0)
        return log(a + shift) - (0.5 * inverse + series + total_of(&first));
    double rest = pow(inverse, n) * (1.0 + 0.5 * n * inverse + series);
    double size = factorial(n - 1) * (rest + n * total_of(&first));
    return n % 2 ? size : -size;
}

#endif
