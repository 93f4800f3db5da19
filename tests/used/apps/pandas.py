import pandas

frame = pandas.DataFrame({"key": ["a", "b", "a"], "value": [1, 2, 3]})
frame.to_csv("frame.csv", index=False)
print(pandas.read_csv("frame.csv").groupby("key").value.sum().to_dict())
