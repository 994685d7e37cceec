"""One meaning a symbol, one direction, no riddles: what the text of the chapters and pages may not say."""

import ast
import json
import re
from pathlib import Path

import pytest

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
PAGES = sorted(
    path
    for path in CHAPTERS.rglob("*")
    if path.suffix in (".ipynb", ".md") and ".ipynb_checkpoints" not in path.parts
)

STRIPE_COUNT = r"\\(?:\||Vert)[^$\n]{0,40}?\\(?:\||Vert)\^\{?s\}?_\{0,\s?\\infty\}"
NUMBER = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|hundred|\d+|\$?k\$?)"
WHOLE = r"(?:stripe|layer|patch|needle|slice|atom|step|filter|signal|sample|pixel|octave|image)"
FORBIDDEN = {
    "λ is the weight of an l1 norm; a sparsity bound is k_i": (
        STRIPE_COUNT + r"\s*(?:\\leq?|<|=)\s*\\lambda"
        r"|\\mathbf\{D[CL]P\}(?:\^[^_\s]+)?_\{?\\(?:boldsymbol\\|boldsymbol\{\\)?lambda"
        r"|\bbounds? \$\\lambda|\\lambda_\w\$ (?:non-zeros|(?:for|as) (?:an? |the |these )?(?:\w+ )?bounds?)"
    ),
    "λ is the weight of an l1 norm; an eigenvalue is eig": (
        r"\\lambda_(?:\{?\\(?:max|min)\}?|\{?\\(?:text|mathrm|rm)\{?(?:max|min)\}*)\s*(?:\\[bB]igg?l?)?\("
        r"|eigenvalues? \$\\lambda|\\lambda\$ (?:is|be) an eigenvalue|\\lambda\s*\\mathbf v\b"
    ),
    "μ is a coherence; a step size is t": (
        r"steps?(?: sizes?| lengths?)?(?: of| is|,)? \$\\mu|\\mu(?:_\w+)?\$ is (?:the|a) step"
        r"|[-+]\s*\\mu(?:_\w+)?\s*\\(?:nabla|mathbf D\^T|mathbf D_\w\^T|mathbf G)|\\mathcal S_\{[^}]*\\mu"
    ),
    "μ is a coherence; the plate's weight is η": r"\\t?frac\{?\\mu\}?\{?2|\\mu\s*\(?\\nabla",
    "the c of a formula is ISTA's constant; channels are C": r"\$c\$ channels?\b",
    "a level is a noise level, a sparsity bound or the uniqueness bound": (
        r"(?<!noise )(?<!grey )(?<!error-)\blevels?\b"
    ),
    "a layer is before or after another, the first or the deepest": (
        r"\b(?:layers?|codes?|atoms?|signals?|dictionar(?:y|ies)) (?:above|below)\b"
        r"|\b(?:above|below) (?:it|them|the (?:first|last|deepest) (?:layer|code))\b"
        r"|\b(?:go(?:es|ing)?|walk(?:s|ing)?|pass(?:es|ing)?) (?:up|down)\b"
        r"|\b(?:up|down) (?:to|through|into) (?:a|the|all|every) (?:\w+ )?layers?\b"
        r"|\b(?:upper|lower|top|bottom|topmost|lowest|highest) (?:layers?|codes?)\b"
        r"|\blayers? (?:up|down)\b(?! to)"
    ),
    "so many per stripe, not a stripe": (
        rf"\b{NUMBER} (?:[\w-]+ )?an? {WHOLE}\b|\bonce an? {WHOLE}\b"
        rf"|\bnon-zeros an? {WHOLE}(?! (?:of|may|can|has|holds))"
    ),
    "literal verbs": r"\b(?:fears?|dares?|hears?|heard|conspir\w+|spiteful|loud\w*|whisper\w*"
    r"|remembers?|pile[sd]?|idle)\b",
}
# (page, words around the place): why it may stay
EXCEPTIONS = {
    ("02_the_deep_coding_problem.ipynb", "write $\\lambda_i$ for the bounds"): "says what others write",
    ("01_atoms_to_molecules.ipynb", "The talk writes $\\lambda_i$ for"): "says what others write",
    ("notation.md", "write $\\lambda_i$ for these bounds"): "says what others write",
    ("01_convolutional_model.ipynb", "below them their sum"): "the panels of a figure",
    ("command_line.md", "with the notes below it"): "a picture",
}
FENCE = re.compile(r"\s*(`{3,})(.*)")


def messages(source):
    """What the claims of a code cell say, which the page of claims prints."""
    asserts = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
    return [node.msg.value for node in asserts if isinstance(node.msg, ast.Constant)]


def markdown(path):
    """The running text of a page; of a notebook also captions, alternative texts and what its claims say."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    for cell in cells:
        shown = cell["metadata"].get("mystnb", {})
        texts += [shown.get("figure", {}).get("caption", ""), shown.get("image", {}).get("alt", "")]
        if cell["cell_type"] == "code":
            texts += messages("".join(cell["source"]))
    return "\n\n".join(texts)


def without_code(text):
    """A text without its listings and code in the line; directives such as ``{prf:theorem}`` stay."""
    open_fences, kept = [], []  # of each open fence: its ticks, and whether it holds code
    for line in text.splitlines():
        fence = FENCE.fullmatch(line)
        if fence and open_fences and not fence[2].strip() and len(fence[1]) >= open_fences[-1][0]:
            open_fences.pop()
        elif fence:
            open_fences.append((len(fence[1]), not fence[2].startswith("{")))
        elif not any(code for _, code in open_fences):
            kept.append(re.sub(r"(?<!\})`[^`]+`", "`code`", line))
    return "\n".join(kept)


def violations(name, text):
    """Every forbidden place of a text, with the words around it."""
    text = without_code(text)
    for rule, pattern in FORBIDDEN.items():
        for found in re.finditer(pattern, text):
            around = text[max(0, found.start() - 90) : found.end() + 60].replace("\n", " ")
            if not any(page == name and words in around for page, words in EXCEPTIONS):
                yield f"{rule}: …{around}…"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(CHAPTERS).as_posix())
def test_symbols_and_words_keep_to_their_meaning(path):
    assert list(violations(path.name, markdown(path))) == []


def test_what_a_claim_says_is_read_as_well():
    assert messages('x = 1\nassert x < 2, "the loudest patch"\nassert x\nassert x, f"{x}"') == [
        "the loudest patch"
    ]


@pytest.mark.parametrize(
    "planted",
    [
        r"with $\|\boldsymbol\Gamma_i\|^s_{0,\infty} \le \lambda_i$ for all $i$",
        r"with $\Vert\mathbf\Gamma_i\Vert^{s}_{0,\infty}<\lambda_i$",
        r"the problem $(\mathbf{DCP}_{\boldsymbol\lambda})$",
        r"the constant $c\ge\lambda_{\max}(\mathbf D^T\mathbf D)$",
        r"every eigenvalue $\lambda$ of $\mathbf W$",
        r"a gradient step of size $t$, that is, a step $\mu$",
        r"$\boldsymbol\gamma - \mu\mathbf D^T(\mathbf D\boldsymbol\gamma-\mathbf y)$",
        r"$\tfrac\mu2\|\nabla^T\nabla\mathbf l\|_2^2$",
        "an image of $c$ channels",
        "the number is under the level of the theorem",
        "the codes of the layer above it",
        "the pursuit goes down through all layers",
        "the deepest layer, below the first layer",
        "two non-zeros a stripe are allowed",
        "seven a stripe, and the threshold is subtracted once a layer",
        "the theorem fears the loudest patch",
        "\n```{prf:theorem} Stable\nno code hears more than two atoms a patch\n```\n",
        "\n```{note}\nNo code.\n```\nthe loudest patch\n```{note}\nNo code.\n```\n",
    ],
)
def test_a_planted_violation_is_found(planted):
    assert list(violations("page.md", f"A sentence before it, {planted}, and one after it.")) != []


@pytest.mark.parametrize(
    "allowed",
    [
        r"the weight $\lambda_i$ of layer $i$, at most $\lambda_{\max}=\|\mathbf D^T\mathbf y\|_\infty$",
        r"$k<\tfrac12(1+1/\mu)$, and $|\mathbf d_j^T\mathbf Y|\ge|\Gamma_{\min}|-(k-1)\mu|\Gamma_{\max}|$",
        "two non-zeros per stripe, at a local noise level of 0.1; no entry above the bound is lost",
        "each of the layers before the deepest one; `level` is a name\n```python\nloud = level\n```\n",
    ],
)
def test_what_is_allowed_is_not_found(allowed):
    assert list(violations("page.md", allowed)) == []


@pytest.mark.parametrize(("page", "words"), EXCEPTIONS, ids=str)
def test_every_exception_is_needed(page, words, monkeypatch):
    (text,) = [markdown(path) for path in PAGES if path.name == page and words in markdown(path)]
    monkeypatch.delitem(EXCEPTIONS, (page, words))
    assert any(words in fault for fault in violations(page, text))


def exercise_titles(text):
    """What follows ``{exercise}`` on the first line of every exercise of a text."""
    return re.findall(r"^`{3,}\{exercise(?:-start)?\}(.*)$", text, re.M)


TITLE = re.compile(r" ★{1,3} [A-Z][^★]*[^★.:\s]")


@pytest.mark.parametrize(
    "path",
    [path for path in PAGES if path.suffix == ".ipynb"],
    ids=lambda path: path.relative_to(CHAPTERS).as_posix(),
)
def test_an_exercise_is_titled_by_its_stars_and_its_name(path):
    titles = exercise_titles(markdown(path))
    assert len(titles) >= 5, "at least five exercises per chapter"
    assert [title for title in titles if not TITLE.fullmatch(title)] == []
    stars = {title.count("★") for title in titles}
    assert {1, 2, 3} <= stars, "an easy one, one in between and one that goes beyond"
    assert any("Write it yourself: " in title for title in titles)


@pytest.mark.parametrize(
    "title", [" A title (★★)", " A title", " ★★", " ★★★★ A title", " ★ a title", " ★A title"]
)
def test_other_titles_are_refused(title):
    assert exercise_titles(f"Text.\n\n```{{exercise}}{title}\n```") == [title]
    assert not TITLE.fullmatch(title)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(CHAPTERS).as_posix())
def test_a_proof_begins_with_a_sentence(path):
    """The numbers of a list that follows the word *Proof* at once are lost on the page."""
    assert re.findall(r"\{prf:proof\}[^\n]*\n(?::[^\n]*\n)*\s*(?:\d+\.|[-*]) .*", markdown(path)) == []
