"""cscbook: sparse models of signals, from patches to convolutional sparse coding, as the talk tells it."""

from .arrays import array_namespace, asarray, backend, to_numpy
from .convolution import ConvDictionary, linear_operator
from .dictionary import coherence, dct_dictionary, dct_matrix, dense, normalize, shifted_coherence
from .experiments import phase_transition
from .guarantees import (
    bp_error_bound,
    bp_noise_level,
    local_count,
    margin_bound,
    omp_error_bound,
    omp_noise_level,
    sparsest_error_bound,
    stripe_coherence_level,
    stripe_rip,
    stripe_rip_bound,
    thresholding_level,
    thresholding_noise_level,
    uniqueness_level,
    welch_bound,
)
from .imaging import (
    denoise_csc,
    denoise_dct,
    denoise_ksvd,
    denoise_omp,
    denoise_tv,
    detect,
    inpaint,
    inpaint_tv,
    occurrences,
    patch_filters,
    precision_recall,
    psnr,
    self_dictionary,
    separate,
    superresolve,
    train_superresolution,
)
from .layered import (
    effective,
    forward_pass,
    holistic_pursuit,
    layered,
    layered_basis_pursuit,
    layered_iterative_thresholding,
    layered_thresholding,
    local_sparsities,
    ml_basis_pursuit,
    ml_fista,
    ml_ista,
    ml_objective,
    ml_steps,
    nonnegative,
    positive_parts,
    projection_pursuit,
    refit,
    sweep,
    synthesize,
)
from .layered_guarantees import (
    Layer,
    cover_count,
    dcp_error_bounds,
    dcp_is_unique,
    layered_bp_error_bounds,
    layered_bp_weights,
    layered_thresholding_error_bounds,
    layers_of,
    projection_error_bound,
    sparse_dictionary_bound,
    threshold_interval,
)
from .learning import (
    Network,
    accuracy,
    ksvd,
    load_digit_dictionaries,
    load_digit_network,
    lobcod_dictionary_learning,
    mlcsc_learning,
    online_dictionary_learning,
    slice_dictionary_learning,
    train_cnn,
)
from .local import aggregate, counts, patches, stripes
from .localglobal import lobcod, local_ista, slice_admm
from .low_coherence import low_coherence_dictionary
from .mnist import load_mnist
from .molecules import random_molecules, spaced_code
from .music import Note, constant_q, note_code, note_scores, note_template, pick_notes, transcribe
from .norms import l0, l0_inf_patch, l0_inf_stripe, l2_inf_patch, stripe_coherence
from .pursuits import (
    Pursuit,
    basis_pursuit,
    basis_pursuit_equality,
    duality_gap,
    fista,
    ista,
    lam_max,
    objective,
    omp,
    thresholding,
)
from .resonance import (
    exact_mmse,
    map_threshold,
    mmse_shrinkage,
    oracle_estimate,
    resonance_shrinkage,
    stochastic_resonance,
)
from .shrinkage import hard, soft, soft_nonnegative
from .signals import (
    add_noise,
    contrast_normalize,
    grey,
    image_names,
    load_digits,
    load_image,
    load_notes,
    natural32,
    noise,
    random_code,
    random_dictionary,
    split_frequencies,
    synthesize_notes,
)
from .sounds import load_waveform, pitch_of, play_notes

__version__ = "0.1.0"
