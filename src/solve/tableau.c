#include "sdelua/solve.h"

#include <string.h>

/* Hairer, Nørsett & Wanner 1993, II; e is b minus the lower order's weights. */
const sl_tableau sl_tableaus[] = {
    {.name = "euler", .stages = 1, .order = 1, .b = {1}},
    {.name = "midpoint", .stages = 2, .order = 2, .a = {{0}, {1. / 2}}, .b = {0, 1}, .c = {0, 1. / 2}},
    {.name = "heun", .stages = 2, .order = 2, .a = {{0}, {1}}, .b = {1. / 2, 1. / 2}, .c = {0, 1}},
    {.name = "rk4",
     .stages = 4,
     .order = 4,
     .a = {{0}, {1. / 2}, {0, 1. / 2}, {0, 0, 1}},
     .b = {1. / 6, 1. / 3, 1. / 3, 1. / 6},
     .c = {0, 1. / 2, 1. / 2, 1}},
    {.name = "bosh3", /* Bogacki & Shampine 1989 */
     .stages = 4,
     .order = 3,
     .a = {{0}, {1. / 2}, {0, 3. / 4}, {2. / 9, 1. / 3, 4. / 9}},
     .b = {2. / 9, 1. / 3, 4. / 9, 0},
     .c = {0, 1. / 2, 3. / 4, 1},
     .e = {-5. / 72, 1. / 12, 1. / 9, -1. / 8}},
    {.name = "dopri5", /* Dormand & Prince 1980 */
     .stages = 7,
     .order = 5,
     .a = {{0},
           {1. / 5},
           {3. / 40, 9. / 40},
           {44. / 45, -56. / 15, 32. / 9},
           {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
           {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
           {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}},
     .b = {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84, 0},
     .c = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1},
     .e = {71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40}},
    {.name = NULL},
};

const sl_tableau *sl_tableau_find(const char *name) {
  for (const sl_tableau *t = sl_tableaus; t->name; t++)
    if (!strcmp(t->name, name)) return t;
  return NULL;
}
