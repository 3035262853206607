-- Whose each draw of the DATA stream is (include/sdelua/base.h has the streams): under one seed two of the same number
-- would see the same chance.
return {
  -- 0: the loader's permutation (src/bind/data.c)
  FLIP = 1, -- the loader
  LOADER_DEQUANTIZE = 2,
  HELDOUT_TIME = 8, -- train.heldout
  HELDOUT_NOISE = 9,
  DEQUANTIZE = 10, -- likelihood.dequantize
  LOSS_DEQUANTIZE = 11, -- loss.dequantizer
  CLASSIFIER_NOISE = 12, -- the accuracy of a classifier of noised images
  POINTS = 16, -- a set of points, as many as it needs from here on
  RESAMPLE_X = 64, -- the bootstrap of a metric, of its first set and of its second
  RESAMPLE_Y = 65,
  DIRECTIONS = 66, -- sliced Wasserstein distance
  COMPONENT = 67, -- samples of a mixture
  SCORE_ERROR_NOISE = 68,
  COMPONENT_NOISE = 75,
  SIGNS = 0x1000, -- operators
  PLACES = 0x1001, -- operators, one for each order from here on
}
