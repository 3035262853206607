return require "sdelua.solve.dpm".row("data", {
  name = "dpm_solver_pp",
  doc = "DPM-Solver++ of order 1-3 on the estimate of the data; options as dpm_solver; noise = 1 solves the SDE.",
  source = "Lu et al. 2022b, algorithm 2 (multistep); SDE: SDE-DPM-Solver++ there; dpm-solver's dpm_solver_pytorch.py",
})
