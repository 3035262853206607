local log, exp = math.log, math.exp

return {
  doc = "DPM-Solver++(2M): exponential Adams steps of second order on the estimate of the data.",
  source = "Lu et al. 2022b, algorithm 2; k-diffusion's sample_dpmpp_2m",
  order = 2, cost = 1, space = "sigma", steps = 20,
  step = function(_, run)
    local D, old = run:denoised(run.x, run.sigma), run.memory.D
    local h, h_old = log(run.sigma / run.sigma_next), run.memory.h
    run.memory.D, run.memory.h = D, h
    if old and run.sigma_next > 0 then
      local r = h_old / h
      D = D * (1 + 0.5 / r) - old * (0.5 / r)
    end
    return run.x * exp(-h) + D * (1 - exp(-h))
  end,
}
