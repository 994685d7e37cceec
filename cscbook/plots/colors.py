"""The same object has the same colour in the whole book."""

COLORS = {  # readable in grey and to the colour-blind [Okabe & Ito, 2008]
    "truth": "#000000",
    "noisy": "#999999",
    "code": "#0072B2",
    "bound": "#D55E00",
    "omp": "#009E73",
    "bp": "#0072B2",
    "thresholding": "#CC79A7",
    "ksvd": "#D55E00",
    "dct": "#56B4E9",
    "other": "#999999",
}
