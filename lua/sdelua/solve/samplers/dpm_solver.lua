return require "sdelua.solve.dpm".row("noise", {
  name = "dpm_solver",
  doc = "DPM-Solver of order 1-3 on the predicted noise; steps counts evaluations; method = \"multistep\", "
    .. "\"singlestep\", \"singlestep_fixed\" or \"adaptive\" (rtol, atol); solver_type = \"dpmsolver\", as published, "
    .. "or \"taylor\".",
  source = "Lu et al. 2022a, section 3, appendix C; SDE: Lu et al. 2022b, SDE-DPM-Solver",
})
