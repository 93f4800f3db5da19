import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot

pyplot.plot([1, 3, 2], label="line")
pyplot.legend()
pyplot.savefig("plot.png")
pyplot.savefig("plot.pdf")
with open("plot.png", "rb") as file:
    print(file.read(4))
