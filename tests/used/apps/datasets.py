import datasets

made = datasets.Dataset.from_dict({"number": [1, 2, 3]}).map(lambda row: {"double": 2 * row["number"]})
made.save_to_disk("data")
print(datasets.load_from_disk("data")["double"][:])
