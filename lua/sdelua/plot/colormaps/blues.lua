return {
  doc = "Colours: white to dark blue: what is rare stays paper.",
  colors = { "#ffffff", "#d3e5f3", "#94c3e2", "#4b97cb", "#1666ac", "#0b3a78", "#071f48" },
}
