return { doc = "Colours: black to white.", colors = { "#000000", "#ffffff" } }
