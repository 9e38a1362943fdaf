/* The primitives of tapes, written by autograd.native.generate. */

#define UNARY(X) \
    X(abs) \
    X(exp) \
    X(exp2) \
    X(expm1) \
    X(log) \
    X(log1p) \
    X(log2) \
    X(log10) \
    X(sqrt) \
    X(cbrt) \
    X(sin) \
    X(cos) \
    X(tan) \
    X(asin) \
    X(acos) \
    X(asin_slope) \
    X(atan) \
    X(sinh) \
    X(cosh) \
    X(tanh) \
    X(tanh_slope) \
    X(asinh) \
    X(acosh) \
    X(atanh) \
    X(sigmoid) \
    X(sigmoid_slope) \
    X(softplus) \
    X(step) \
    X(erf) \
    X(erfc) \
    X(gaussian) \
    X(lgamma) \
    X(floor) \
    X(ceil) \
    X(stop_gradient)

#define BINARY(X) \
    X(pow) \
    X(atan2) \
    X(atan2_slope) \
    X(hypot) \
    X(cosine) \
    X(floor_divide) \
    X(mod) \
    X(maximum) \
    X(minimum) \
    X(greater) \
    X(logaddexp)

#define TERNARY(X) \
    X(where)

#define UNARY_AT(X) \
    X(sinc_derivative) \
    X(polygamma)

#define BINARY_AT(X) \
    X(pow_derivative)

#define LISTED(X) \
    X(sum) \
    X(dot) \
    X(max) \
    X(min) \
    X(logsumexp)
