import openpyxl

book = openpyxl.Workbook()
book.active.append(["one", 2])
book.save("book.xlsx")
print([cell.value for cell in openpyxl.load_workbook("book.xlsx").active[1]])
