return {
  doc = "Colours: black, violet, red, cream: evenly lighter.",
  source = "Smith & van der Walt 2015: nine of its colours",
  colors = {
    "#000004", "#1c1044", "#4f127b", "#812581", "#b5367a", "#e55964", "#fb8761", "#fec287", "#fcfdbf",
  },
}
