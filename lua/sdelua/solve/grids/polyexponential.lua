return {
  doc = "log sigma falls like a power rho of what is left of the steps.",
  source = "k-diffusion's get_sigmas_polyexponential",
  space = "sigma", options = { rho = 1 },
  make = function(n, hi, lo, o)
    local list = {}
    for i = 0, n do list[i + 1] = lo * (hi / lo) ^ ((1 - i / math.max(n, 1)) ^ o.rho) end
    return list
  end,
}
