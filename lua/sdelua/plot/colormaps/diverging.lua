return {
  doc = "Colours: blue, near white, red: for what has a sign, over a range that is as wide below zero as above.",
  colors = { "#1f3f7d", "#3f77b8", "#97bddc", "#f4f3f1", "#e6ab8c", "#c35a44", "#7c1f2c" },
}
