"""What the sample is made of: the cast, the plot, and writers for each kind of file."""
