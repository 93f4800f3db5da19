import joblib


def double(number):
    return 2 * number


memory = joblib.Memory("cache", verbose=0)
if __name__ == "__main__":
    print(joblib.Parallel(n_jobs=2)(joblib.delayed(double)(n) for n in range(4)), memory.cache(double)(4))
