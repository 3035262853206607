return {
  doc = "Peak signal-to-noise ratio of images x against y, pair by pair, 20 log10 of range over the root of the mean "
    .. "squared error, in decibels: the mean over the images. range is that of the values, 2 for [-1, 1].",
  source = "Huynh-Thu & Ghanbari 2008; scikit-image's skimage/metrics/simple_metrics.py",
  options = { range = 2.0 },
  each = function(o, x, y)
    local error = (x - y):square():reshape({ x:shape(1), -1 }):mean(2)
    return (error:clamp(1e-30, math.huge) / o.range ^ 2):log() * (-10 / math.log(10))
  end,
}
