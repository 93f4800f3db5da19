"""Has every module of many distributions imported under the guard, and keeps what each of them reached for."""
