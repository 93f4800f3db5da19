import multiprocess

if __name__ == "__main__":
    with multiprocess.Pool(2) as pool:
        print(pool.map(lambda number: number + 1, range(3)))
