return {
  doc = "Colours: dark violet, blue, green, yellow: evenly lighter, also without red-green vision.",
  source = "Smith & van der Walt 2015: nine of its colours",
  colors = {
    "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725",
  },
}
