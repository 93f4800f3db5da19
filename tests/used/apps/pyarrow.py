import pandas

frame = pandas.DataFrame({"number": range(1000), "text": [str(n) for n in range(1000)]})
frame.to_parquet("frame.parquet")
print(pandas.read_parquet("frame.parquet").equals(frame))
