#include "base/ctx.h"

#include <Random123/philox.h>

void sl_philox(const sl_key *key, uint32_t block, uint32_t out[4]) {
  philox4x32_ctr_t counter = {{block, key->draw, (uint32_t)key->index,
                               (uint32_t)key->stream | (uint32_t)(key->index >> 32) << 8}};
  philox4x32_key_t seed = {{(uint32_t)key->seed, (uint32_t)(key->seed >> 32)}};
  philox4x32_ctr_t r = philox4x32_R(10, counter, seed);
  for (int i = 0; i < 4; i++) out[i] = r.v[i];
}

void sl_manual_seed(sl_ctx *c, uint64_t seed) { sl_rng_set(c, (sl_rng){.seed = seed}); }

sl_rng sl_rng_get(const sl_ctx *c) { return c->rng; }

void sl_rng_set(sl_ctx *c, sl_rng state) {
  c->rng = state;
  c->train_index = state.seen;
  c->train_draw = 0;
}

void sl_train_batch(sl_ctx *c, int64_t n) {
  c->train_index = c->rng.seen;
  c->rng.seen += (uint64_t)n;
  c->train_draw = 0;
}

/* Only TRAIN, INIT and USER count their draws; the callers of the others bring
   index and draw of their own. */
sl_key sl_key_next(sl_ctx *c, sl_stream stream) {
  sl_key key = {.seed = c->rng.seed, .stream = stream};
  if (stream == SL_STREAM_TRAIN) {
    key.index = c->train_index;
    key.draw = c->train_draw++;
  } else {
    key.draw = stream == SL_STREAM_INIT ? c->rng.init_draw++ : c->rng.user_draw++;
  }
  return key;
}

uint32_t sl_train_draw(const sl_ctx *c) { return c->train_draw; }
void sl_train_draw_set(sl_ctx *c, uint32_t draw) { c->train_draw = draw; }
