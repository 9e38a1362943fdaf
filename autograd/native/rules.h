/* The rules of the table in C, written by autograd.native.generate.

   A rule returns 0 where a number on its way is not finite. */

#include "arithmetic.h"

enum rule {
    NO_RULE,
    RULE_add,
    RULE_sub,
    RULE_gap,
    RULE_mul,
    RULE_div,
    RULE_pow,
    RULE_neg,
    RULE_pos,
    RULE_abs,
    RULE_sign,
    RULE_exp,
    RULE_exp2,
    RULE_expm1,
    RULE_log,
    RULE_log1p,
    RULE_log2,
    RULE_log10,
    RULE_sqrt,
    RULE_cbrt,
    RULE_sin,
    RULE_cos,
    RULE_tan,
    RULE_asin,
    RULE_acos,
    RULE_asin_slope,
    RULE_atan,
    RULE_atan2,
    RULE_atan2_slope,
    RULE_hypot,
    RULE_cosine,
    RULE_sinh,
    RULE_cosh,
    RULE_tanh,
    RULE_tanh_slope,
    RULE_asinh,
    RULE_acosh,
    RULE_atanh,
    RULE_sigmoid,
    RULE_sigmoid_slope,
    RULE_relu,
    RULE_leaky_relu,
    RULE_elu,
    RULE_gelu,
    RULE_silu,
    RULE_softplus,
    RULE_step,
    RULE_erf,
    RULE_erfc,
    RULE_gaussian,
    RULE_sinc,
    RULE_lgamma,
    RULE_digamma,
    RULE_floor,
    RULE_ceil,
    RULE_floor_divide,
    RULE_mod,
    RULE_maximum,
    RULE_minimum,
    RULE_clip,
    RULE_greater,
    RULE_where,
    RULE_chosen,
    RULE_stop_gradient,
    RULE_sum,
    RULE_dot,
    RULE_max,
    RULE_min,
    RULE_logsumexp,
    RULE_logaddexp,
    RULE_cross_entropy,
    RULE_log_excess,
    N_RULES
};

static const char *const rule_names[] = {
    NULL,
    "add",
    "sub",
    "gap",
    "mul",
    "div",
    "pow",
    "neg",
    "pos",
    "abs",
    "sign",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "sqrt",
    "cbrt",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "asin_slope",
    "atan",
    "atan2",
    "atan2_slope",
    "hypot",
    "cosine",
    "sinh",
    "cosh",
    "tanh",
    "tanh_slope",
    "asinh",
    "acosh",
    "atanh",
    "sigmoid",
    "sigmoid_slope",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
    "step",
    "erf",
    "erfc",
    "gaussian",
    "sinc",
    "lgamma",
    "digamma",
    "floor",
    "ceil",
    "floor_divide",
    "mod",
    "maximum",
    "minimum",
    "clip",
    "greater",
    "where",
    "chosen",
    "stop_gradient",
    "sum",
    "dot",
    "max",
    "min",
    "logsumexp",
    "logaddexp",
    "cross_entropy",
    "log_excess",
};

/* How many lists of its length a rule writes down on its way, at most. */
#define SPACE 6

static int add_forward(double a, double b, double *result)
{
    LET(t1, a + b);
    *result = t1;
    return 1;
}

static int add_partial0(double a, double b, double out, double *result)
{
    *result = 1.0;
    return 1;
}

static int add_partial1(double a, double b, double out, double *result)
{
    *result = 1.0;
    return 1;
}

static int sub_forward(double a, double b, double *result)
{
    LET(t1, a - b);
    *result = t1;
    return 1;
}

static int sub_partial0(double a, double b, double out, double *result)
{
    *result = 1.0;
    return 1;
}

static int sub_partial1(double a, double b, double out, double *result)
{
    *result = -1.0;
    return 1;
}

static int gap_forward(double a, double b, double *result)
{
    LET(t1, a - b);
    *result = t1;
    return 1;
}

static int gap_partial0(double a, double b, double out, double *result)
{
    *result = 1.0;
    return 1;
}

static int gap_partial1(double a, double b, double out, double *result)
{
    *result = -1.0;
    return 1;
}

static int mul_forward(double a, double b, double *result)
{
    LET(t1, a * b);
    *result = t1;
    return 1;
}

static int mul_partial0(double a, double b, double out, double *result)
{
    if (!isfinite(b)) return 0;
    *result = b;
    return 1;
}

static int mul_partial1(double a, double b, double out, double *result)
{
    if (!isfinite(a)) return 0;
    *result = a;
    return 1;
}

static int div_forward(double a, double b, double *result)
{
    LET(t1, a / b);
    *result = t1;
    return 1;
}

static int div_partial0(double a, double b, double out, double *result)
{
    LET(t1, 1.0 / b);
    *result = t1;
    return 1;
}

static int div_partial1(double a, double b, double out, double *result)
{
    LET(t1, 1.0 / b);
    LET(t2, out * t1);
    double t3 = -t2;
    if (!isfinite(t3)) return 0;
    *result = t3;
    return 1;
}

static int pow_forward(double a, double b, double *result)
{
    LET(t1, pow_(a, b));
    *result = t1;
    return 1;
}

static int pow_partial0(double a, double b, double out, double *result)
{
    LET(t1, pow_derivative_(a, b, 1, 0));
    *result = t1;
    return 1;
}

static int pow_partial1(double a, double b, double out, double *result)
{
    LET(t1, pow_derivative_(a, b, 0, 1));
    *result = t1;
    return 1;
}

static int neg_forward(double a, double *result)
{
    double t1 = -a;
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int neg_partial0(double a, double out, double *result)
{
    *result = -1.0;
    return 1;
}

static int pos_forward(double a, double *result)
{
    if (!isfinite(a)) return 0;
    *result = a;
    return 1;
}

static int pos_partial0(double a, double out, double *result)
{
    *result = 1.0;
    return 1;
}

static int abs_forward(double a, double *result)
{
    double t1 = abs_(a);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int abs_partial0(double a, double out, double *result)
{
    double t1 = step_(a);
    double t2 = -a;
    double t3 = step_(t2);
    LET(t4, t1 - t3);
    *result = t4;
    return 1;
}

static int sign_forward(double a, double *result)
{
    double t1 = step_(a);
    double t2 = -a;
    double t3 = step_(t2);
    LET(t4, t1 - t3);
    *result = t4;
    return 1;
}

static int sign_partial0(double a, double out, double *result)
{
    *result = 0.0;
    return 1;
}

static int exp_forward(double a, double *result)
{
    LET(t1, exp_(a));
    *result = t1;
    return 1;
}

static int exp_partial0(double a, double out, double *result)
{
    if (!isfinite(out)) return 0;
    *result = out;
    return 1;
}

static int exp2_forward(double a, double *result)
{
    LET(t1, exp2_(a));
    *result = t1;
    return 1;
}

static int exp2_partial0(double a, double out, double *result)
{
    LET(t1, 0.6931471805599453 * out);
    *result = t1;
    return 1;
}

static int expm1_forward(double a, double *result)
{
    LET(t1, expm1_(a));
    *result = t1;
    return 1;
}

static int expm1_partial0(double a, double out, double *result)
{
    LET(t1, exp_(a));
    *result = t1;
    return 1;
}

static int log_forward(double a, double *result)
{
    LET(t1, log_(a));
    *result = t1;
    return 1;
}

static int log_partial0(double a, double out, double *result)
{
    LET(t1, 1.0 / a);
    *result = t1;
    return 1;
}

static int log1p_forward(double a, double *result)
{
    LET(t1, log1p_(a));
    *result = t1;
    return 1;
}

static int log1p_partial0(double a, double out, double *result)
{
    LET(t1, 1.0 + a);
    LET(t2, 1.0 / t1);
    *result = t2;
    return 1;
}

static int log2_forward(double a, double *result)
{
    LET(t1, log2_(a));
    *result = t1;
    return 1;
}

static int log2_partial0(double a, double out, double *result)
{
    LET(t1, 1.4426950408889634 / a);
    *result = t1;
    return 1;
}

static int log10_forward(double a, double *result)
{
    LET(t1, log10_(a));
    *result = t1;
    return 1;
}

static int log10_partial0(double a, double out, double *result)
{
    LET(t1, 0.43429448190325176 / a);
    *result = t1;
    return 1;
}

static int sqrt_forward(double a, double *result)
{
    LET(t1, sqrt_(a));
    *result = t1;
    return 1;
}

static int sqrt_partial0(double a, double out, double *result)
{
    LET(t1, 0.5 / out);
    *result = t1;
    return 1;
}

static int cbrt_forward(double a, double *result)
{
    LET(t1, cbrt_(a));
    *result = t1;
    return 1;
}

static int cbrt_partial0(double a, double out, double *result)
{
    LET(t1, 3.0 * out);
    LET(t2, t1 * out);
    LET(t3, 1.0 / t2);
    *result = t3;
    return 1;
}

static int sin_forward(double a, double *result)
{
    LET(t1, sin_(a));
    *result = t1;
    return 1;
}

static int sin_partial0(double a, double out, double *result)
{
    LET(t1, cos_(a));
    *result = t1;
    return 1;
}

static int cos_forward(double a, double *result)
{
    LET(t1, cos_(a));
    *result = t1;
    return 1;
}

static int cos_partial0(double a, double out, double *result)
{
    LET(t1, sin_(a));
    double t2 = -t1;
    if (!isfinite(t2)) return 0;
    *result = t2;
    return 1;
}

static int tan_forward(double a, double *result)
{
    LET(t1, tan_(a));
    *result = t1;
    return 1;
}

static int tan_partial0(double a, double out, double *result)
{
    LET(t1, out * out);
    LET(t2, 1.0 + t1);
    *result = t2;
    return 1;
}

static int asin_forward(double a, double *result)
{
    LET(t1, asin_(a));
    *result = t1;
    return 1;
}

static int asin_partial0(double a, double out, double *result)
{
    LET(t1, asin_slope_(a));
    *result = t1;
    return 1;
}

static int acos_forward(double a, double *result)
{
    LET(t1, acos_(a));
    *result = t1;
    return 1;
}

static int acos_partial0(double a, double out, double *result)
{
    LET(t1, asin_slope_(a));
    double t2 = -t1;
    if (!isfinite(t2)) return 0;
    *result = t2;
    return 1;
}

static int asin_slope_forward(double a, double *result)
{
    LET(t1, asin_slope_(a));
    *result = t1;
    return 1;
}

static int asin_slope_partial0(double a, double out, double *result)
{
    LET(t1, out * out);
    LET(t2, t1 * out);
    LET(t3, a * t2);
    *result = t3;
    return 1;
}

static int atan_forward(double a, double *result)
{
    LET(t1, atan_(a));
    *result = t1;
    return 1;
}

static int atan_partial0(double a, double out, double *result)
{
    LET(t1, atan2_slope_(a, 1.0));
    *result = t1;
    return 1;
}

static int atan2_forward(double a, double b, double *result)
{
    LET(t1, atan2_(a, b));
    *result = t1;
    return 1;
}

static int atan2_partial0(double a, double b, double out, double *result)
{
    LET(t1, atan2_slope_(a, b));
    *result = t1;
    return 1;
}

static int atan2_partial1(double a, double b, double out, double *result)
{
    LET(t1, atan2_slope_(b, a));
    double t2 = -t1;
    if (!isfinite(t2)) return 0;
    *result = t2;
    return 1;
}

static int atan2_slope_forward(double a, double b, double *result)
{
    LET(t1, atan2_slope_(a, b));
    *result = t1;
    return 1;
}

static int atan2_slope_partial0(double a, double b, double out, double *result)
{
    LET(t1, atan2_slope_(b, a));
    LET(t2, out * t1);
    LET(t3, -2.0 * t2);
    *result = t3;
    return 1;
}

static int atan2_slope_partial1(double a, double b, double out, double *result)
{
    LET(t1, atan2_slope_(b, a));
    LET(t2, t1 * t1);
    LET(t3, out * out);
    LET(t4, t2 - t3);
    *result = t4;
    return 1;
}

static int hypot_partial0(double a, double b, double out, double *result)
{
    LET(t1, cosine_(a, b));
    *result = t1;
    return 1;
}

static int hypot_partial1(double a, double b, double out, double *result)
{
    LET(t1, cosine_(b, a));
    *result = t1;
    return 1;
}

static int cosine_forward(double a, double b, double *result)
{
    LET(t1, cosine_(a, b));
    *result = t1;
    return 1;
}

static int sinh_forward(double a, double *result)
{
    LET(t1, sinh_(a));
    *result = t1;
    return 1;
}

static int sinh_partial0(double a, double out, double *result)
{
    LET(t1, cosh_(a));
    *result = t1;
    return 1;
}

static int cosh_forward(double a, double *result)
{
    LET(t1, cosh_(a));
    *result = t1;
    return 1;
}

static int cosh_partial0(double a, double out, double *result)
{
    LET(t1, sinh_(a));
    *result = t1;
    return 1;
}

static int tanh_forward(double a, double *result)
{
    LET(t1, tanh_(a));
    *result = t1;
    return 1;
}

static int tanh_partial0(double a, double out, double *result)
{
    LET(t1, tanh_slope_(a));
    *result = t1;
    return 1;
}

static int tanh_slope_forward(double a, double *result)
{
    LET(t1, tanh_slope_(a));
    *result = t1;
    return 1;
}

static int tanh_slope_partial0(double a, double out, double *result)
{
    LET(t1, tanh_(a));
    LET(t2, t1 * out);
    LET(t3, -2.0 * t2);
    *result = t3;
    return 1;
}

static int asinh_forward(double a, double *result)
{
    LET(t1, asinh_(a));
    *result = t1;
    return 1;
}

static int asinh_partial0(double a, double out, double *result)
{
    LET(t1, cosine_(1.0, a));
    *result = t1;
    return 1;
}

static int acosh_forward(double a, double *result)
{
    LET(t1, acosh_(a));
    *result = t1;
    return 1;
}

static int acosh_partial0(double a, double out, double *result)
{
    LET(t1, a - 1.0);
    LET(t2, sqrt_(t1));
    LET(t3, a + 1.0);
    LET(t4, sqrt_(t3));
    LET(t5, t2 * t4);
    LET(t6, 1.0 / t5);
    *result = t6;
    return 1;
}

static int atanh_forward(double a, double *result)
{
    LET(t1, atanh_(a));
    *result = t1;
    return 1;
}

static int atanh_partial0(double a, double out, double *result)
{
    LET(t1, asin_slope_(a));
    LET(t2, t1 * t1);
    *result = t2;
    return 1;
}

static int sigmoid_forward(double a, double *result)
{
    LET(t1, sigmoid_(a));
    *result = t1;
    return 1;
}

static int sigmoid_partial0(double a, double out, double *result)
{
    LET(t1, sigmoid_slope_(a));
    *result = t1;
    return 1;
}

static int sigmoid_slope_forward(double a, double *result)
{
    LET(t1, sigmoid_slope_(a));
    *result = t1;
    return 1;
}

static int sigmoid_slope_partial0(double a, double out, double *result)
{
    LET(t1, 0.5 * a);
    LET(t2, tanh_(t1));
    double t3 = -t2;
    LET(t4, t3 * out);
    *result = t4;
    return 1;
}

static int relu_forward(double a, double *result)
{
    double t1 = maximum_(a, 0.0);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int relu_partial0(double a, double out, double *result)
{
    double t1 = step_(a);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int leaky_relu_forward(double a, double b, double *result)
{
    double t1 = step_(a);
    LET(t2, b * a);
    double t3 = where_(t1, a, t2);
    if (!isfinite(t3)) return 0;
    *result = t3;
    return 1;
}

static int leaky_relu_partial0(double a, double b, double out, double *result)
{
    double t1 = step_(a);
    double t2 = where_(t1, 1.0, b);
    if (!isfinite(t2)) return 0;
    *result = t2;
    return 1;
}

static int leaky_relu_partial1(double a, double b, double out, double *result)
{
    double t1 = minimum_(a, 0.0);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int elu_forward(double a, double b, double *result)
{
    double t1 = step_(a);
    double t2 = minimum_(a, 0.0);
    LET(t3, expm1_(t2));
    LET(t4, b * t3);
    double t5 = where_(t1, a, t4);
    if (!isfinite(t5)) return 0;
    *result = t5;
    return 1;
}

static int elu_partial0(double a, double b, double out, double *result)
{
    double t1 = step_(a);
    double t2 = minimum_(a, 0.0);
    LET(t3, exp_(t2));
    LET(t4, b * t3);
    double t5 = where_(t1, 1.0, t4);
    if (!isfinite(t5)) return 0;
    *result = t5;
    return 1;
}

static int elu_partial1(double a, double b, double out, double *result)
{
    double t1 = minimum_(a, 0.0);
    LET(t2, expm1_(t1));
    *result = t2;
    return 1;
}

static int gelu_forward(double a, double *result)
{
    LET(t1, a * -0.7071067811865476);
    LET(t2, erfc_(t1));
    LET(t3, 0.5 * t2);
    LET(t4, a * t3);
    *result = t4;
    return 1;
}

static int gelu_partial0(double a, double out, double *result)
{
    LET(t1, a * -0.7071067811865476);
    LET(t2, erfc_(t1));
    LET(t3, 0.5 * t2);
    LET(t4, a * 0.7071067811865476);
    LET(t5, gaussian_(t4));
    LET(t6, t5 / 2.5066282746310002);
    LET(t7, a * t6);
    LET(t8, t3 + t7);
    *result = t8;
    return 1;
}

static int silu_forward(double a, double *result)
{
    LET(t1, sigmoid_(a));
    LET(t2, a * t1);
    *result = t2;
    return 1;
}

static int silu_partial0(double a, double out, double *result)
{
    LET(t1, sigmoid_(a));
    LET(t2, sigmoid_slope_(a));
    LET(t3, a * t2);
    LET(t4, t1 + t3);
    *result = t4;
    return 1;
}

static int softplus_forward(double a, double *result)
{
    LET(t1, softplus_(a));
    *result = t1;
    return 1;
}

static int softplus_partial0(double a, double out, double *result)
{
    LET(t1, sigmoid_(a));
    *result = t1;
    return 1;
}

static int step_forward(double a, double *result)
{
    double t1 = step_(a);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int step_partial0(double a, double out, double *result)
{
    *result = 0.0;
    return 1;
}

static int erf_forward(double a, double *result)
{
    LET(t1, erf_(a));
    *result = t1;
    return 1;
}

static int erf_partial0(double a, double out, double *result)
{
    LET(t1, gaussian_(a));
    LET(t2, 1.1283791670955126 * t1);
    *result = t2;
    return 1;
}

static int erfc_forward(double a, double *result)
{
    LET(t1, erfc_(a));
    *result = t1;
    return 1;
}

static int erfc_partial0(double a, double out, double *result)
{
    LET(t1, gaussian_(a));
    LET(t2, -1.1283791670955126 * t1);
    *result = t2;
    return 1;
}

static int gaussian_forward(double a, double *result)
{
    LET(t1, gaussian_(a));
    *result = t1;
    return 1;
}

static int gaussian_partial0(double a, double out, double *result)
{
    LET(t1, a * out);
    LET(t2, -2.0 * t1);
    *result = t2;
    return 1;
}

static int floor_forward(double a, double *result)
{
    LET(t1, floor_(a));
    *result = t1;
    return 1;
}

static int floor_partial0(double a, double out, double *result)
{
    LET(t1, a - out);
    LET(t2, 0.0 / t1);
    *result = t2;
    return 1;
}

static int ceil_forward(double a, double *result)
{
    LET(t1, ceil_(a));
    *result = t1;
    return 1;
}

static int ceil_partial0(double a, double out, double *result)
{
    LET(t1, out - a);
    LET(t2, 0.0 / t1);
    *result = t2;
    return 1;
}

static int floor_divide_forward(double a, double b, double *result)
{
    LET(t1, floor_divide_(a, b));
    *result = t1;
    return 1;
}

static int floor_divide_partial0(double a, double b, double out, double *result)
{
    LET(t1, mod_(a, b));
    LET(t2, 0.0 / t1);
    *result = t2;
    return 1;
}

static int floor_divide_partial1(double a, double b, double out, double *result)
{
    LET(t1, mod_(a, b));
    LET(t2, 0.0 / t1);
    *result = t2;
    return 1;
}

static int mod_forward(double a, double b, double *result)
{
    LET(t1, mod_(a, b));
    *result = t1;
    return 1;
}

static int mod_partial0(double a, double b, double out, double *result)
{
    LET(t1, 0.0 / out);
    LET(t2, 1.0 + t1);
    *result = t2;
    return 1;
}

static int mod_partial1(double a, double b, double out, double *result)
{
    LET(t1, 0.0 / out);
    LET(t2, floor_divide_(a, b));
    LET(t3, t1 - t2);
    *result = t3;
    return 1;
}

static int maximum_forward(double a, double b, double *result)
{
    double t1 = maximum_(a, b);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int maximum_partial0(double a, double b, double out, double *result)
{
    double t1 = greater_(a, b);
    LET(t2, 1.0 + t1);
    double t3 = greater_(b, a);
    LET(t4, t2 - t3);
    LET(t5, 0.5 * t4);
    *result = t5;
    return 1;
}

static int maximum_partial1(double a, double b, double out, double *result)
{
    double t1 = greater_(b, a);
    LET(t2, 1.0 + t1);
    double t3 = greater_(a, b);
    LET(t4, t2 - t3);
    LET(t5, 0.5 * t4);
    *result = t5;
    return 1;
}

static int minimum_forward(double a, double b, double *result)
{
    double t1 = minimum_(a, b);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int minimum_partial0(double a, double b, double out, double *result)
{
    double t1 = greater_(b, a);
    LET(t2, 1.0 + t1);
    double t3 = greater_(a, b);
    LET(t4, t2 - t3);
    LET(t5, 0.5 * t4);
    *result = t5;
    return 1;
}

static int minimum_partial1(double a, double b, double out, double *result)
{
    double t1 = greater_(a, b);
    LET(t2, 1.0 + t1);
    double t3 = greater_(b, a);
    LET(t4, t2 - t3);
    LET(t5, 0.5 * t4);
    *result = t5;
    return 1;
}

static int clip_forward(double a, double b, double c, double *result)
{
    double t1 = maximum_(a, b);
    double t2 = minimum_(t1, c);
    if (!isfinite(t2)) return 0;
    *result = t2;
    return 1;
}

static int clip_partial0(double a, double b, double c, double out, double *result)
{
    double t1 = greater_(a, b);
    LET(t2, 1.0 + t1);
    double t3 = greater_(b, a);
    LET(t4, t2 - t3);
    LET(t5, 0.5 * t4);
    double t6 = maximum_(a, b);
    double t7 = greater_(c, t6);
    LET(t8, 1.0 + t7);
    double t9 = greater_(t6, c);
    LET(t10, t8 - t9);
    LET(t11, 0.5 * t10);
    LET(t12, t5 * t11);
    *result = t12;
    return 1;
}

static int clip_partial1(double a, double b, double c, double out, double *result)
{
    double t1 = greater_(b, a);
    LET(t2, 1.0 + t1);
    double t3 = greater_(a, b);
    LET(t4, t2 - t3);
    LET(t5, 0.5 * t4);
    double t6 = maximum_(a, b);
    double t7 = greater_(c, t6);
    LET(t8, 1.0 + t7);
    double t9 = greater_(t6, c);
    LET(t10, t8 - t9);
    LET(t11, 0.5 * t10);
    LET(t12, t5 * t11);
    *result = t12;
    return 1;
}

static int clip_partial2(double a, double b, double c, double out, double *result)
{
    double t1 = maximum_(a, b);
    double t2 = greater_(t1, c);
    LET(t3, 1.0 + t2);
    double t4 = greater_(c, t1);
    LET(t5, t3 - t4);
    LET(t6, 0.5 * t5);
    *result = t6;
    return 1;
}

static int greater_forward(double a, double b, double *result)
{
    double t1 = greater_(a, b);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int greater_partial0(double a, double b, double out, double *result)
{
    *result = 0.0;
    return 1;
}

static int greater_partial1(double a, double b, double out, double *result)
{
    *result = 0.0;
    return 1;
}

static int where_forward(double a, double b, double c, double *result)
{
    double t1 = where_(a, b, c);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int where_partial0(double a, double b, double c, double out, double *result)
{
    *result = 0.0;
    return 1;
}

static int where_partial1(double a, double b, double c, double out, double *result)
{
    double t1 = where_(a, 1.0, 0.0);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int where_partial2(double a, double b, double c, double out, double *result)
{
    double t1 = where_(a, 0.0, 1.0);
    if (!isfinite(t1)) return 0;
    *result = t1;
    return 1;
}

static int chosen_forward(double a, double b, double *result)
{
    if (!isfinite(b)) return 0;
    *result = b;
    return 1;
}

static int chosen_partial0(double a, double b, double out, double *result)
{
    *result = 0.0;
    return 1;
}

static int chosen_partial1(double a, double b, double out, double *result)
{
    *result = 1.0;
    return 1;
}

static int stop_gradient_forward(double a, double *result)
{
    LET(t1, stop_gradient_(a));
    *result = t1;
    return 1;
}

static int stop_gradient_partial0(double a, double out, double *result)
{
    *result = 0.0;
    return 1;
}

static int sum_forward(const double *a, Py_ssize_t n, double *space, double *result)
{
    LET(t1, sum_(a, n));
    *result = t1;
    return 1;
}

static int sum_partials(const double *a, Py_ssize_t n, double out, double *space, double *result)
{
    for (Py_ssize_t i = 0; i < n; i++)
        result[i] = 1.0;
    return 1;
}

static int dot_forward(const double *a, Py_ssize_t n, double *space, double *result)
{
    LET(t1, dot_(a, n));
    *result = t1;
    return 1;
}

static int dot_partials(const double *a, Py_ssize_t n, double out, double *space, double *result)
{
    double *list1 = space;
    space += n;
    memcpy(list1, (a + n / 2), sizeof(double) * (n / 2));
    memcpy(list1 + n / 2, a, sizeof(double) * (n / 2));
    memcpy(result, list1, sizeof(double) * n);
    return 1;
}

static int max_forward(const double *a, Py_ssize_t n, double *space, double *result)
{
    LET(t1, max_(a, n));
    *result = t1;
    return 1;
}

static int max_partials(const double *a, Py_ssize_t n, double out, double *space, double *result)
{
    double *list1 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        double t2 = greater_(out, a[i]);
        LET(t3, 1.0 - t2);
        list1[i] = t3;
    }
    LET(t4, sum_(list1, n));
    double *list5 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        LET(t6, list1[i] / t4);
        list5[i] = t6;
    }
    memcpy(result, list5, sizeof(double) * n);
    return 1;
}

static int min_forward(const double *a, Py_ssize_t n, double *space, double *result)
{
    LET(t1, min_(a, n));
    *result = t1;
    return 1;
}

static int min_partials(const double *a, Py_ssize_t n, double out, double *space, double *result)
{
    double *list1 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        double t2 = greater_(a[i], out);
        LET(t3, 1.0 - t2);
        list1[i] = t3;
    }
    LET(t4, sum_(list1, n));
    double *list5 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        LET(t6, list1[i] / t4);
        list5[i] = t6;
    }
    memcpy(result, list5, sizeof(double) * n);
    return 1;
}

static int logsumexp_forward(const double *a, Py_ssize_t n, double *space, double *result)
{
    LET(t1, logsumexp_(a, n));
    *result = t1;
    return 1;
}

static int logsumexp_partials(const double *a, Py_ssize_t n, double out, double *space, double *result)
{
    LET(t1, max_(a, n));
    double *list2 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        LET(t3, a[i] - t1);
        LET(t4, exp_(t3));
        list2[i] = t4;
    }
    LET(t5, sum_(list2, n));
    double *list6 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        LET(t7, list2[i] / t5);
        list6[i] = t7;
    }
    memcpy(result, list6, sizeof(double) * n);
    return 1;
}

static int logaddexp_forward(double a, double b, double *result)
{
    LET(t1, logaddexp_(a, b));
    *result = t1;
    return 1;
}

static int logaddexp_partial0(double a, double b, double out, double *result)
{
    LET(t1, a - b);
    LET(t2, sigmoid_(t1));
    *result = t2;
    return 1;
}

static int logaddexp_partial1(double a, double b, double out, double *result)
{
    LET(t1, b - a);
    LET(t2, sigmoid_(t1));
    *result = t2;
    return 1;
}

static int cross_entropy_forward(const double *a, Py_ssize_t n, double *space, double *result)
{
    LET(t1, max_(a, n / 2));
    LET(t2, sum_((a + n / 2), n / 2));
    double *list3 = space;
    space += n / 2;
    for (Py_ssize_t i = 0; i < n / 2; i++) {
        LET(t4, a[i] - t1);
        LET(t5, exp_(t4));
        LET(t6, t5 - (a + n / 2)[i]);
        list3[i] = t6;
    }
    LET(t7, sum_(list3, n / 2));
    LET(t8, t2 - 1.0);
    LET(t9, t7 + t8);
    double *list10 = space;
    space += n / 2;
    for (Py_ssize_t i = 0; i < n / 2; i++) {
        LET(t11, a[i] - t1);
        LET(t12, (a + n / 2)[i] * t11);
        list10[i] = t12;
    }
    LET(t13, log1p_(t9));
    LET(t14, t2 * t13);
    LET(t15, sum_(list10, n / 2));
    LET(t16, t14 - t15);
    *result = t16;
    return 1;
}

static int cross_entropy_partials(const double *a, Py_ssize_t n, double out, double *space, double *result)
{
    LET(t1, max_(a, n / 2));
    LET(t2, sum_((a + n / 2), n / 2));
    double *list3 = space;
    space += n / 2;
    for (Py_ssize_t i = 0; i < n / 2; i++) {
        LET(t4, a[i] - t1);
        LET(t5, exp_(t4));
        LET(t6, t5 - (a + n / 2)[i]);
        list3[i] = t6;
    }
    LET(t7, sum_(list3, n / 2));
    LET(t8, t2 - 1.0);
    LET(t9, t7 + t8);
    LET(t10, 1.0 + t9);
    LET(t11, max_(a, n / 2));
    double *list12 = space;
    space += n / 2;
    for (Py_ssize_t i = 0; i < n / 2; i++) {
        double t13 = greater_(t11, a[i]);
        LET(t14, a[i] - t11);
        LET(t15, exp_(t14));
        LET(t16, t13 * t15);
        list12[i] = t16;
    }
    double *list17 = space;
    space += n / 2;
    for (Py_ssize_t i = 0; i < n / 2; i++) {
        double t18 = greater_(t11, a[i]);
        LET(t19, 1.0 - t18);
        list17[i] = t19;
    }
    LET(t20, sum_(list12, n / 2));
    LET(t21, sum_(list17, n / 2));
    LET(t22, t21 - 1.0);
    LET(t23, t20 + t22);
    LET(t24, log1p_(t23));
    double *list25 = space;
    space += n / 2;
    for (Py_ssize_t i = 0; i < n / 2; i++) {
        LET(t26, a[i] - t1);
        LET(t27, t24 - t26);
        list25[i] = t27;
    }
    double *list28 = space;
    space += n / 2;
    for (Py_ssize_t i = 0; i < n / 2; i++) {
        LET(t29, a[i] - t1);
        LET(t30, exp_(t29));
        LET(t31, t2 * t30);
        LET(t32, t31 - (a + n / 2)[i]);
        LET(t33, (a + n / 2)[i] * t9);
        LET(t34, t32 - t33);
        LET(t35, t34 / t10);
        list28[i] = t35;
    }
    double *list36 = space;
    space += n;
    memcpy(list36, list28, sizeof(double) * (n / 2));
    memcpy(list36 + n / 2, list25, sizeof(double) * (n / 2));
    memcpy(result, list36, sizeof(double) * n);
    return 1;
}

static int log_excess_forward(const double *a, Py_ssize_t n, double *space, double *result)
{
    LET(t1, max_(a, n));
    double *list2 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        double t3 = greater_(t1, a[i]);
        LET(t4, a[i] - t1);
        LET(t5, exp_(t4));
        LET(t6, t3 * t5);
        list2[i] = t6;
    }
    double *list7 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        double t8 = greater_(t1, a[i]);
        LET(t9, 1.0 - t8);
        list7[i] = t9;
    }
    LET(t10, sum_(list2, n));
    LET(t11, sum_(list7, n));
    LET(t12, t11 - 1.0);
    LET(t13, t10 + t12);
    LET(t14, log1p_(t13));
    *result = t14;
    return 1;
}

static int log_excess_partials(const double *a, Py_ssize_t n, double out, double *space, double *result)
{
    LET(t1, max_(a, n));
    double *list2 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        double t3 = greater_(t1, a[i]);
        LET(t4, a[i] - t1);
        LET(t5, exp_(t4));
        LET(t6, t3 * t5);
        list2[i] = t6;
    }
    double *list7 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        double t8 = greater_(t1, a[i]);
        LET(t9, 1.0 - t8);
        list7[i] = t9;
    }
    LET(t10, sum_(list2, n));
    LET(t11, sum_(list7, n));
    LET(t12, t10 + t11);
    double t13 = -t10;
    LET(t14, t12 * t11);
    LET(t15, t13 / t14);
    double *list16 = space;
    space += n;
    for (Py_ssize_t i = 0; i < n; i++) {
        double t17 = greater_(t1, a[i]);
        LET(t18, a[i] - t1);
        LET(t19, exp_(t18));
        LET(t20, t19 / t12);
        LET(t21, t17 * t20);
        LET(t22, 1.0 - t17);
        LET(t23, t22 * t15);
        LET(t24, t21 + t23);
        list16[i] = t24;
    }
    memcpy(result, list16, sizeof(double) * n);
    return 1;
}

static inline int forward_of(int rule, double a, double b, double c, double *result)
{
    switch (rule) {
    case RULE_add: return add_forward(a, b, result);
    case RULE_sub: return sub_forward(a, b, result);
    case RULE_gap: return gap_forward(a, b, result);
    case RULE_mul: return mul_forward(a, b, result);
    case RULE_div: return div_forward(a, b, result);
    case RULE_pow: return pow_forward(a, b, result);
    case RULE_neg: return neg_forward(a, result);
    case RULE_pos: return pos_forward(a, result);
    case RULE_abs: return abs_forward(a, result);
    case RULE_sign: return sign_forward(a, result);
    case RULE_exp: return exp_forward(a, result);
    case RULE_exp2: return exp2_forward(a, result);
    case RULE_expm1: return expm1_forward(a, result);
    case RULE_log: return log_forward(a, result);
    case RULE_log1p: return log1p_forward(a, result);
    case RULE_log2: return log2_forward(a, result);
    case RULE_log10: return log10_forward(a, result);
    case RULE_sqrt: return sqrt_forward(a, result);
    case RULE_cbrt: return cbrt_forward(a, result);
    case RULE_sin: return sin_forward(a, result);
    case RULE_cos: return cos_forward(a, result);
    case RULE_tan: return tan_forward(a, result);
    case RULE_asin: return asin_forward(a, result);
    case RULE_acos: return acos_forward(a, result);
    case RULE_asin_slope: return asin_slope_forward(a, result);
    case RULE_atan: return atan_forward(a, result);
    case RULE_atan2: return atan2_forward(a, b, result);
    case RULE_atan2_slope: return atan2_slope_forward(a, b, result);
    case RULE_cosine: return cosine_forward(a, b, result);
    case RULE_sinh: return sinh_forward(a, result);
    case RULE_cosh: return cosh_forward(a, result);
    case RULE_tanh: return tanh_forward(a, result);
    case RULE_tanh_slope: return tanh_slope_forward(a, result);
    case RULE_asinh: return asinh_forward(a, result);
    case RULE_acosh: return acosh_forward(a, result);
    case RULE_atanh: return atanh_forward(a, result);
    case RULE_sigmoid: return sigmoid_forward(a, result);
    case RULE_sigmoid_slope: return sigmoid_slope_forward(a, result);
    case RULE_relu: return relu_forward(a, result);
    case RULE_leaky_relu: return leaky_relu_forward(a, b, result);
    case RULE_elu: return elu_forward(a, b, result);
    case RULE_gelu: return gelu_forward(a, result);
    case RULE_silu: return silu_forward(a, result);
    case RULE_softplus: return softplus_forward(a, result);
    case RULE_step: return step_forward(a, result);
    case RULE_erf: return erf_forward(a, result);
    case RULE_erfc: return erfc_forward(a, result);
    case RULE_gaussian: return gaussian_forward(a, result);
    case RULE_floor: return floor_forward(a, result);
    case RULE_ceil: return ceil_forward(a, result);
    case RULE_floor_divide: return floor_divide_forward(a, b, result);
    case RULE_mod: return mod_forward(a, b, result);
    case RULE_maximum: return maximum_forward(a, b, result);
    case RULE_minimum: return minimum_forward(a, b, result);
    case RULE_clip: return clip_forward(a, b, c, result);
    case RULE_greater: return greater_forward(a, b, result);
    case RULE_where: return where_forward(a, b, c, result);
    case RULE_chosen: return chosen_forward(a, b, result);
    case RULE_stop_gradient: return stop_gradient_forward(a, result);
    case RULE_logaddexp: return logaddexp_forward(a, b, result);
    }
    return 0;
}

static inline int partial_of(int rule, int i, double a, double b, double c, double out, double *result)
{
    switch (3 * rule + i) {
    case 3 * RULE_add + 0: return add_partial0(a, b, out, result);
    case 3 * RULE_add + 1: return add_partial1(a, b, out, result);
    case 3 * RULE_sub + 0: return sub_partial0(a, b, out, result);
    case 3 * RULE_sub + 1: return sub_partial1(a, b, out, result);
    case 3 * RULE_gap + 0: return gap_partial0(a, b, out, result);
    case 3 * RULE_gap + 1: return gap_partial1(a, b, out, result);
    case 3 * RULE_mul + 0: return mul_partial0(a, b, out, result);
    case 3 * RULE_mul + 1: return mul_partial1(a, b, out, result);
    case 3 * RULE_div + 0: return div_partial0(a, b, out, result);
    case 3 * RULE_div + 1: return div_partial1(a, b, out, result);
    case 3 * RULE_pow + 0: return pow_partial0(a, b, out, result);
    case 3 * RULE_pow + 1: return pow_partial1(a, b, out, result);
    case 3 * RULE_neg + 0: return neg_partial0(a, out, result);
    case 3 * RULE_pos + 0: return pos_partial0(a, out, result);
    case 3 * RULE_abs + 0: return abs_partial0(a, out, result);
    case 3 * RULE_sign + 0: return sign_partial0(a, out, result);
    case 3 * RULE_exp + 0: return exp_partial0(a, out, result);
    case 3 * RULE_exp2 + 0: return exp2_partial0(a, out, result);
    case 3 * RULE_expm1 + 0: return expm1_partial0(a, out, result);
    case 3 * RULE_log + 0: return log_partial0(a, out, result);
    case 3 * RULE_log1p + 0: return log1p_partial0(a, out, result);
    case 3 * RULE_log2 + 0: return log2_partial0(a, out, result);
    case 3 * RULE_log10 + 0: return log10_partial0(a, out, result);
    case 3 * RULE_sqrt + 0: return sqrt_partial0(a, out, result);
    case 3 * RULE_cbrt + 0: return cbrt_partial0(a, out, result);
    case 3 * RULE_sin + 0: return sin_partial0(a, out, result);
    case 3 * RULE_cos + 0: return cos_partial0(a, out, result);
    case 3 * RULE_tan + 0: return tan_partial0(a, out, result);
    case 3 * RULE_asin + 0: return asin_partial0(a, out, result);
    case 3 * RULE_acos + 0: return acos_partial0(a, out, result);
    case 3 * RULE_asin_slope + 0: return asin_slope_partial0(a, out, result);
    case 3 * RULE_atan + 0: return atan_partial0(a, out, result);
    case 3 * RULE_atan2 + 0: return atan2_partial0(a, b, out, result);
    case 3 * RULE_atan2 + 1: return atan2_partial1(a, b, out, result);
    case 3 * RULE_atan2_slope + 0: return atan2_slope_partial0(a, b, out, result);
    case 3 * RULE_atan2_slope + 1: return atan2_slope_partial1(a, b, out, result);
    case 3 * RULE_hypot + 0: return hypot_partial0(a, b, out, result);
    case 3 * RULE_hypot + 1: return hypot_partial1(a, b, out, result);
    case 3 * RULE_sinh + 0: return sinh_partial0(a, out, result);
    case 3 * RULE_cosh + 0: return cosh_partial0(a, out, result);
    case 3 * RULE_tanh + 0: return tanh_partial0(a, out, result);
    case 3 * RULE_tanh_slope + 0: return tanh_slope_partial0(a, out, result);
    case 3 * RULE_asinh + 0: return asinh_partial0(a, out, result);
    case 3 * RULE_acosh + 0: return acosh_partial0(a, out, result);
    case 3 * RULE_atanh + 0: return atanh_partial0(a, out, result);
    case 3 * RULE_sigmoid + 0: return sigmoid_partial0(a, out, result);
    case 3 * RULE_sigmoid_slope + 0: return sigmoid_slope_partial0(a, out, result);
    case 3 * RULE_relu + 0: return relu_partial0(a, out, result);
    case 3 * RULE_leaky_relu + 0: return leaky_relu_partial0(a, b, out, result);
    case 3 * RULE_leaky_relu + 1: return leaky_relu_partial1(a, b, out, result);
    case 3 * RULE_elu + 0: return elu_partial0(a, b, out, result);
    case 3 * RULE_elu + 1: return elu_partial1(a, b, out, result);
    case 3 * RULE_gelu + 0: return gelu_partial0(a, out, result);
    case 3 * RULE_silu + 0: return silu_partial0(a, out, result);
    case 3 * RULE_softplus + 0: return softplus_partial0(a, out, result);
    case 3 * RULE_step + 0: return step_partial0(a, out, result);
    case 3 * RULE_erf + 0: return erf_partial0(a, out, result);
    case 3 * RULE_erfc + 0: return erfc_partial0(a, out, result);
    case 3 * RULE_gaussian + 0: return gaussian_partial0(a, out, result);
    case 3 * RULE_floor + 0: return floor_partial0(a, out, result);
    case 3 * RULE_ceil + 0: return ceil_partial0(a, out, result);
    case 3 * RULE_floor_divide + 0: return floor_divide_partial0(a, b, out, result);
    case 3 * RULE_floor_divide + 1: return floor_divide_partial1(a, b, out, result);
    case 3 * RULE_mod + 0: return mod_partial0(a, b, out, result);
    case 3 * RULE_mod + 1: return mod_partial1(a, b, out, result);
    case 3 * RULE_maximum + 0: return maximum_partial0(a, b, out, result);
    case 3 * RULE_maximum + 1: return maximum_partial1(a, b, out, result);
    case 3 * RULE_minimum + 0: return minimum_partial0(a, b, out, result);
    case 3 * RULE_minimum + 1: return minimum_partial1(a, b, out, result);
    case 3 * RULE_clip + 0: return clip_partial0(a, b, c, out, result);
    case 3 * RULE_clip + 1: return clip_partial1(a, b, c, out, result);
    case 3 * RULE_clip + 2: return clip_partial2(a, b, c, out, result);
    case 3 * RULE_greater + 0: return greater_partial0(a, b, out, result);
    case 3 * RULE_greater + 1: return greater_partial1(a, b, out, result);
    case 3 * RULE_where + 0: return where_partial0(a, b, c, out, result);
    case 3 * RULE_where + 1: return where_partial1(a, b, c, out, result);
    case 3 * RULE_where + 2: return where_partial2(a, b, c, out, result);
    case 3 * RULE_chosen + 0: return chosen_partial0(a, b, out, result);
    case 3 * RULE_chosen + 1: return chosen_partial1(a, b, out, result);
    case 3 * RULE_stop_gradient + 0: return stop_gradient_partial0(a, out, result);
    case 3 * RULE_logaddexp + 0: return logaddexp_partial0(a, b, out, result);
    case 3 * RULE_logaddexp + 1: return logaddexp_partial1(a, b, out, result);
    }
    return 0;
}

static inline int forward_of_list(int rule, const double *a, Py_ssize_t n, double *space, double *result)
{
    switch (rule) {
    case RULE_sum: return sum_forward(a, n, space, result);
    case RULE_dot: return dot_forward(a, n, space, result);
    case RULE_max: return max_forward(a, n, space, result);
    case RULE_min: return min_forward(a, n, space, result);
    case RULE_logsumexp: return logsumexp_forward(a, n, space, result);
    case RULE_cross_entropy: return cross_entropy_forward(a, n, space, result);
    case RULE_log_excess: return log_excess_forward(a, n, space, result);
    }
    return 0;
}

static inline int partials_of_list(int rule, const double *a, Py_ssize_t n, double out, double *space, double *result)
{
    switch (rule) {
    case RULE_sum: return sum_partials(a, n, out, space, result);
    case RULE_dot: return dot_partials(a, n, out, space, result);
    case RULE_max: return max_partials(a, n, out, space, result);
    case RULE_min: return min_partials(a, n, out, space, result);
    case RULE_logsumexp: return logsumexp_partials(a, n, out, space, result);
    case RULE_cross_entropy: return cross_entropy_partials(a, n, out, space, result);
    case RULE_log_excess: return log_excess_partials(a, n, out, space, result);
    }
    return 0;
}
