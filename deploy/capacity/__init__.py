"""What a city and a province need: inputs with their sources, arithmetic, a simulated rush, and the page of it all."""
