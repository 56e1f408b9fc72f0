"""The part of the build that pyproject.toml cannot say: the C core."""

from setuptools import setup

setup(
    cffi_modules=["pypicotrace/_build.py:ffibuilder"],
    # One module for every Python from 3.10 on.
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
)
