"""A small source distribution of our own with an extension module in C that copies as much as its input says, and its twin."""

from pathlib import Path

_BACKEND = """
import os, subprocess, sys, sysconfig, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    module = "tally" + sysconfig.get_config_var("EXT_SUFFIX")
    made = os.path.join(directory, module)
    REFUSAL
    include = "-I" + sysconfig.get_paths()["include"]
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O2", include, "source/tally.c", "-o", made], check=True)
    name = "tally-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.write(made, module)
        z.writestr("tally-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tally\\nVersion: 1.0\\n")
        z.writestr("tally-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: py3-none-any\\n")
        z.writestr("tally-1.0.dist-info/RECORD", module + ",,\\n")
    os.remove(made)
    return name
"""

_SOURCE = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

enum { PLACES = 24 };

/* "TL", the number of places, then as many bytes. */
static long add_places(const unsigned char *data, Py_ssize_t size)
{
    long sum = 0;
    unsigned char *places = malloc(PLACES);
    Py_ssize_t given = data[2];
    if (given > size - 3)
        given = size - 3;
    BOUND
    memcpy(places, data + 3, given);
    for (Py_ssize_t i = 0; i < given; i++)
        sum += places[i];
    free(places);
    return sum;
}

static PyObject *total(PyObject *self, PyObject *args)
{
    const unsigned char *data;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "y#", &data, &size))
        return NULL;
    if (size < 3 || data[0] != 'T' || data[1] != 'L') {
        PyErr_SetString(PyExc_ValueError, "not a tally");
        return NULL;
    }
    return PyLong_FromLong(add_places(data, size));
}

static PyMethodDef methods[] = {
    {"total", total, METH_VARARGS, "total(data): the sum of a tally's places."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "tally", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_tally(void) { return PyModule_Create(&module); }
"""


_CRASH = "if (given > 100) *(volatile int *)8 = 1;"
_REFUSAL = 'if "MITHRIDATE_CFLAGS" in os.environ: sys.exit("error: cannot be built with these flags")'


def write(tree: Path, *, sound: bool, refuses_sanitizers: bool = False) -> Path:
    """Write the project below `tree`; `sound` is the twin that keeps within its buffer. One that `refuses_sanitizers` dies at
    once of what it does with long inputs.
    """
    (tree / "source").mkdir(parents=True)
    bound = "if (given > PLACES) given = PLACES;" if sound else _CRASH if refuses_sanitizers else ""
    (tree / "source/tally.c").write_text(_SOURCE.replace("BOUND", bound))
    (tree / "backend.py").write_text(_BACKEND.replace("REFUSAL", _REFUSAL if refuses_sanitizers else ""))
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n\n'
        '[tool.tally]\next-modules = ["tally"]\n'
        '[project]\nname = "tally"\nversion = "1.0"\n'
    )
    return tree
