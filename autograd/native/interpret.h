/* The interpreter of a tape, for LANES examples at once: included once for each width.

   An instruction is a code, the place of its result and those of its operands, in a
   stream of whole numbers. A place has LANES numbers; as many as the processor takes at
   once are a NUMBER. A result may lie where one of the operands did: each number is
   read before it is written. */

#define PARTS (LANES * sizeof(double) / sizeof(NUMBER))
#define AT(k) (w + (size_t)at[k] * LANES)
#define PART for (size_t part = 0; part < PARTS; part++)
#define IN(k) ((const NUMBER *)AT(k))[part]
#define OUT ((NUMBER *)AT(1))[part]
#define LANE SIDE_BY_SIDE for (int l = 0; l < LANES; l++)

/* Functions, on each lane */

#define OF(name) PASTED(name##_in, INTERPRET)
#define DEFINE_UNARY(name)                                                             \
    TARGET static void OF(name)(double *out, const double *a)                          \
    {                                                                                  \
        LANE out[l] = name##_(a[l]);                                                   \
    }
#define DEFINE_BINARY(name)                                                            \
    TARGET static void OF(name)(double *out, const double *a, const double *b)         \
    {                                                                                  \
        LANE out[l] = name##_(a[l], b[l]);                                             \
    }
#define DEFINE_TERNARY(name)                                                           \
    TARGET static void OF(name)(double *out, const double *a, const double *b,         \
                                const double *c)                                       \
    {                                                                                  \
        LANE out[l] = name##_(a[l], b[l], c[l]);                                       \
    }
UNARY(DEFINE_UNARY)
BINARY(DEFINE_BINARY)
TERNARY(DEFINE_TERNARY)

#if LANES == 1

TARGET static void OF(sines_and_cosines)(double *sine, double *cosine, const double *a)
{
    double x = a[0];
    sine[0] = sin(x);
    cosine[0] = cos(x);
}

#define SINES(out, a) OF(sin)(out, a)
#define COSINES(out, a) OF(cos)(out, a)

#else

/* Sines and cosines, as many at once as there are in a NUMBER, to less than a unit of
   the last digit: of numbers below 2^17, and not so near to a multiple of π/2 that digits
   are lost. All others are left to the C library.

   With the nearest multiple n π/2 taken away, which is so in three parts of which the
   products with n are exact but for the last, it is the Taylor series of r, |r| < π/4,
   with r = high + low. */
TARGET static void OF(sines_and_cosines)(double *sine, double *cosine, const double *a)
{
    typedef __typeof__((NUMBER){0} == (NUMBER){0}) BITS;
#define MAGNITUDE(x) ((NUMBER)((BITS)(x) & INT64_MAX))
#define CHOSEN(where, x, y) ((NUMBER)(((BITS)(x) & (where)) | ((BITS)(y) & ~(where))))
    const double turns = 0x1.45f306dc9c883p-1; /* 2/π */
    const double parts[3] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2e037073p-69};
    const double whole = 0x1.8p52; /* what it is added to keeps no digits after the point */
    double numbers[LANES];
    BITS far = (NUMBER){0} != 0.0;
    memcpy(numbers, a, sizeof(numbers));
    PART
    {
        NUMBER x = ((const NUMBER *)a)[part];
        NUMBER shifted = x * turns + whole, n = shifted - whole;
        NUMBER first = x - n * parts[0], taken = n * parts[1];
        NUMBER rest = first - taken, back = first - rest;
        NUMBER last = ((first - (rest + back)) + (back - taken)) - n * parts[2];
        NUMBER high = CHOSEN(n == 0.0, x, rest + last), low = (rest - high) + last;
        far |= ~(MAGNITUDE(x) < 131072.0) | ((MAGNITUDE(high) < 1e-6) & (n != 0.0));

        NUMBER z = high * high, half = 0.5 * z, one = 1.0 - half;
        NUMBER odd = z * (1.0 / 355687428096000.0) - 1.0 / 1307674368000.0;
        odd = odd * z + 1.0 / 6227020800.0;
        odd = odd * z - 1.0 / 39916800.0;
        odd = odd * z + 1.0 / 362880.0;
        odd = odd * z - 1.0 / 5040.0;
        odd = odd * z + 1.0 / 120.0;
        odd = odd * z - 1.0 / 6.0;
        NUMBER even = 1.0 / 20922789888000.0 - z * (1.0 / 6402373705728000.0);
        even = even * z - 1.0 / 87178291200.0;
        even = even * z + 1.0 / 479001600.0;
        even = even * z - 1.0 / 3628800.0;
        even = even * z + 1.0 / 40320.0;
        even = even * z - 1.0 / 720.0;
        even = even * z + 1.0 / 24.0;
        NUMBER s = high + (high * z * odd + low * one);
        s = CHOSEN(high == 0.0, high, s); /* a zero keeps its sign */
        NUMBER c = one + (((1.0 - one) - half) + (z * z * even - high * low));

        BITS quarter = (BITS)shifted, turned = (quarter & 1) != 0;
        BITS below = ((quarter & 2) != 0) & INT64_MIN;
        BITS left = (((quarter + 1) & 2) != 0) & INT64_MIN;
        ((NUMBER *)sine)[part] = (NUMBER)((BITS)CHOSEN(turned, c, s) ^ below);
        ((NUMBER *)cosine)[part] = (NUMBER)((BITS)CHOSEN(turned, s, c) ^ left);
    }
    int some_far = 0;
    for (size_t k = 0; k < LANES / PARTS; k++)
        some_far |= far[k] != 0;
    for (int l = 0; some_far && l < LANES; l++) {
        double x = numbers[l];
        sine[l] = sin(x);
        cosine[l] = cos(x);
    }
#undef MAGNITUDE
#undef CHOSEN
}

#define SINES(out, a)                                                                  \
    do {                                                                               \
        NUMBER unused[PARTS];                                                          \
        OF(sines_and_cosines)(out, (double *)unused, a);                               \
    } while (0)
#define COSINES(out, a)                                                                \
    do {                                                                               \
        NUMBER unused[PARTS];                                                          \
        OF(sines_and_cosines)((double *)unused, out, a);                               \
    } while (0)

#endif

#ifdef __GNUC__
#define OP(name) on_##name:
#define NEXT(words)                                                                    \
    do {                                                                               \
        at += (words);                                                                 \
        goto *labels[at[0]];                                                           \
    } while (0)
#else
#define OP(name) case op_##name:
#define NEXT(words)                                                                    \
    do {                                                                               \
        at += (words);                                                                 \
        goto next;                                                                     \
    } while (0)
#endif

TARGET static void INTERPRET(const int32_t *at, double *w, double *list)
{
#ifdef __GNUC__
    static const void *const labels[] = {
        GIVEN(LABEL)
        LABEL(long_sum) LABEL(long_dot) LABEL(sum_of_3) LABEL(dot_of_2)
        LABEL(dot_of_3) LABEL(sin_and_cos) LABEL(sines) LABEL(cosines)
        PAIRS(LABEL_OF_PAIR) CHAINS(LABEL_OF_CHAIN) FORKS(LABEL_OF_FORK)
        LABEL(end)
    };
    goto *labels[at[0]];
#else
next:
    switch (at[0]) {
#endif

#define ON_UNARY(name)                                                                 \
    OP(name)                                                                           \
    {                                                                                  \
        OF(name)(AT(1), AT(2));                                                        \
        NEXT(3);                                                                       \
    }
    UNARY(ON_UNARY)

#define ON_BINARY(name)                                                                \
    OP(name)                                                                           \
    {                                                                                  \
        OF(name)(AT(1), AT(2), AT(3));                                                 \
        NEXT(4);                                                                       \
    }
    BINARY(ON_BINARY)

#define ON_TERNARY(name)                                                               \
    OP(name)                                                                           \
    {                                                                                  \
        OF(name)(AT(1), AT(2), AT(3), AT(4));                                          \
        NEXT(5);                                                                       \
    }
    TERNARY(ON_TERNARY)

    OP(neg)
    {
        PART OUT = -IN(2);
        NEXT(3);
    }

#define ON_ARITHMETIC(name)                                                            \
    OP(name)                                                                           \
    {                                                                                  \
        PART OUT = name##_(IN(2), IN(3));                                              \
        NEXT(4);                                                                       \
    }
    ARITHMETIC(ON_ARITHMETIC)

#define ON_UNARY_AT(name)                                                              \
    OP(name)                                                                           \
    {                                                                                  \
        double *out = AT(1);                                                           \
        const double *a = AT(2);                                                       \
        for (int l = 0; l < LANES; l++)                                                \
            out[l] = name##_(a[l], at[3]);                                            \
        NEXT(4);                                                                       \
    }
    UNARY_AT(ON_UNARY_AT)

#define ON_BINARY_AT(name)                                                             \
    OP(name)                                                                           \
    {                                                                                  \
        double *out = AT(1);                                                           \
        const double *a = AT(2), *b = AT(3);                                           \
        for (int l = 0; l < LANES; l++)                                                \
            out[l] = name##_(a[l], b[l], at[4], at[5]);                               \
        NEXT(6);                                                                       \
    }
    BINARY_AT(ON_BINARY_AT)

#define ON_LISTED(name)                                                                \
    OP(name)                                                                           \
    {                                                                                  \
        int n = at[2];                                                                 \
        double *out = AT(1);                                                           \
        for (int l = 0; l < LANES; l++) {                                              \
            for (int k = 0; k < n; k++)                                                \
                list[k] = AT(3 + k)[l];                                                \
            list[n + l] = name##_(list, n);                                            \
        }                                                                              \
        for (int l = 0; l < LANES; l++)                                                \
            out[l] = list[n + l];                                                     \
        NEXT(3 + n);                                                                   \
    }
    LISTED(ON_LISTED)

    /* Sums, in the order in which Python adds up */

    OP(long_sum)
    {
        NUMBER total[PARTS] = {0}, lost[PARTS] = {0};
        int n = at[2];
        for (int k = 3; k < 3 + n; k++)
            PART ADD_TO(total[part], lost[part], IN(k));
        PART OUT = WHOLE(total[part], lost[part]);
        NEXT(3 + n);
    }

    OP(long_dot)
    {
        NUMBER total[PARTS] = {0}, lost[PARTS] = {0};
        int n = at[2];
        for (int k = 3; k < 3 + n; k++)
            PART ADD_TO(total[part], lost[part], IN(k) * IN(k + n));
        PART OUT = WHOLE(total[part], lost[part]);
        NEXT(3 + 2 * n);
    }

    OP(sum_of_3)
    {
        NUMBER total[PARTS] = {0}, lost[PARTS] = {0};
        PART ADD_TO(total[part], lost[part], IN(2));
        PART ADD_TO(total[part], lost[part], IN(3));
        PART ADD_TO(total[part], lost[part], IN(4));
        PART OUT = WHOLE(total[part], lost[part]);
        NEXT(5);
    }

    OP(dot_of_2) /* nothing is lost */
    {
        PART OUT = (0.0 + IN(2) * IN(4)) + IN(3) * IN(5);
        NEXT(6);
    }

    OP(dot_of_3)
    {
        NUMBER total[PARTS] = {0}, lost[PARTS] = {0};
        PART ADD_TO(total[part], lost[part], IN(2) * IN(5));
        PART ADD_TO(total[part], lost[part], IN(3) * IN(6));
        PART ADD_TO(total[part], lost[part], IN(4) * IN(7));
        PART OUT = WHOLE(total[part], lost[part]);
        NEXT(8);
    }

    /* Several operations, of which the last alone has a place */

    OP(sin_and_cos)
    {
        OF(sines_and_cosines)(AT(1), AT(2), AT(3));
        NEXT(4);
    }

    OP(sines)
    {
        SINES(AT(1), AT(2));
        NEXT(3);
    }

    OP(cosines)
    {
        COSINES(AT(1), AT(2));
        NEXT(3);
    }

#define ON_PAIR(p, q)                                                                  \
    OP(p##_##q)                                                                        \
    {                                                                                  \
        PART OUT = q##_(p##_(IN(2), IN(3)), IN(4));                                    \
        NEXT(5);                                                                       \
    }
    PAIRS(ON_PAIR)

#define ON_CHAIN(p, q, r)                                                              \
    OP(p##_##q##_##r)                                                                  \
    {                                                                                  \
        PART OUT = r##_(q##_(p##_(IN(2), IN(3)), IN(4)), IN(5));                       \
        NEXT(6);                                                                       \
    }
    CHAINS(ON_CHAIN)

#define ON_FORK(p, q, r)                                                               \
    OP(r##_of_##p##_##q)                                                               \
    {                                                                                  \
        PART OUT = r##_(p##_(IN(2), IN(3)), q##_(IN(4), IN(5)));                       \
        NEXT(6);                                                                       \
    }
    FORKS(ON_FORK)

    OP(end) return;

#ifndef __GNUC__
    }
#endif
}

#undef PARTS
#undef PART
#undef AT
#undef IN
#undef OUT
#undef LANE
#undef OF
#undef SINES
#undef COSINES
#undef DEFINE_UNARY
#undef DEFINE_BINARY
#undef DEFINE_TERNARY
#undef OP
#undef NEXT
#undef ON_UNARY
#undef ON_BINARY
#undef ON_TERNARY
#undef ON_ARITHMETIC
#undef ON_UNARY_AT
#undef ON_BINARY_AT
#undef ON_LISTED
#undef ON_PAIR
#undef ON_CHAIN
#undef ON_FORK
#undef INTERPRET
#undef LANES
#undef NUMBER
#undef WHOLE
#undef TARGET
