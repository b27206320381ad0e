#include "compiler/codegen/math.h"

namespace gradus::codegen::math {

namespace {

// x + x q(x²), for |x| < 1.
Lane erf_small(Lane x) {
  const Lane z = x * x;
  const Lane q =
      x.is_double()
          ? polynomial(z, {0.12837916709551257, -0.37612638903183748, 0.11283791670954879,
                           -0.026866170645076793, 0.0052239776248180145, -0.00085483269808337899,
                           0.00012055331111642711, -1.4925595266831182e-5, 1.6461000484121368e-6,
                           -1.6350312701054695e-7, 1.4659775274047436e-8, -1.1372848856791674e-9,
                           5.9571761477489114e-11})
          : polynomial(z, {0.128379166, -0.376126267, 0.112835947, -0.026854212, 0.00518908742,
                           -0.000801686429, 7.87587506e-5});
  return x + x * q;
}

// e^(t²) erfc(t), smooth in (t − 2)/(t + 2).
Lane erfc_scaled(Lane t) {
  const Lane u = (t - 2) / (t + 2);
  return t.is_double()
             ? polynomial(u, {0.25539567631050572, -0.42718584741395849, 0.24165819424248763,
                              -0.078978581015712694, 0.0037328924016564481, 0.0069974617392005747,
                              -0.00084714312294153334, -0.00098197711147407153,
                              4.3552653598178828e-5, 0.00017436477257256737, 2.7560352756678313e-5,
                              -2.7640727821912854e-5, -1.4166339069117108e-5, 1.859427387429402e-6,
                              4.1463021832684877e-6, -2.2281295763723502e-7})
             : polynomial(u, {0.255395676, -0.42718599, 0.241658202, -0.0789683061, 0.00373237176,
                              0.00681114013, -0.000837975439});
}

}  // namespace

Lane erf(Lane x) {
  const Lane positive = absolute(x);
  const double end = x.is_double() ? 6 : 4;  // from there it is 1
  const Lane t = select(positive > end, end, positive);
  const Lane large = 1 - exp(-(t * t)) * erfc_scaled(t);
  return select(positive < 1, erf_small(x), copy_sign(large, x));
}

}  // namespace gradus::codegen::math
