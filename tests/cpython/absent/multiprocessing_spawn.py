"""Stands in for the folder of this name: CPython 3.11 and 3.12 don't install it, only the tests that it collects."""

from test._test_multiprocessing import install_tests_in_module_dict

install_tests_in_module_dict(globals(), "spawn")
