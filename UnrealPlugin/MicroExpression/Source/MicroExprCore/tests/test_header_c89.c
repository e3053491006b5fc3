/* The header compiles as C89, its macro works there, and a C program can use the library. */
#include <stdio.h>

#include "microexpr_core.h"

int main(void) {
  microexpr_key keys[2];
  microexpr_curve curve;
  float times[3] = {0.0f, 0.5f, 1.0f};
  float values[3] = {9.0f, 9.0f, 9.0f};
  memset(keys, 0, sizeof keys);
  keys[1].time = 1.0f;
  keys[1].value = 4.0f;
  MICROEXPR_INIT(&curve);
  curve.keys = keys;
  curve.key_count = 2;
  curve.pre_infinity = MICROEXPR_RCCE_CONSTANT;
  curve.post_infinity = MICROEXPR_RCCE_CONSTANT;
  if (microexpr_curve_evaluate(&curve, 0.0f, times, values, 3) != MICROEXPR_OK) return 1;
  if (values[0] != 0.0f || values[1] != 2.0f || values[2] != 4.0f) return 2;
  if (strcmp(microexpr_status_string(MICROEXPR_OK), "ok") != 0) return 3;
  if (strcmp(microexpr_status_string(12345), "unknown status") != 0) return 4;
  printf("%s\n", microexpr_version());
  return 0;
}
