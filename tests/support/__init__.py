"""What tests of every room share: wheels, environments, sinks, a world to attack, and ways to run a program in it."""
