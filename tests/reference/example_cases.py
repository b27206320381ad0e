"""What the examples are compared on: small shapes of their data, constants that scale them down, and where it is drawn from.

All is drawn by NumPy's frozen generator RandomState, so that fixtures need to hold results only.
"""
import json
import pathlib
import subprocess
import zlib

import numpy as np

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "examples"

# name: constants, inputs. An input is (kind, shape, …): normal, uniform in [low, high), index below n, or standard: of mean
# 0 and deviation 1, as the example makes it. `file`: what the
# example has as defaults of its inputs, or no inputs at all.
CASES = {
    "two_neurons": ({}, "file"),
    "xor": ({}, {"x": ("normal", (4, 2)), "y": ("index", (4,), 2)}),
    "moons": ({}, {"x": ("normal", (6, 2)), "y": ("index", (6,), 2)}),
    "digits": ({}, {"image": ("uniform", (3, 28, 28), 0, 1), "label": ("index", (3,), 10)}),
    "iris": ({}, {"x": ("standard", (5, 4)), "species": ("index", (5,), 3)}),
    "mnist": ({}, {"image": ("uniform", (3, 28, 28), 0, 255), "label": ("index", (3,), 10)}),
    "logistic_regression": ({}, {"x": ("normal", (7, 2)), "y": ("index", (7,), 2)}),
    "polynomial_regression": ({}, {"horsepower": ("standard", (7,)), "mpg": ("uniform", (7,), 9, 47)}),
    "lenet": ({}, {"image": ("uniform", (2, 28, 28), 0, 255), "label": ("index", (2,), 10)}),
    "convolutional_autoencoder": ({}, {"image": ("uniform", (2, 28, 28), 0, 1), "label": ("index", (2,), 10)}),
    "vae": ({}, {"image": ("uniform", (3, 28, 28), 0, 1), "label": ("index", (3,), 10)}),
    "lstm": ({"time": 7, "units": 6}, {"text": ("index", (3, 8), 11)}),
    "gru": ({"time": 7, "units": 6}, {"text": ("index", (3, 8), 11)}),
    "nanogpt": ({"time": 6, "layers": 2, "heads": 2, "width": 8}, {"text": ("index", (3, 7), 11)}),
    "gpt2": ({"vocab": 13, "time": 6, "layers": 3, "heads": 2, "width": 8}, {"tokens": ("index", (2, 7), 13)}),
    "matrix_factorisation": ({}, "file"),
    "word2vec": ({"width": 4}, {"text": ("index", (6, 5), 11)}),
    "gaussian_process": ({}, "file"),
    "mixture_density": ({}, {"point": ("normal", (7, 2)), "moon": ("index", (7,), 2)}),
    "neural_ode": ({"steps": 4, "width": 5}, {"x": ("normal", (5, 2)), "y": ("index", (5,), 2)}),
    "burgers": ({"places": 5, "times": 4}, "file"),
    "gan": ({"width": 5, "lambda": 10}, {"real_point": ("normal", (6, 2)), "moon": ("index", (6,), 2)}),
    "graph_convolution": ({}, "file"),
    "crf": ({}, "file"),
    "siamese": ({}, {"image": ("uniform", (6, 28, 28), 0, 1), "label": ("index", (6,), 3)}),
    "time_series": ({}, {"passengers": ("uniform", (60,), 100, 600)}),
    "penguins": ({}, {"measures": ("standard", (7, 4)), "island": ("index", (7,), 3), "species": ("index", (7,), 3)}),
}


# Sizes that the data bind, which shapes of parameters speak of.
BOUND = {"vocab": 11}


def settings(name):
    """The options that set the constants of an example."""
    return [f"--set={key}={value}" for key, value in CASES[name][0].items()]


def shapes_of(gradus, name):
    """The shapes of an example's parameters, by name."""
    done = subprocess.run([gradus, "check", "--json", *settings(name), EXAMPLES / f"{name}.grad"], capture_output=True,
                          text=True, check=True)
    return {each["name"]: tuple(eval(str(extent), dict(BOUND)) for extent in each["shape"])
            for each in json.loads(done.stdout)["definitions"] if each["kind"] == "param"}


def draws(*words):
    """A generator of its own for each name."""
    return np.random.RandomState(zlib.crc32("/".join(words).encode()))


def data_of(name):
    """The inputs of an example by name, in f64 and i64; none where the file has them."""
    inputs = CASES[name][1]
    made = {}
    for key, (kind, shape, *limits) in ({} if inputs == "file" else inputs).items():
        random = draws(name, key)
        if kind == "normal":
            made[key] = random.standard_normal(shape)
        elif kind == "standard":
            x = random.standard_normal(shape)
            made[key] = (x - x.mean(0)) / x.std(0)
        elif kind == "uniform":
            made[key] = random.uniform(*limits, shape)
        else:
            made[key] = random.randint(0, limits[0], shape)
            made[key].flat[0] = limits[0] - 1  # the largest occurs, so that the data say the bound
    return made


def weights_of(name, shapes):
    """Weights of these shapes, by parameter; near 0, as weights are."""
    return {key: 0.3 * draws(name, "weights", key).standard_normal(shape) for key, shape in shapes.items()}


def places(shape, most=60):
    """Flat positions of the entries that a fixture holds."""
    size = int(np.prod(shape))
    return np.arange(size) if size <= most else np.sort(draws("places", str(size)).choice(size, most, replace=False))
